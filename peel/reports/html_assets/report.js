"use strict";
/* The report's one script. Texts reach the page only through textContent: nothing in them can become markup. */
(() => {
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

  /* --- data --- */
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

  /* --- state --- */
  let index, part, chosen = 0, rows = [], page = 0, tablePage = 0, held = new Map(), cursor = { row: 0, column: 0 };
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
    const kept = held.size < index.executions ? ` To stay small, this file holds the texts of ${held.size.toLocaleString("en")} of ${plural(index.executions, "execution")}, the weakest first.` : "";
    byId("found").textContent = `${rows.length.toLocaleString("en")} of ${plural(part.cases.length, "case")}, ${plural(rows.reduce((sum, f) => sum + f.planned, 0), "execution")} stored.${kept}`;
    drawMap();
    drawTable();
  }

  function weaker(a, b) {
    const x = a.each[chosen]?.mean ?? NaN, y = b.each[chosen]?.mean ?? NaN;
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return (x - y) || (b.errored - a.errored) || (a.c - b.c);
  }

  /* --- heat map --- */
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

  /* --- table --- */
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

  /* --- one execution --- */
  const dialog = byId("execution");
  const open = (number) => { location.hash = `execution-${number}`; };

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
  const usage = (used) => (used ? ` · ${used[0] ?? "unknown"} tokens in, ${used[1] ?? "unknown"} out · cost ${used[2] === null ? "unknown" : "$" + used[2].toPrecision(3)}` : "");

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

  /* --- start --- */
  async function start() {
    if (!("DecompressionStream" in window)) throw new Error("This browser is too old for the list of cases: it has no DecompressionStream. Everything above is complete without it.");
    index = await json("index");
    (await json("held")).forEach((numbers, place) => numbers.forEach((number) => held.set(number, place)));
    index.parts.forEach((facts, place) => { option(filter.part, String(place), `${facts.scenario} · ${facts.variant}${facts.held ? "" : " (left out)"}`); filter.part.lastChild.disabled = !facts.held; });
    STATES.forEach(([name, words]) => option(filter.state, name, words));
    const left = index.parts.filter((facts) => !facts.held);
    if (left.length) { byId("problem").hidden = false; byId("problem").textContent = `To keep this file small, the cases of ${left.map((facts) => `${facts.scenario} · ${facts.variant}`).slice(0, 10).join(", ")}${left.length > 10 ? ` and ${left.length - 10} more` : ""} are left out here; the JSON and CSV reports have them.`; }
    const first = index.parts.findIndex((facts) => facts.held);
    if (first < 0) return;
    byId("explorer").hidden = false;
    await choosePart(first);
    filter.part.addEventListener("change", () => choosePart(Number(filter.part.value)));
    for (const name of ["evaluator", "state", "tag", "order"]) filter[name].addEventListener("change", select);
    filter.search.addEventListener("input", select);
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMap);
    window.addEventListener("hashchange", fromAddress);
    await fromAddress();
    document.documentElement.dataset.ready = "yes";
  }
  start().catch((error) => { byId("problem").hidden = false; byId("problem").textContent = `The cases cannot be shown: ${error.message}`; });
})();
