/* The heat map: a row is a case, a cell a repetition. */
let colours;
function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(["bg", "ink", "soft", "line", "high", "pale", "low", "low-pale"].map((name) => [name, style.getPropertyValue("--" + name).trim()]));
}

/* What one cell shows: a code above 1000, or thousandths; -1 errored. */
const state = (i) => (!(part.flags[i] & 1) ? -1 : part.values.length ? part.values[chosen][i] : MISSING);

function paint(context, x, y, size, value, threshold) {
  const inner = size - 1;
  context.lineWidth = 1.3;
  const line = (...points) => { context.beginPath(); points.forEach(([a, b], k) => (k % 2 ? context.lineTo(a, b) : context.moveTo(a, b))); context.stroke(); };
  if (value === -1) {
    context.strokeStyle = colours.ink;
    context.strokeRect(x + 0.7, y + 0.7, inner - 1.4, inner - 1.4);
    line([x + 2, y + 2], [x + inner - 2, y + inner - 2], [x + inner - 2, y + 2], [x + 2, y + inner - 2]);
  } else if (value === PENDING) {
    context.strokeStyle = colours.soft;
    context.beginPath(); context.arc(x + inner / 2, y + inner / 2, Math.max(2, inner / 2 - 2), 0, 7); context.stroke();
  } else if (value === UNSCORED) {
    context.strokeStyle = colours.ink;
    context.strokeRect(x + 0.7, y + 0.7, inner - 1.4, inner - 1.4);
    line([x + 2, y + inner / 2], [x + inner - 2, y + inner / 2]);
  } else if (value === MISSING) {
    context.fillStyle = colours.soft;
    context.fillRect(x + inner / 2 - 1, y + inner / 2 - 1, 2, 2);
  } else if (value < threshold * 1000) {
    context.fillStyle = colours.low; context.fillRect(x, y, inner, inner);
    context.strokeStyle = colours.bg; line([x + 1, y + inner - 1], [x + inner - 1, y + 1]);
  } else {
    context.fillStyle = colours.pale; context.fillRect(x, y, inner, inner);
    const level = Math.round((inner * value) / 1000);
    context.fillStyle = colours.high; context.fillRect(x, y + inner - level, inner, level);
  }
}

function surface(canvas, width, height) {
  const scale = Math.min(3, window.devicePixelRatio || 1), context = canvas.getContext("2d");
  canvas.width = width * scale; canvas.height = height * scale;
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  context.scale(scale, scale);
  return context;
}

/* As large as the page's width allows beside the label and the words, never too small to tell the signs apart. */
const cellSize = (columns) => Math.max(9, Math.min(20, Math.floor((byId("map").clientWidth - 330) / columns)));

/* The rows of this page: a case with more repetitions than fit in a row takes several. */
function mapRows() {
  const made = [];
  for (const figures of rows.slice(page * ROWS_A_PAGE, (page + 1) * ROWS_A_PAGE)) {
    const from = part.first[figures.c], to = part.first[figures.c + 1];
    for (let at = from; at < Math.max(to, from + 1) && made.length < 4 * ROWS_A_PAGE; at += COLUMNS_A_ROW) made.push({ figures, from: at, to: Math.min(to, at + COLUMNS_A_ROW), continued: at > from });
  }
  return made;
}

let drawn = [];
function drawMap() {
  readColours();
  drawn = mapRows();
  const evaluator = part.facts.evaluators[chosen]?.id ?? "no evaluator";
  byId("map").setAttribute("aria-label", `Heat map of ${part.facts.scenario} · ${part.facts.variant}, ${evaluator}: a row is a case, a cell a repetition`);
  const size = cellSize(Math.max(1, ...drawn.map((row) => row.to - row.from)));
  byId("map").replaceChildren(...drawn.map((row, r) => mapRow(row, r, size)));
  pages(byId("map-pages"), page, Math.ceil(rows.length / ROWS_A_PAGE), (next) => { page = next; cursor = { row: 0, column: 0 }; drawMap(); });
  byId("cell").textContent = rows.length ? "" : "No case fits the filter.";
  legend();
}

function mapRow(row, r, size) {
  const element = make("div", null, size < 14 ? "row tight" : "row"), one = row.figures.each[chosen], name = part.cases[row.figures.c].id;
  const label = make("span", row.continued ? `… from ${part.repetition[row.from]}` : name, "label");
  label.title = name;
  const said = saying(row.figures, one), canvas = make("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${name}: ${said} below ${part.facts.threshold}`);
  canvas.tabIndex = r === 0 ? 0 : -1;
  canvas.dataset.row = r;
  row.canvas = canvas; row.size = size;
  drawRow(row, -1);
  element.append(label, canvas, make("span", row.continued ? "" : said, "say"));
  return element;
}

function saying(figures, one) {
  const errored = figures.errored ? ` · ${figures.errored} errored` : "";
  if (!one || !one.scored) return "no score" + errored;
  return `${one.word === "always" ? "● always" : one.word === "sometimes" ? "◐ sometimes" : "○ never"} ${one.below}/${one.scored}${errored}`;
}

function drawRow(row, column) {
  const context = surface(row.canvas, Math.max(1, row.to - row.from) * row.size + 1, row.size + 1);
  for (let i = row.from; i < row.to; i++) paint(context, (i - row.from) * row.size + 1, 1, row.size, state(i), part.facts.threshold);
  if (column >= 0) { context.strokeStyle = colours.ink; context.lineWidth = 2; context.strokeRect(column * row.size + 1, 1, row.size - 1, row.size - 1); }
}

function sayCell(row, column) {
  const i = row.from + column, value = state(i), name = part.cases[row.figures.c].id;
  const words = value === -1 ? "errored" : value === PENDING ? "pending, a person has not answered" : value === UNSCORED ? "unscored" : value === MISSING ? "no score" : fixed(value / 1000, 3) + (value < part.facts.threshold * 1000 ? `, below ${part.facts.threshold}` : "");
  byId("cell").textContent = `${name}, repetition ${part.repetition[i]}: ${words}`;
}

function moveTo(r, column, focus) {
  const old = drawn[cursor.row];
  if (old) { old.canvas.tabIndex = -1; drawRow(old, -1); }
  const row = drawn[r];
  cursor = { row: r, column: Math.max(0, Math.min(column, row.to - row.from - 1)) };
  row.canvas.tabIndex = 0;
  if (row.to > row.from) { drawRow(row, cursor.column); sayCell(row, cursor.column); }
  if (focus) row.canvas.focus({ preventScroll: false });
}

const columnAt = (row, event) => Math.floor((event.offsetX - 1) / row.size);
byId("map").addEventListener("click", (event) => {
  const row = drawn[event.target.dataset?.row];
  if (!row || row.to === row.from) return;
  moveTo(Number(event.target.dataset.row), columnAt(row, event), true);
  open(part.number[row.from + cursor.column]);
});
byId("map").addEventListener("mousemove", (event) => {
  const row = drawn[event.target.dataset?.row], column = row ? columnAt(row, event) : -1;
  if (row && column >= 0 && column < row.to - row.from) sayCell(row, column);
});
byId("map").addEventListener("focusin", (event) => {
  const r = Number(event.target.dataset?.row);
  if (drawn[r]) moveTo(r, r === cursor.row ? cursor.column : 0, false);
});
byId("map").addEventListener("keydown", (event) => {
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e6], End: [0, 1e6], PageUp: [-10, 0], PageDown: [10, 0] };
  const move = moves[event.key];
  if (move) {
    event.preventDefault();
    moveTo(Math.max(0, Math.min(drawn.length - 1, cursor.row + move[0])), cursor.column + move[1], true);
  } else if (event.key === "Enter" || event.key === " ") {
    const row = drawn[cursor.row];
    event.preventDefault();
    if (row && row.to > row.from) open(part.number[row.from + cursor.column]);
  }
});

function legend() {
  const t = part.facts.threshold, samples = [[Math.max(0, t * 1000 - 1), `below ${t}`], [Math.round(t * 1000), `${t}`], [Math.round(500 * (1 + t)), "fuller is better"], [1000, "1"], [-1, "errored"], [UNSCORED, "unscored"], [PENDING, "pending"], [MISSING, "no score"]];
  byId("legend").replaceChildren(...samples.map(([value, words]) => {
    const item = make("span"), canvas = make("canvas");
    paint(surface(canvas, 16, 16), 1, 1, 15, value, t);
    canvas.setAttribute("aria-hidden", "true");
    item.append(canvas, words);
    return item;
  }));
}

