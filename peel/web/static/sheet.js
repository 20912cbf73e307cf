// A table that is moved through and edited like a sheet. It shows a model and tells what a person does; it changes nothing.
"use strict";
window.makeSheet = (holder, { editable, told }) => {
  const ROWS = 500;
  let model = { columns: [], rows: [] }, marks = { needed: () => false, edited: () => false, row: () => "", wrongRow: () => "", wrongCell: () => "" };
  let at = { row: 0, column: 0 }, from = { row: 0, column: 0 }, first = 0, editor = null;
  const table = document.createElement("table"), pager = document.createElement("div");
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", "Cases");
  table.setAttribute("aria-multiselectable", "true");
  if (!editable) table.setAttribute("aria-readonly", "true");
  pager.className = "pager";
  holder.append(table, pager);

  const height = () => model.rows.length + (editable ? 1 : 0);
  const cellOf = (row, column) => table.querySelector(`td[data-row="${row}"][data-column="${column}"]`);
  const textAt = (row, column) => (model.rows[row] ? model.rows[row].cells[column] : "");
  const kindOf = (header) => (header === "id" || header === "tags" ? "own" : header.startsWith("expected.") ? "expected" : "input");

  function make(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function head() {
    const row = make("tr"), corner = make("th", "", "Case");
    corner.scope = "col";
    row.append(corner, ...model.columns.map((column) => {
      const cell = make("th", "", column.header), kind = kindOf(column.header);
      cell.scope = "col";
      const said = kind === "own" ? (column.header === "id" ? "its name" : "to select by") : kind === "expected" ? "expected output" : "case input";
      cell.append(make("span", "kind", column.required ? `${said}, needed` : said));
      return cell;
    }));
    const holder_ = make("thead");
    holder_.append(row);
    return holder_;
  }

  function line(number) {
    const row = make("tr", number >= model.rows.length ? "blank" : marks.row(number)), wrong = marks.wrongRow(number);
    const name = make("th", wrong ? "wrong" : "", number >= model.rows.length ? "new" : `${wrong ? "! " : ""}${number + 1}`);
    name.scope = "row";
    if (wrong) name.title = wrong;
    row.dataset.row = number;
    row.append(name, ...model.columns.map((column, place) => cell(number, place)));
    return row;
  }

  function cell(row, column) {
    const text = textAt(row, column), made = make("td"), inner = make("div", "shown", text);
    made.dataset.row = row;
    made.dataset.column = column;
    made.tabIndex = -1;
    if (kindOf(model.columns[column].header) === "own") made.classList.add("own");
    if (text.length > 60) made.classList.add("long");
    if (row < model.rows.length) {
      if (marks.edited(row, column)) made.classList.add("edited");
      const wrong = marks.wrongCell(row, column);
      if (wrong) { made.classList.add("wrong"); made.title = wrong; }
      if (marks.needed(row, column)) inner.replaceChildren(make("span", "needed", "needed"));
    }
    made.append(inner);
    return made;
  }

  function draw() {
    stop(false);
    first = Math.min(first, Math.max(0, Math.floor((height() - 1) / ROWS) * ROWS));
    const body = make("tbody"), end = Math.min(first + ROWS, height());
    for (let row = first; row < end; row += 1) body.append(line(row));
    const scroll = holder.scrollTop, had = table.contains(document.activeElement);
    table.replaceChildren(head(), body);
    table.setAttribute("aria-rowcount", String(height() + 1));
    holder.scrollTop = scroll;
    drawPager(end);
    move(at.row, at.column, { keep: true, focus: had });
  }

  function drawPager(end) {
    pager.hidden = height() <= ROWS;
    if (pager.hidden) return;
    const turn = (by) => { first += by * ROWS; at = { row: first, column: at.column }; from = { ...at }; draw(); };
    const back = make("button", "", "Earlier cases"), on = make("button", "", "Further cases");
    back.disabled = first === 0;
    on.disabled = end >= height();
    back.onclick = () => turn(-1);
    on.onclick = () => turn(1);
    back.type = on.type = "button";
    pager.replaceChildren(back, make("span", "", `cases ${first + 1} to ${Math.min(end, model.rows.length)} of ${model.rows.length}`), on);
  }

  // The selection.
  function bounds() {
    return {
      top: Math.min(at.row, from.row), bottom: Math.max(at.row, from.row),
      left: Math.min(at.column, from.column), right: Math.max(at.column, from.column),
    };
  }

  function move(row, column, { select = false, keep = false, focus = true } = {}) {
    at = { row: Math.max(0, Math.min(row, height() - 1)), column: Math.max(0, Math.min(column, model.columns.length - 1)) };
    if (!select && !keep) from = { ...at };
    from = { row: Math.max(0, Math.min(from.row, height() - 1)), column: Math.max(0, Math.min(from.column, model.columns.length - 1)) };
    if (at.row < first || at.row >= first + ROWS) { first = Math.floor(at.row / ROWS) * ROWS; draw(); }
    for (const one of table.querySelectorAll('td[tabindex="0"],td.selected')) {
      one.tabIndex = -1;
      one.classList.remove("selected");
      one.removeAttribute("aria-selected");
    }
    const { top, bottom, left, right } = bounds();
    if (top !== bottom || left !== right) for (const one of table.querySelectorAll("td")) {
      const r = Number(one.dataset.row), c = Number(one.dataset.column);
      if (r >= top && r <= bottom && c >= left && c <= right) { one.classList.add("selected"); one.setAttribute("aria-selected", "true"); }
    }
    const now = cellOf(at.row, at.column);
    if (!now) return;
    now.tabIndex = 0;
    if (focus) { now.focus({ preventScroll: true }); now.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  }

  // Editing one cell.
  function edit(text) {
    if (!editable || editor) return;
    const { row, column } = at, place = cellOf(row, column);
    const area = document.createElement("textarea");
    area.value = text === undefined ? textAt(row, column) : text;
    area.setAttribute("aria-label", `${model.columns[column].header} of case ${row + 1}`);
    editor = { area, row, column, before: textAt(row, column) };
    // While it is open, the cell is no second place to press inside of.
    place.removeAttribute("tabindex");
    place.append(area);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
    area.addEventListener("blur", () => stop(true));
  }

  function stop(keep) {
    if (!editor) return;
    const { area, row, column, before } = editor;
    editor = null;
    const text = area.value;
    area.parentElement.tabIndex = 0;
    area.remove();
    if (keep && text !== before) told.cells([{ row, column, text }]);
  }

  function inEditor(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") { stop(false); move(at.row, at.column); }
    else if (event.key === "Enter" && event.altKey) editor.area.setRangeText("\n", editor.area.selectionStart, editor.area.selectionEnd, "end");
    else if (event.key === "Enter") { stop(true); move(at.row + (event.shiftKey ? -1 : 1), at.column); }
    else if (event.key === "Tab") { stop(true); move(at.row, at.column + (event.shiftKey ? -1 : 1)); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-12, 0], PageDown: [12, 0] };

  function onKey(event) {
    if (editor) return inEditor(event);
    const control = event.ctrlKey || event.metaKey, select = event.shiftKey;
    if (STEPS[event.key]) {
      const [down, right] = STEPS[event.key];
      const far = control ? height() + model.columns.length : 1;
      move(at.row + down * far, at.column + right * far, { select });
    } else if (event.key === "Home") move(control ? 0 : at.row, 0, { select });
    else if (event.key === "End") move(control ? height() - 1 : at.row, model.columns.length - 1, { select });
    else if (control && event.key === "a") { from = { row: 0, column: 0 }; move(model.rows.length - 1, model.columns.length - 1, { select: true }); }
    else if (editable && (event.key === "Delete" || event.key === "Backspace")) clear();
    else if (editable && (event.key === "Enter" || event.key === "F2")) edit();
    else if (editable && event.key.length === 1 && !control && !event.altKey) edit(event.key);
    else return undefined;
    event.preventDefault();
    return undefined;
  }

  function selected() {
    const { top, bottom, left, right } = bounds(), rows = [];
    for (let row = top; row <= Math.min(bottom, model.rows.length - 1); row += 1) rows.push(model.rows[row].cells.slice(left, right + 1));
    return rows;
  }

  function clear() {
    const { top, bottom, left, right } = bounds(), cells = [];
    for (let row = top; row <= Math.min(bottom, model.rows.length - 1); row += 1) for (let column = left; column <= right; column += 1) {
      if (textAt(row, column) !== "") cells.push({ row, column, text: "" });
    }
    if (cells.length) told.cells(cells);
  }

  table.addEventListener("keydown", onKey);
  // A screen reader puts the focus on a cell by itself.
  table.addEventListener("focusin", ({ target }) => {
    const row = Number(target.dataset.row), column = Number(target.dataset.column);
    if (target.tagName === "TD" && !editor && (row !== at.row || column !== at.column)) move(row, column, { focus: false });
  });
  table.addEventListener("mousedown", (event) => {
    const place = event.target.closest("td");
    if (!place || event.target.tagName === "TEXTAREA") return;
    event.preventDefault();
    stop(true);
    move(Number(place.dataset.row), Number(place.dataset.column), { select: event.shiftKey });
  });
  table.addEventListener("mouseover", (event) => {
    const place = event.target.closest("td");
    if (place && event.buttons === 1 && !editor) move(Number(place.dataset.row), Number(place.dataset.column), { select: true });
  });
  table.addEventListener("dblclick", (event) => { if (event.target.closest("td")) edit(); });
  table.addEventListener("copy", (event) => {
    if (editor) return;
    event.clipboardData.setData("text/plain", window.sheetText.copied(selected()));
    event.preventDefault();
  });
  table.addEventListener("cut", (event) => {
    if (editor || !editable) return;
    event.clipboardData.setData("text/plain", window.sheetText.copied(selected()));
    event.preventDefault();
    clear();
  });
  table.addEventListener("paste", (event) => {
    if (editor || !editable) return;
    event.preventDefault();
    const { top, left } = bounds();
    told.paste(window.sheetText.pasted(event.clipboardData.getData("text/plain")), { row: top, column: left });
  });

  return {
    show(newModel, newMarks) { model = newModel; marks = newMarks; draw(); },
    select(row, column, options) { move(row, column, options); },
    stop() { stop(true); },
    edit,
    bounds,
    get at() { return at; },
  };
};
