/* One execution in its dialog: steps, prompts, passages, outputs, scores. */
const dialog = byId("execution");
const open = (number) => { location.hash = `execution-${number}`; };
const held = new Map();
const loadTexts = async () => (await json("held")).forEach((numbers, place) => numbers.forEach((number) => held.set(number, place)));
const textsLeftOut = () => (held.size < index.executions ? ` To stay small, this file holds the texts of ${held.size.toLocaleString("en")} of ${plural(index.executions, "execution")}, the weakest first.` : "");
const loadLibrary = async () => document.head.append(make("script", new TextDecoder().decode(await bytes("chart-library"))));

async function fromAddress() {
  const found = /^#execution-(\d+)$/.exec(location.hash);
  if (!found) { if (dialog.open) dialog.close(); return; }
  const number = Number(found[1]);
  const place = await find(number);
  if (place) await show(place.part, place.i);
}

async function find(number) {
  for (const facts of [part.facts, ...index.parts.filter((one) => one.held && one !== part.facts)]) {
    const one = await loadPart(facts), i = one.number.indexOf(number);
    if (i >= 0) return { part: one, i };
  }
  return null;
}

const opened = new Map();
async function block(place) {
  if (!opened.has(place)) {
    if (opened.size > 8) opened.delete(opened.keys().next().value);
    opened.set(place, await json(`block-${place}`));
  }
  return opened.get(place);
}

async function show(one, i) {
  const c = one.case[i], repetition = one.repetition[i], number = one.number[i], facts = one.facts, id = one.cases[c].id;
  byId("x-title").textContent = `${id}#${repetition}`;
  const body = [facts.scenario + " · " + facts.variant + (one.cases[c].tags.length ? " · " + one.cases[c].tags.join(", ") : "")].map((words) => make("p", words, "facts"));
  const status = make("p", one.flags[i] & 1 ? "✓ completed" : "✗ errored", one.flags[i] & 1 ? "" : "bad");
  MARKS.forEach(([, words], bit) => { if (one.flags[i] & (2 << bit)) status.append(" ", make("span", words, "mark")); });
  body.push(status);
  const details = held.has(number) ? await block(held.get(number)) : null;
  if (details) body.push(...detailed(details, details.executions.find((made) => made.number === number)));
  else body.push(...plain(one, i, id, repetition));
  byId("x-body").replaceChildren(...body);
  buttons(one, i, c);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function plain(one, i, id, repetition) {
  const list = make("table", null, "scores"), body = make("tbody");
  one.facts.evaluators.forEach((evaluator, k) => {
    const value = one.values[k][i], words = value <= 1000 ? fixed(value / 1000, 3) : value === PENDING ? "pending" : value === UNSCORED ? "unscored" : "no score";
    const row = make("tr"), name = make("th", evaluator.id);
    name.scope = "row"; row.append(name, make("td", words)); body.append(row);
  });
  list.append(body);
  const note = make("p", "To stay small, this report holds the texts of the weakest executions only. The whole of this one: ");
  const quoted = (words) => (/^[\w.-]+(#\d+)?$/.test(words) ? words : `'${words.replaceAll("'", "'\\''")}'`);
  const several = (key) => new Set(index.parts.map((facts) => facts[key])).size > 1;
  const which = ["scenario", "variant"].filter(several).map((key) => ` --${key} ${quoted(one.facts[key])}`).join("");
  note.append(make("code", `peel show ${index.run} ${quoted(`${id}#${repetition}`)}${which}`));
  return [list, note];
}

function buttons(one, i, c) {
  const button = (words, to, label) => {
    const made = make("button", words);
    made.type = "button"; made.setAttribute("aria-label", label); made.disabled = to === null;
    made.addEventListener("click", () => open(one.number[to]));
    return made;
  };
  const close = make("button", "Close (Esc)");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  byId("x-buttons").replaceChildren(
    button("‹ repetition", i > one.first[c] ? i - 1 : null, "previous repetition"),
    button("repetition ›", i + 1 < one.first[c + 1] ? i + 1 : null, "next repetition"), close);
}
dialog.addEventListener("close", () => { if (location.hash.startsWith("#execution-")) history.replaceState(null, "", "#cases"); });
dialog.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: 0, ArrowRight: 1 }[event.key];
  if (way !== undefined) { const target = byId("x-buttons").children[way]; if (!target.disabled) target.click(); }
});

function detailed(details, made) {
  const text = (stored) => (typeof stored === "number" ? details.texts[stored] : stored);
  const parts = [make("p", `${seconds(made.latency)}${usage(made.usage)}`, "facts")];
  if (made.fault !== null) parts.push(make("p", text(made.fault), "fault"));
  parts.push(make("h3", "Scores"), scoreTable(made.scores, text));
  const given = details.cases[made.case];
  if (given) for (const [title, values] of [["Inputs of the case", given.inputs], ["Expected", given.expected]]) if (values.length) parts.push(folded(title, values.map(([name, value]) => titled(name, text(value))), true));
  parts.push(make("h3", "Steps"), ...made.steps.map((step, place) => stepOf(step, place, text)));
  return parts;
}

const seconds = (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`);
const usage = (used) => (used ? ` · ${used[0] ?? "unknown"} tokens in, ${used[1] ?? "unknown"} out · cost ${used[2] === null ? "unknown" : "$" + used[2].toLocaleString("en-US", { maximumSignificantDigits: 3 })}` : "");

function titled(title, words) {
  const both = make("div");
  both.append(make("div", title, "role"), textBox(words));
  return both;
}
function textBox(words) {
  const box = make("div", words, "text");
  box.dir = "auto";
  return box;
}
function folded(title, content, isOpen, small) {
  const element = make("details", null, "step"), top = make("summary", title);
  if (small) top.append(make("span", small, "small"));
  element.open = isOpen;
  element.append(top, ...content.flat());
  return element;
}

function scoreTable(scores, text) {
  if (!scores.length) return make("p", "No score was made.");
  const table = make("table", null, "scores"), body = make("tbody");
  for (const score of scores) {
    const row = make("tr"), name = make("th", score.evaluator), reason = make("td", text(score.reason), "reason");
    name.scope = "row";
    if (score.rater) name.append(make("span", `by ${score.rater}`, "small"));
    if (score.details !== undefined) reason.append(folded("details", [textBox(text(score.details))], false));
    row.append(name, make("td", score.value === null ? score.status : fixed(score.value, 3), "n"), reason);
    body.append(row);
  }
  table.append(body);
  const wide = make("div", null, "wide");
  wide.append(table);
  return wide;
}

function stepOf(step, place, text) {
  const content = [];
  (step.attempts || []).forEach((attempt) => content.push(make("p", `failed attempt: ${text(attempt)}`, "mark")));
  const asked = (step.messages || []).map(([role, words]) => titled(role, text(words)));
  if (step.parameters) asked.push(titled("parameters", step.parameters));
  if (step.request !== undefined) asked.push(titled("request", text(step.request)));
  if (asked.length) content.push(...asked);
  if (step.fault !== undefined) content.push(make("p", text(step.fault), "fault"));
  (step.passages || []).forEach((passage, k) => content.push(passageOf(passage, k, text)));
  if (step.output !== undefined) content.push(titled("output", text(step.output)));
  (step.marks || []).forEach((mark) => content.push(make("p", (MARKS.find(([name]) => name === mark) || [mark, mark])[1], "mark")));
  if (step.details !== undefined) content.push(folded("details", [textBox(text(step.details))], false));
  return folded(`${place + 1} ${step.id}`, content, true, [step.model, seconds(step.latency)].filter(Boolean).join(" · ") + usage(step.usage));
}

function passageOf([document, section, page, similarity, words], k, text) {
  const source = [document, section, page ? `p. ${page}` : ""].filter(Boolean).join(" · ");
  return titled(`passage ${k + 1}: ${source}${similarity ? ` · similarity ${similarity}` : ""}`, text(words));
}

