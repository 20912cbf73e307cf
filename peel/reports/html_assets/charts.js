/* The charts, drawn by the library (Apache ECharts) as SVG when they come into view. Colours are the style sheet's
   variables, so that the dark page and the printed one need no second drawing. What differs differs in shape or
   pattern too, not in colour alone. */
const paper = (name) => `var(--${name})`;
const LINE = { lineStyle: { color: paper("soft") } };
const TEXT = { color: paper("soft"), fontSize: 11 };
const percent = (value) => `${(100 * value).toFixed(0)} %`;

const valueAxis = (more) => ({
  type: "value", min: 0, max: 1, axisLine: { show: true, ...LINE }, axisTick: { show: true, ...LINE }, axisLabel: TEXT,
  splitLine: { lineStyle: { color: paper("line") } }, ...more,
});
const categoryAxis = (data, more) => ({
  type: "category", data, axisLine: LINE, axisTick: { ...LINE, alignWithLabel: true }, axisLabel: { ...TEXT, hideOverlap: true }, ...more,
});
const tip = (trigger, formatter) => ({
  trigger, formatter, renderMode: "richText", confine: true, backgroundColor: paper("bg"), borderColor: paper("soft"),
  textStyle: { color: paper("ink"), fontSize: 12 }, axisPointer: { type: "line", lineStyle: { color: paper("soft") }, animation: false }, transitionDuration: 0,
});
const base = (more) => ({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, aria: { enabled: true, label: { enabled: false }, decal: { show: false } }, ...more });
const line = (at, type, name, position) => ({ ...at, lineStyle: { color: paper("low"), type, width: 1.4 }, label: { show: Boolean(name), formatter: name, position, color: paper("soft"), fontSize: 11 } });

/* An interval with its ends marked, upright or lying; with a rim, so that it is seen on any ground. */
function whisker(ends, across) {
  const [[x1, y1], [x2, y2]] = ends, [dx, dy] = across;
  const line = (a, b, c, d, style) => ({ type: "line", shape: { x1: a, y1: b, x2: c, y2: d }, style, silent: true });
  const all = (style) => [line(x1, y1, x2, y2, style), line(x1 - dx, y1 - dy, x1 + dx, y1 + dy, style), line(x2 - dx, y2 - dy, x2 + dx, y2 + dy, style)];
  return { type: "group", children: [...all({ stroke: paper("bg"), lineWidth: 3.6 }), ...all({ stroke: paper("ink"), lineWidth: 1.4 })] };
}
const known = (...values) => values.every((value) => Number.isFinite(value));
function upright(params, api) {
  const [i, low, high] = [api.value(0), api.value(1), api.value(2)];
  return known(low, high) ? whisker([api.coord([i, low]), api.coord([i, high])], [4, 0]) : undefined;
}
function under(params, api) {
  const [i, low, high] = [api.value(0), api.value(1), api.value(2)], below = ([x, y]) => [x, y + 17];
  return known(low, high) ? whisker([below(api.coord([low, i])), below(api.coord([high, i]))], [0, 3]) : undefined;
}

/* A mean with its interval for each run. The last point is this run. */
function trendOption({ runs, bar }) {
  const last = runs.length - 1;
  const points = runs.map((run, i) => ({
    value: run.value, symbol: i === last ? "diamond" : "circle", symbolSize: i === last ? 14 : 9,
    itemStyle: { color: paper(run.same ? "high" : "bg"), borderColor: paper(i === last ? "ink" : "high"), borderWidth: 1.8 },
  }));
  const marks = bar ? [line({ yAxis: bar[0] }, "dashed", bar[1], bar[0] > 0.5 ? "insideStartBottom" : "insideStartTop")] : [];
  return base({
    grid: { left: 34, right: 16, top: 12, bottom: 24 },
    xAxis: categoryAxis(runs.map((run) => run.label)), yAxis: valueAxis({ interval: 0.25 }),
    tooltip: tip("axis", (items) => runs[items[0].dataIndex].said.filter(Boolean).join("\n")),
    series: [
      { type: "custom", renderItem: upright, data: runs.map((run, i) => [i, run.low ?? NaN, run.high ?? NaN]), encode: { x: 0, y: [1, 2] }, z: 2, silent: true },
      { type: "line", data: points, z: 3, lineStyle: { color: paper("high"), width: 1.2 }, emphasis: { disabled: true }, markLine: { silent: true, symbol: "none", data: marks } },
    ],
  });
}

/* How many executions (or what `noun` calls them) scored what; those below the threshold are hatched. */
function distributionOption({ counts, threshold, noun = "execution" }) {
  const width = 1 / counts.length, low = { color: paper("low"), decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.8, color: paper("bg") } };
  const bars = counts.map((count, i) => ({ value: [(i + 0.5) * width, count || null], itemStyle: (i + 0.5) * width < threshold ? low : { color: paper("high") } }));
  const range = (i) => `${(i * width).toFixed(2)} to ${i === counts.length - 1 ? "" : "under "}${((i + 1) * width).toFixed(2)}`;
  return base({
    grid: { left: 44, right: 12, top: 16, bottom: 24 },
    xAxis: valueAxis({ interval: 0.25, splitLine: { show: false } }),
    yAxis: valueAxis({ max: null, minInterval: 1, splitNumber: 3 }),
    tooltip: tip("item", ({ dataIndex }) => `${range(dataIndex)}: ${plural(counts[dataIndex], noun)}`),
    series: [{ type: "bar", data: bars, barWidth: "92%", emphasis: { disabled: true }, markLine: { silent: true, symbol: "none", data: [line({ xAxis: threshold }, "dashed", `${threshold}`, "end")] } }],
  });
}

/* Shares that make up a whole, a bar for each row, with the interval of the first share. */
function sharesOption({ names, rows }) {
  const tones = ["high", "pale", "low"], decals = [{ symbol: "none" }, { symbol: "circle", symbolSize: 0.5, color: paper("high"), dashArrayX: 8, dashArrayY: 8 }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.8, color: paper("bg") }];
  const told = (share) => ({ show: share >= 0.12, formatter: percent(share), color: paper("ink"), backgroundColor: paper("bg"), padding: [1, 4], borderRadius: 3, fontSize: 11 });
  return base({
    grid: { left: 8, right: 16, top: 30, bottom: 24, containLabel: true },
    legend: { data: names, top: 0, left: 0, itemGap: 16, selectedMode: false, itemWidth: 22, textStyle: { color: paper("ink"), fontSize: 12 }, inactiveColor: paper("soft") },
    xAxis: valueAxis({ axisLabel: { ...TEXT, formatter: percent } }),
    yAxis: categoryAxis(rows.map((row) => row.name), { inverse: true, axisLabel: { color: paper("ink"), fontSize: 12, width: 120, overflow: "truncate" } }),
    tooltip: tip("item", ({ dataIndex, seriesName }) => `${rows[dataIndex].name}\n${seriesName}: ${percent(rows[dataIndex].shares[names.indexOf(seriesName)])}`),
    series: [...names.map((name, k) => ({
      name, type: "bar", stack: "all", barWidth: 22, emphasis: { disabled: true }, itemStyle: { color: paper(tones[k]), decal: decals[k], borderColor: paper("ink"), borderWidth: 1 },
      data: rows.map((row) => ({ value: row.shares[k], label: told(row.shares[k] ?? 0) })),
    })), { type: "custom", renderItem: under, data: rows.map((row, i) => [i, row.ends[0] ?? NaN, row.ends[1] ?? NaN]), encode: { x: [1, 2], y: 0 }, z: 5, silent: true, tooltip: { show: false } }],
  });
}

const OPTIONS = { trend: trendOption, distribution: distributionOption, shares: sharesOption };
const HEIGHTS = { trend: () => 190, distribution: () => 150, shares: (spec) => 66 + 44 * spec.rows.length };

const drawCharts = async () => drawSpecs(await json("charts"), document);

async function drawSpecs(specs, root) {
  if (!specs.length) return;
  await loadLibrary();
  const drawn = new Map(), plots = root.querySelectorAll(".plot");
  const draw = (element) => {
    if (drawn.has(element)) return;
    const spec = specs[element.dataset.chart], chart = peelCharts.init(element, null, { renderer: "svg", height: HEIGHTS[spec.kind](spec) });
    chart.setOption(OPTIONS[spec.kind](spec));
    drawn.set(element, chart);
  };
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => drawn.get(target)?.resize()));
  const seen = new IntersectionObserver((entries) => entries.forEach((one) => { if (one.isIntersecting) { draw(one.target); seen.unobserve(one.target); } }), { rootMargin: "300px" });
  plots.forEach((element) => {
    element.style.height = `${HEIGHTS[specs[element.dataset.chart].kind](specs[element.dataset.chart])}px`;
    element.hidden = false;
    seen.observe(element);
    resized.observe(element);
  });
  window.addEventListener("beforeprint", () => plots.forEach((element) => { draw(element); drawn.get(element).resize(); }));
}

