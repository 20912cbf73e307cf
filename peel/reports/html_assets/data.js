/* What every part of the page's script uses, and the packed data. Texts reach the page only through textContent:
   nothing in them can become markup. */
const UNSCORED = 65533, PENDING = 65534, MISSING = 65535;
const MARKS = [["empty", "empty completion"], ["truncated", "cut off by the token limit"], ["refused", "refusal"], ["fallback", "came by a fallback"]];
const COLUMNS_A_ROW = 100, ROWS_A_PAGE = 100, TABLE_ROWS = 25;
const byId = (id) => document.getElementById(id);
const make = (name, text, className) => {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const fixed = (value, digits = 2) => (value === null || Number.isNaN(value) ? "–" : value.toFixed(digits));
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

async function bytes(id) {
  const raw = atob(byId(id).textContent);
  const compressed = Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
const json = async (id) => JSON.parse(new TextDecoder().decode(await bytes(id)));

function summed(buffer, offset, count) {
  const values = new Int32Array(buffer, offset, count);
  for (let i = 1; i < count; i++) values[i] += values[i - 1];
  return values;
}

async function loadPart(facts) {
  if (facts.loaded) return facts.loaded;
  const n = facts.executions, cases = await loadCases(facts.cases), buffer = await bytes(`part-${facts.at}`);
  const part = { facts, n, cases, case: summed(buffer, 0, n), repetition: summed(buffer, 4 * n, n), number: summed(buffer, 8 * n, n) };
  part.values = facts.evaluators.map((_, k) => new Uint16Array(buffer, 12 * n + 2 * n * k, n));
  part.flags = new Uint8Array(buffer, 12 * n + 2 * n * facts.evaluators.length, n);
  part.first = new Int32Array(cases.length + 1);
  for (let i = 0; i < n; i++) part.first[part.case[i] + 1]++;
  for (let c = 0; c < cases.length; c++) part.first[c + 1] += part.first[c];
  part.figures = cases.map((_, c) => caseFigures(part, c));
  facts.loaded = part;
  return part;
}

const lists = new Map();
async function loadCases(place) {
  if (!lists.has(place)) lists.set(place, (await json(`cases-${place}`)).map(([id, tags]) => ({ id, tags, words: [id, ...tags].join("\n").toLowerCase() })));
  return lists.get(place);
}

/* What there is to say of one case: for each evaluator its mean and counts, and what went wrong. */
function caseFigures(part, c) {
  const from = part.first[c], to = part.first[c + 1], threshold = part.facts.threshold * 1000;
  const figures = { c, planned: to - from, errored: 0, marked: 0, each: [], weakness: 0 };
  for (let i = from; i < to; i++) {
    if (!(part.flags[i] & 1)) figures.errored++;
    if (part.flags[i] & 30) figures.marked++;
  }
  let total = 0, known = 0;
  for (const values of part.values) {
    const one = { scored: 0, below: 0, unscored: 0, pending: 0, mean: NaN };
    let sum = 0;
    for (let i = from; i < to; i++) {
      const value = values[i];
      if (value <= 1000) { one.scored++; sum += value; if (value < threshold) one.below++; }
      else if (value === UNSCORED) one.unscored++;
      else if (value === PENDING) one.pending++;
    }
    if (one.scored) { one.mean = sum / one.scored / 1000; total += one.mean; known++; }
    one.word = !one.scored ? "no score" : one.below === one.scored ? "always" : one.below ? "sometimes" : "never";
    figures.each.push(one);
  }
  figures.mean = known ? total / known : NaN;
  return figures;
}

