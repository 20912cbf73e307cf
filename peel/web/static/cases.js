// The cases of a scenario: what was done to the table since it was read, undone, redone, checked and saved.
"use strict";
(() => {
  const holder = document.getElementById("sheet");
  if (!holder) return;
  const byId = (id) => document.getElementById(id);
  const editable = holder.dataset.editable === "yes", url = holder.dataset.url;
  const state = byId("state"), MOST = 200;
  let base = JSON.parse(byId("table").textContent), problems = base.problems;
  let now = fresh(base), past = [], future = [], timer = 0, asked = 0, isSaving = false;

  // What is shown: columns and rows that are never changed in place, so that a step back is only another reference.
  function fresh(table) {
    return {
      columns: table.headers.map((header, was) => ({ header, was })),
      rows: table.rows.map((cells, was) => ({ was, cells })),
    };
  }

  function change() {
    const same = now.columns.length === base.headers.length && now.columns.every((one, place) => one.was === place && one.header === base.headers[place]);
    const left = new Set(now.rows.map((row) => row.was)), changed = [], added = [];
    let after = -1;
    for (const row of now.rows) {
      if (row.was === null) { added.push({ after, cells: row.cells }); continue; }
      after = row.was;
      const cells = editedCells(row);
      if (Object.keys(cells).length) changed.push({ row: row.was, cells });
    }
    const removed = base.rows.map((_, row) => row).filter((row) => !left.has(row));
    return { columns: same ? null : now.columns, changed, removed, added: added.filter((one) => one.cells.some((cell) => cell !== "")) };
  }

  function before(row, place) {
    const was = now.columns[place].was;
    return was === null ? "" : base.rows[row.was][was];
  }

  function editedCells(row) {
    const cells = {};
    row.cells.forEach((cell, place) => { if (cell !== before(row, place)) cells[place] = cell; });
    return cells;
  }

  const count = ({ columns, changed, removed, added }) => changed.length + removed.length + added.length + (columns ? 1 : 0);

  function draw() {
    const needed = new Set(base.required);
    const wrong = (row, column) => problems.find((one) => one.row === row && (column === undefined || one.column === column));
    // What the server said is of the rows as they were sent; a row that is new since has no place in it.
    const marks = {
      needed: (row, column) => needed.has(now.columns[column].header) && now.rows[row].cells[column] === "",
      edited: (row, column) => now.rows[row].was !== null && now.rows[row].cells[column] !== before(now.rows[row], column),
      row: (row) => (now.rows[row].was === null ? "new" : Object.keys(editedCells(now.rows[row])).length ? "edited" : ""),
      wrongRow: (row) => (wrong(row) || {}).message || "",
      wrongCell: (row, column) => (wrong(row, column) || {}).message || "",
    };
    sheet.show({ columns: now.columns.map((one) => ({ ...one, required: needed.has(one.header) })), rows: now.rows }, marks);
    if (!editable) return drawProblems();
    const made = change(), many = count(made);
    byId("save").disabled = many === 0 || isSaving;
    byId("undo").disabled = past.length === 0;
    byId("redo").disabled = future.length === 0;
    state.textContent = many ? `${many} ${many === 1 ? "change" : "changes"} not saved` : "";
    return drawProblems();
  }

  function drawProblems() {
    const place = byId("problems"), missing = base.required.filter((name) => !now.columns.some((one) => one.header === name));
    place.classList.toggle("good", problems.length + missing.length === 0);
    place.querySelector(".sum").textContent = problems.length + missing.length ? "To be mended before this can run:" : `Nothing is wrong with these ${now.rows.length} cases.`;
    const items = problems.map((one) => {
      const where = document.createElement(one.row === null ? "span" : "button");
      where.className = one.row === null ? "place" : "quiet go";
      where.textContent = one.row === null ? (one.file ? `${one.file}${one.line ? `:${one.line}` : ""}` : "") : `case ${one.row + 1}`;
      if (one.row !== null) { where.type = "button"; where.onclick = () => sheet.select(one.row, one.column || 0); }
      return item(where, one.message);
    });
    place.querySelector(".problems").replaceChildren(...missing.map((name) => item(adder(name), `The column “${name}” is needed by the steps or evaluators of this scenario.`)), ...items);
  }

  function adder(name) {
    const button = document.createElement(editable ? "button" : "span");
    button.textContent = editable ? "Add it" : "";
    button.className = "quiet";
    if (editable) { button.type = "button"; button.onclick = () => addColumn(name); }
    return button;
  }

  function item(where, message) {
    const line = document.createElement("li"), said = document.createElement("span");
    said.textContent = message;
    line.append(where, said);
    return line;
  }

  // Every change is a step that can be taken back.
  function step(next, { row, column } = {}) {
    past = [...past.slice(-MOST), now];
    future = [];
    now = next;
    draw();
    if (row !== undefined) sheet.select(row, column);
    later();
  }

  function goBack(to, other) {
    if (!to.length) return;
    sheet.stop();
    other.push(now);
    now = to.pop();
    draw();
    later();
  }

  const blank = () => ({ was: null, cells: now.columns.map(() => "") });

  function withCells(rows, cells) {
    const made = [...rows], copies = new Set();
    for (const { row, column, text } of cells) {
      while (made.length <= row) made.push(blank());
      if (!copies.has(row)) { made[row] = { ...made[row], cells: [...made[row].cells] }; copies.add(row); }
      made[row].cells[column] = text;
    }
    return made;
  }

  // Pasted rows: by their header where they have one, else from the cell that was chosen.
  function paste(rows, place) {
    if (!rows.length) return;
    const header = headerOf(rows[0]);
    if (header) {
      byHeader(header, rows.slice(1), place.row);
      return;
    }
    const room = now.columns.length - place.column, width = Math.max(...rows.map((row) => row.length));
    if (width > room) {
      window.peel.say(`The pasted rows have ${width} cells, but there ${room === 1 ? "is 1 column" : `are ${room} columns`} from here on. Nothing was pasted: choose a cell further left, add columns, or copy the header too.`);
      return;
    }
    const cells = rows.flatMap((row, down) => row.map((text, right) => ({ row: place.row + down, column: place.column + right, text })));
    step({ ...now, rows: withCells(now.rows, cells) }, place);
    window.peel.say(`${rows.length} ${rows.length === 1 ? "row" : "rows"} pasted.`);
  }

  function headerOf(row) {
    const names = row.map((cell) => cell.trim()), known = names.filter((name) => now.columns.some((one) => one.header === name));
    return names.every(Boolean) && new Set(names).size === names.length && known.length * 2 >= names.length ? names : null;
  }

  function byHeader(header, rows, top) {
    const columns = [...now.columns];
    for (const name of header) if (!columns.some((one) => one.header === name)) columns.push({ header: name, was: null });
    const places = header.map((name) => columns.findIndex((one) => one.header === name));
    const wider = now.rows.map((row) => ({ ...row, cells: [...row.cells, ...columns.slice(row.cells.length).map(() => "")] }));
    const id = columns.findIndex((one) => one.header === "id"), idAt = header.indexOf("id");
    const known = new Map(wider.map((row, place) => [id < 0 ? "" : row.cells[id], place]));
    let end = wider.length, updated = 0;
    const cells = rows.flatMap((row) => {
      const same = idAt >= 0 && row[idAt] ? known.get(row[idAt].trim()) : undefined;
      const place = same === undefined ? end : same;
      if (same === undefined) end += 1; else updated += 1;
      return places.map((column, from) => ({ row: place, column, text: row[from] || "" }));
    });
    const empty = () => ({ was: null, cells: columns.map(() => "") });
    while (wider.length < end) wider.push(empty());
    const first = wider.length - (rows.length - updated);
    step({ columns, rows: withCells(wider, cells) }, { row: updated === rows.length ? top : first, column: 0 });
    const added = rows.length - updated;
    const both = [added ? `${added} added` : "", updated ? `${updated} changed, whose id was there` : ""].filter(Boolean);
    window.peel.say(`${rows.length} ${rows.length === 1 ? "case" : "cases"}: ${both.join(", ")}.`);
  }

  // Columns.
  function addColumn(name) {
    const wrong = wrongName(name, null);
    if (wrong) { window.peel.say(wrong); return; }
    step({ columns: [...now.columns, { header: name.trim(), was: null }], rows: now.rows.map((row) => ({ ...row, cells: [...row.cells, ""] })) }, { row: 0, column: now.columns.length });
  }

  function wrongName(name, except) {
    if (!name.trim()) return "A column needs a name.";
    return now.columns.some((one, place) => place !== except && one.header === name.trim()) ? `There is a column “${name.trim()}” already.` : "";
  }

  function ask(title, text, name) {
    const dialog = byId("ask");
    byId("ask-title").textContent = title;
    byId("ask-text").textContent = text;
    byId("ask-field").hidden = name === undefined;
    byId("ask-name").required = name !== undefined;
    byId("ask-name").value = name || "";
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((done) => {
      dialog.addEventListener("close", () => done(dialog.returnValue === "yes" ? byId("ask-name").value || true : null), { once: true });
    });
  }

  const actions = {
    async "add-column"() {
      const name = await ask("Add column", "A case input is named as templates use it; an expected output begins with “expected.”, such as expected.answer.", "");
      if (name) addColumn(name);
    },
    async "rename-column"() {
      const place = sheet.at.column;
      const name = await ask("Rename column", `The column “${now.columns[place].header}” gets another name.`, now.columns[place].header);
      if (!name) return;
      const wrong = wrongName(name, place);
      if (wrong) { window.peel.say(wrong); return; }
      step({ ...now, columns: now.columns.map((one, other) => (other === place ? { ...one, header: name.trim() } : one)) });
    },
    async "remove-column"() {
      const place = sheet.at.column;
      if (now.columns.length < 2) { window.peel.say("The last column stays."); return; }
      if (!(await ask("Remove column", `The column “${now.columns[place].header}” goes, with all its cells. It can be undone until it is saved.`))) return;
      const without = (list) => list.filter((_, other) => other !== place);
      step({ columns: without(now.columns), rows: now.rows.map((row) => ({ ...row, cells: without(row.cells) })) });
    },
    add() {
      step({ ...now, rows: [...now.rows, blank()] }, { row: now.rows.length, column: 0 });
      sheet.edit();
    },
    remove() {
      const { top, bottom } = sheet.bounds(), many = Math.min(bottom, now.rows.length - 1) - top + 1;
      if (many < 1) return;
      step({ ...now, rows: now.rows.filter((_, row) => row < top || row > bottom) }, { row: top, column: sheet.at.column });
      window.peel.say(`${many} ${many === 1 ? "case" : "cases"} removed. Undo brings them back.`);
    },
    number() {
      const id = now.columns.findIndex((one) => one.header === "id");
      if (id < 0) { window.peel.say("There is no column id: cases are named by their place. Add the column first."); return; }
      const taken = new Set(now.rows.map((row) => row.cells[id]));
      let next = 1;
      const cells = now.rows.flatMap((row, place) => {
        if (row.cells[id] !== "" || row.cells.every((cell) => cell === "")) return [];
        while (taken.has(`case-${next}`)) next += 1;
        taken.add(`case-${next}`);
        return [{ row: place, column: id, text: `case-${next}` }];
      });
      if (cells.length) step({ ...now, rows: withCells(now.rows, cells) });
    },
    undo() { goBack(past, future); },
    redo() { goBack(future, past); },
    save,
    async "take-back"() {
      if (count(change()) && !(await ask("Take the last save back", "What you have not saved is lost by this."))) return;
      await send(`${url}/undo`, { seen: base.seen }, "The last save was taken back.");
    },
  };

  // The server.
  async function post(address, fields) {
    const body = new URLSearchParams(fields);
    const answer = await fetch(address, { method: "POST", body, headers: { "x-csrf-token": document.body.dataset.csrf, "hx-request": "true" } });
    if ((answer.headers.get("content-type") || "").includes("json")) {
      const found = await answer.json();
      return { status: answer.status, said: found.detail, ...found };
    }
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".told");
    return { status: answer.status, said: told ? told.textContent : "The server could not do this." };
  }

  function later() {
    clearTimeout(timer);
    if (editable) timer = setTimeout(check, 500);
  }

  async function check() {
    const number = (asked += 1);
    try {
      const answer = await post(`${url}/attempt`, { change: JSON.stringify(change()), seen: base.seen });
      if (number !== asked) return;
      if (answer.conflict) { conflicted(answer); return; }
      if (answer.said) { window.peel.say(answer.said); return; }
      problems = answer.problems.map((one) => ({ row: null, column: null, ...one, row: answer.rows ? shownRow(one.row) : null }));
      if (document.activeElement && document.activeElement.tagName === "TEXTAREA") drawProblems();
      else draw();
    } catch {
      state.textContent = "The server cannot be reached";
    }
  }

  // New rows without any text are not sent: rows below them stand further up in what the server saw.
  function shownRow(row) {
    if (row === null) return null;
    const sent = now.rows.map((one, place) => ({ one, place })).filter(({ one }) => (one.was === null ? one.cells.some((cell) => cell !== "") : true));
    return sent[row] ? sent[row].place : null;
  }

  async function save() {
    sheet.stop();
    if (!count(change()) || isSaving) return;
    await send(url, { change: JSON.stringify(change()), seen: base.seen }, "Saved: the file in the workspace holds this now.");
  }

  async function send(address, fields, said) {
    isSaving = true;
    clearTimeout(timer);
    asked += 1;
    try {
      const answer = await post(address, fields);
      if (answer.conflict) { conflicted(answer); return; }
      if (answer.said) { window.peel.say(answer.said); return; }
      if (answer.status !== 200) { problems = answer.problems.map((one) => ({ row: null, column: null, ...one })); window.peel.say("Nothing was saved."); return; }
      adopt(answer);
      byId("conflict").hidden = true;
      window.peel.say(said);
    } catch {
      window.peel.say("The server cannot be reached; nothing was saved.");
    } finally {
      isSaving = false;
      draw();
    }
  }

  function adopt(table) {
    base = table;
    problems = table.problems;
    now = fresh(table);
    past = [];
    future = [];
    byId("take-back").hidden = !table.undo;
  }

  // The file is another than this table was read from: both are shown, and nothing is written by itself.
  function conflicted({ table: theirs }) {
    const place = byId("conflict"), title = document.createElement("h2"), text = document.createElement("p");
    title.textContent = "The file was changed meanwhile; nothing was saved";
    place.hidden = false;
    const merged = onTop(theirs);
    text.textContent = `On disk: ${theirs.rows.length} cases. Here: ${now.rows.length} cases, ${count(change())} changes not saved. ${merged.both.length ? "Changed on both sides:" : "No cell was changed on both sides."}`;
    const keep = document.createElement("button"), drop = document.createElement("button"), buttons = document.createElement("p");
    keep.type = drop.type = "button";
    keep.textContent = "Put my changes on the file as it is now";
    drop.textContent = "Take the file as it is, without my changes";
    keep.onclick = () => { const next = onTop(theirs).next; adopt(theirs); place.hidden = true; step(next); };
    drop.onclick = () => { adopt(theirs); place.hidden = true; draw(); };
    buttons.className = "actions";
    buttons.append(keep, drop);
    place.replaceChildren(title, text, ...(merged.both.length ? [bothSides(merged.both)] : []), buttons);
    place.scrollIntoView({ block: "nearest" });
  }

  // My changes on another table: rows are found by their id, or by what they held.
  function onTop(theirs) {
    const columns = theirs.headers.map((header, was) => ({ header, was })), both = [];
    for (const one of now.columns) if (!columns.some((other) => other.header === one.header)) columns.push({ header: one.header, was: null });
    const place = (header) => columns.findIndex((one) => one.header === header);
    const rows = theirs.rows.map((cells, was) => ({ was, cells: [...cells, ...columns.slice(cells.length).map(() => "")] }));
    const id = place("id"), baseId = base.headers.indexOf("id");
    const find = (cells) => rows.findIndex((row) => (id >= 0 && baseId >= 0 ? row.cells[id] === cells[baseId] : base.headers.every((header, at) => row.cells[place(header)] === cells[at])));
    const mine = change(), gone = new Set();
    for (const one of mine.removed) { const at = find(base.rows[one]); if (at >= 0) gone.add(at); }
    for (const { row, cells } of mine.changed) {
      const at = find(base.rows[row]);
      for (const [column, text] of Object.entries(cells)) {
        const { header, was } = now.columns[column], to = place(header), old = was === null ? "" : base.rows[row][was];
        if (at < 0) continue;
        if (rows[at].cells[to] !== old && rows[at].cells[to] !== text) both.push({ name: id >= 0 ? rows[at].cells[id] : `case ${at + 1}`, header, theirs: rows[at].cells[to], yours: text });
        rows[at].cells[to] = text;
      }
      if (at < 0) both.push({ name: `case ${row + 1}`, header: "the whole case", theirs: "removed", yours: "changed; it is not put back" });
    }
    const kept = rows.filter((_, at) => !gone.has(at));
    for (const { cells } of mine.added) {
      const made = columns.map(() => "");
      cells.forEach((text, at) => { made[place(now.columns[at].header)] = text; });
      kept.push({ was: null, cells: made });
    }
    return { next: { columns, rows: kept }, both };
  }

  function bothSides(both) {
    const table = document.createElement("table");
    for (const cells of [["Case", "Column", "On disk", "Yours"], ...both.slice(0, 50).map((one) => [one.name, one.header, one.theirs, one.yours])]) {
      const row = table.insertRow();
      for (const text of cells) row.insertCell().textContent = text;
    }
    return table;
  }

  const sheet = window.makeSheet(holder, {
    editable,
    told: {
      cells(cells) { step({ ...now, rows: withCells(now.rows, cells) }); },
      paste,
    },
  });
  for (const [id, action] of Object.entries(actions)) if (byId(id)) byId(id).addEventListener("click", action);
  if (byId("file")) byId("file").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const rows = window.sheetText.imported(await file.text());
    event.target.value = "";
    if (!rows.length) { window.peel.say("The file holds no rows."); return; }
    const names = rows[0].map((cell) => cell.trim());
    if (names.some((name) => !name) || new Set(names).size < names.length) { window.peel.say("The first row of the file must name its columns, each once, such as id,email,expected.answer."); return; }
    byHeader(names, rows.slice(1), 0);
  });
  document.addEventListener("keydown", (event) => {
    if (!editable || !(event.ctrlKey || event.metaKey)) return;
    const isTyping = /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName), key = event.key.toLowerCase();
    if (key === "s") { event.preventDefault(); save(); }
    else if (!isTyping && key === "z" && !event.shiftKey) { event.preventDefault(); actions.undo(); }
    else if (!isTyping && (key === "y" || (key === "z" && event.shiftKey))) { event.preventDefault(); actions.redo(); }
  });
  window.addEventListener("beforeunload", (event) => { if (editable && count(change())) event.preventDefault(); });
  draw();
  sheet.select(0, 0, { focus: false });
})();
