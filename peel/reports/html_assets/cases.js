/* The cases: what there is to say of each, the filters, and the table of the weakest. */
let index, part, chosen = 0, rows = [], page = 0, tablePage = 0, cursor = { row: 0, column: 0 };
const filter = { part: byId("f-part"), evaluator: byId("f-evaluator"), state: byId("f-state"), tag: byId("f-tag"), search: byId("f-search"), order: byId("f-order") };
const STATES = [
  ["all", "all", () => true],
  ["always", "always below", (f) => f.each[chosen]?.word === "always"],
  ["sometimes", "sometimes below", (f) => f.each[chosen]?.word === "sometimes"],
  ["never", "never below", (f) => f.each[chosen]?.word === "never"],
  ["errored", "with errors", (f) => f.errored > 0],
  ["pending", "with pending scores", (f) => f.each.some((one) => one.pending)],
  ["unscored", "with unscored", (f) => f.each.some((one) => one.unscored)],
  ["marked", "with marks", (f) => f.marked > 0],
];
const option = (select, value, text) => { const made = make("option", text); made.value = value; select.append(made); };

async function choosePart(place) {
  const facts = index.parts[place];
  if (!facts.held) return;
  part = await loadPart(facts);
  filter.part.value = String(place);
  const before = filter.evaluator.value;
  filter.evaluator.replaceChildren();
  facts.evaluators.forEach((one, k) => option(filter.evaluator, String(k), one.on ? `${one.id} (on ${one.on})` : one.id));
  chosen = Math.min(Number(before) || 0, Math.max(0, facts.evaluators.length - 1));
  filter.evaluator.value = String(chosen);
  const tag = filter.tag.value, tags = [...new Set(part.cases.flatMap((one) => one.tags))].sort();
  filter.tag.replaceChildren();
  option(filter.tag, "", "any");
  tags.slice(0, 500).forEach((one) => option(filter.tag, "=" + one, one));
  filter.tag.value = tags.includes(tag.slice(1)) ? tag : "";
  const below = `below ${facts.threshold}`;
  filter.state.querySelectorAll("option").forEach((one) => { one.textContent = STATES.find(([name]) => name === one.value)[1].replace("below", below); });
  select();
}

function select() {
  const wanted = filter.search.value.trim().toLowerCase(), tag = filter.tag.value.slice(1), tagged = filter.tag.value !== "";
  const test = STATES.find(([name]) => name === filter.state.value)[2];
  chosen = Number(filter.evaluator.value) || 0;
  const fits = (f) => test(f) && (!tagged || part.cases[f.c].tags.includes(tag)) && (!wanted || part.cases[f.c].words.includes(wanted));
  rows = part.figures.filter(fits);
  if (filter.order.value === "weak") rows.sort(weaker);
  page = 0; tablePage = 0; cursor = { row: 0, column: 0 };
  byId("found").textContent = `${rows.length.toLocaleString("en")} of ${plural(part.cases.length, "case")}, ${plural(rows.reduce((sum, f) => sum + f.planned, 0), "execution")} stored.${textsLeftOut()}`;
  drawMap();
  drawTable();
}

function weaker(a, b) {
  const x = a.each[chosen]?.mean ?? NaN, y = b.each[chosen]?.mean ?? NaN;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return (x - y) || (b.errored - a.errored) || (a.c - b.c);
}

function drawTable() {
  const head = make("tr"), body = make("tbody"), top = make("thead");
  ["case", "tags", ...part.facts.evaluators.map((one) => one.id), "errored"].forEach((words, k) => { const cell = make("th", words, k > 1 ? "n" : ""); cell.scope = "col"; head.append(cell); });
  top.append(head);
  for (const figures of rows.slice(tablePage * TABLE_ROWS, (tablePage + 1) * TABLE_ROWS)) body.append(tableRow(figures));
  byId("weakest").replaceChildren(top, body);
  pages(byId("table-pages"), tablePage, Math.ceil(rows.length / TABLE_ROWS), (next) => { tablePage = next; drawTable(); });
}

function tableRow(figures) {
  const row = make("tr"), name = make("th"), button = make("button", part.cases[figures.c].id), tags = make("td");
  name.scope = "row"; button.type = "button";
  button.addEventListener("click", () => { const i = weakestOf(figures); if (i >= 0) open(part.number[i]); });
  name.append(button);
  part.cases[figures.c].tags.forEach((tag) => tags.append(make("span", tag, "tag")));
  row.append(name, tags);
  for (const one of figures.each) {
    const cell = make("td", one.scored ? fixed(one.mean) : "–", "n");
    const waiting = [one.unscored ? `${one.unscored} unscored` : "", one.pending ? `${one.pending} pending` : ""].filter(Boolean).join(", ");
    cell.append(make("span", one.scored ? `${one.word} below (${one.below}/${one.scored})` : waiting || "no score", "small"));
    row.append(cell);
  }
  row.append(make("td", figures.errored ? `${figures.errored} of ${figures.planned}` : "0", figures.errored ? "n some" : "n"));
  return row;
}

function weakestOf(figures) {
  let best = -1, least = Infinity;
  for (let i = part.first[figures.c]; i < part.first[figures.c + 1]; i++) {
    const value = state(i), rank = value > 1000 ? 2000 : value;
    if (rank < least) { least = rank; best = i; }
  }
  return best;
}

function pages(nav, at, count, go) {
  nav.replaceChildren();
  if (count <= 1) return;
  const button = (words, next) => { const made = make("button", words); made.type = "button"; made.disabled = next < 0 || next >= count; made.addEventListener("click", () => { go(next); nav.querySelector("button:not(:disabled)")?.focus(); }); return made; };
  nav.append(button("‹ previous", at - 1), make("span", `page ${at + 1} of ${count}`), button("next ›", at + 1));
}

