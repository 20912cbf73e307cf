// Cells as text: what spreadsheets put on the clipboard, CSV files, and what is put there for them.
"use strict";
window.sheetText = (() => {
  // The rows of a text whose cells are divided by `mark`; a cell that begins with a quote ends with its closing one.
  function parse(text, mark) {
    const rows = [];
    let row = [], cell = "", at = 0, isOpen = false;
    const endCell = () => { row.push(cell); cell = ""; };
    const endRow = () => { endCell(); rows.push(row); row = []; };
    while (at < text.length) {
      const one = text[at];
      if (isOpen) {
        if (one !== '"') cell += one;
        else if (text[at + 1] === '"') { cell += '"'; at += 1; }
        else isOpen = false;
      } else if (one === '"' && cell === "" && closes(text, at, mark)) isOpen = true;
      else if (one === mark) endCell();
      else if (one === "\n" || one === "\r") {
        if (one === "\r" && text[at + 1] === "\n") at += 1;
        endRow();
      } else cell += one;
      at += 1;
    }
    if (cell !== "" || row.length) endRow();
    return rows;
  }

  // Whether a quote at the beginning of a cell is closed before the cell ends: a lone quote is text.
  function closes(text, at, mark) {
    for (let next = at + 1; next < text.length; next += 1) {
      if (text[next] !== '"') continue;
      if (text[next + 1] === '"') next += 1;
      else return next + 1 >= text.length || [mark, "\n", "\r"].includes(text[next + 1]);
    }
    return false;
  }

  // The clipboard's rows: divided by tabs; by commas where that gives a table; else each line is one cell.
  function pasted(text) {
    if (text.includes("\t")) return parse(text, "\t");
    const rows = parse(text, ",");
    if (rows.length > 1 && rows[0].length > 1 && rows.every((row) => row.length === rows[0].length)) return rows;
    return parse(text, "\t");
  }

  // A file's rows: whatever divides its first line into the most columns.
  function imported(text) {
    const plain = text.replace(/^\ufeff/, "");
    const marks = [",", ";", "\t"].map((mark) => ({ mark, width: (parse(plain.slice(0, 20000), mark)[0] || []).length }));
    const best = marks.reduce((one, other) => (other.width > one.width ? other : one));
    return parse(plain, best.mark).filter((row) => row.some((cell) => cell !== "")).map((row) => row.map(unsafe));
  }

  // An exported cell has an apostrophe before what a spreadsheet would take for a formula: here it goes again.
  function unsafe(cell) {
    return /^'+[=+\-@\t\r\n＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
  }

  function copied(rows) {
    const quoted = (cell) => (/[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    return rows.map((row) => row.map(quoted).join("\t")).join("\n");
  }

  return { pasted, imported, copied };
})();
