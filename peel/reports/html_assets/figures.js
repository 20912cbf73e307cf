/* Charts in the parts of pages that arrive one by one: each part brings what its charts draw, as data beside them. */
const loadLibrary = (() => {
  let loading = null;
  return () => {
    loading ??= new Promise((done, failed) => {
      const element = make("script");
      element.src = document.querySelector("[data-library]").dataset.library;
      element.addEventListener("load", done);
      element.addEventListener("error", () => failed(new Error("the chart library cannot be loaded")));
      document.head.append(element);
    });
    return loading;
  };
})();

/* The interval of a point as a band to the next one; of a point without neighbours as a whisker. */
function band(points) {
  const has = (i) => i >= 0 && i < points.length && known(points[i].low ?? NaN, points[i].high ?? NaN);
  return (params, api) => {
    const i = api.value(0), one = points[i];
    if (!has(i)) return undefined;
    if (!has(i - 1) && !has(i + 1)) return whisker([api.coord([i, one.low]), api.coord([i, one.high])], [4, 0]);
    if (!has(i + 1)) return undefined;
    const next = points[i + 1];
    const corners = [api.coord([i, one.low]), api.coord([i, one.high]), api.coord([i + 1, next.high]), api.coord([i + 1, next.low])];
    return { type: "polygon", shape: { points: corners }, style: { fill: paper("pale"), stroke: paper("pale"), lineWidth: 0.6 }, silent: true };
  };
}

/* A mean for each period, above how many interactions and ratings it is made of. Gaps stay gaps. */
function periodsOption({ points }) {
  const labels = points.map((one) => one.label), few = points.length <= 40;
  const alone = (i) => points[i].value !== null && (points[i - 1]?.value ?? null) === null && (points[i + 1]?.value ?? null) === null;
  const said = (one) => [
    one.label,
    one.value === null ? "no rating" : `mean ${fixed(one.value)}${one.low === null ? "" : ` [${fixed(one.low)}, ${fixed(one.high)}]`}`,
    `${one.rated.toLocaleString("en")} of ${plural(one.interactions, "interaction")} rated`,
  ].join("\n");
  const axis = (more) => categoryAxis(labels, { boundaryGap: true, ...more });
  return base({
    grid: [{ left: 52, right: 14, top: 12, height: 158 }, { left: 52, right: 14, top: 190, height: 54 }],
    xAxis: [axis({ gridIndex: 0, axisLabel: { show: false } }), axis({ gridIndex: 1 })],
    yAxis: [valueAxis({ gridIndex: 0, interval: 0.25 }), valueAxis({ gridIndex: 1, max: null, minInterval: 1, splitNumber: 2 })],
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: tip("axis", (items) => said(points[items[0].dataIndex])),
    series: [
      { type: "custom", renderItem: band(points), data: points.map((one, i) => [i, one.low ?? NaN, one.high ?? NaN]), encode: { x: 0, y: [1, 2] }, z: 2, silent: true, clip: true },
      {
        type: "line", z: 3, connectNulls: false, emphasis: { disabled: true }, lineStyle: { color: paper("high"), width: 2 },
        data: points.map((one, i) => ({ value: one.value, symbol: few || alone(i) ? "circle" : "none", symbolSize: few ? 7 : 5, itemStyle: { color: paper("high"), borderColor: paper("bg"), borderWidth: 1 } })),
      },
      { type: "bar", xAxisIndex: 1, yAxisIndex: 1, z: 2, barGap: "-100%", barMaxWidth: 28, emphasis: { disabled: true }, data: points.map((one) => one.interactions || null), itemStyle: { color: paper("pale"), borderColor: paper("high"), borderWidth: few ? 1 : 0 } },
      { type: "bar", xAxisIndex: 1, yAxisIndex: 1, z: 3, barMaxWidth: 28, emphasis: { disabled: true }, data: points.map((one) => one.rated || null), itemStyle: { color: paper("high") } },
    ],
  });
}
OPTIONS.periods = periodsOption;
HEIGHTS.periods = () => 276;

function drawPart(part) {
  const specs = part.querySelector("script.specs");
  if (!specs) return;
  drawSpecs(JSON.parse(specs.textContent), part)
    .catch(() => part.querySelectorAll("details.numbers").forEach((numbers) => { numbers.open = true; }))
    .then(() => { part.dataset.charts = "ready"; });
}
document.addEventListener("htmx:afterSettle", (event) => drawPart(event.detail.elt));
