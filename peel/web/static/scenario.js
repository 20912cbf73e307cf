// One file in two views. The text is what counts: the form's changes are put into it by the server, which checks it too.
"use strict";
(() => {
  const form = document.getElementById("scenario");
  if (!form) return;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const text = document.getElementById("text"), numbers = document.getElementById("numbers");
  const state = document.getElementById("state"), view = document.getElementById("view-form");
  const editable = form.dataset.editable === "yes", known = read("known");
  const saved = text.value;
  let fields = read("fields"), problems = read("found"), pending = {}, timer = 0, asking = null, leaving = false;
  let isFormDrawn = false, ofText = saved;

  const isDirty = () => form.dataset.unsaved === "yes" || text.value !== saved || Object.keys(pending).length > 0;

  // The text: its line numbers, the lines that are wrong, and keys.
  function drawNumbers() {
    const wrong = new Map(problems.filter((one) => one.here).map((one) => [one.line, one.message]));
    const lines = text.value.split("\n").length;
    numbers.replaceChildren(...Array.from({ length: lines }, (_, place) => {
      const line = document.createElement("i");
      line.textContent = place + 1;
      if (wrong.has(place + 1)) {
        line.className = "wrong";
        line.title = wrong.get(place + 1);
      }
      return line;
    }));
    numbers.scrollTop = text.scrollTop;
  }

  function drawProblems(lead) {
    const place = document.getElementById("problems");
    place.classList.toggle("good", problems.length === 0);
    place.querySelector(".sum").textContent = lead || (problems.length ? "To be mended before it can run:" : "Nothing is wrong: this can run.");
    place.querySelector(".problems").replaceChildren(...problems.map((one) => {
      const item = document.createElement("li"), message = document.createElement("span");
      const where = document.createElement(one.here ? "button" : "span");
      where.className = one.here ? "quiet go" : "place";
      where.textContent = one.here ? `line ${one.line}` : one.file ? `${one.file}${one.line ? `:${one.line}` : ""}` : "";
      if (one.here) Object.assign(where, { type: "button" }).dataset.line = one.line;
      message.textContent = one.message;
      item.append(where, message);
      return item;
    }));
    drawNumbers();
  }

  document.getElementById("problems").addEventListener("click", (event) => {
    const line = Number(event.target.dataset.line || 0);
    if (!line) return;
    show("yaml");
    const lines = text.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] || "").length);
    text.scrollTop = Math.max(0, (line - 6) * 20);
  });

  text.addEventListener("scroll", () => { numbers.scrollTop = text.scrollTop; });
  text.addEventListener("input", () => { drawNumbers(); isFormDrawn = false; later(); });
  let mayLeave = false;
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { mayLeave = true; return; }
    if (!editable || event.key === "Shift") return;
    if (event.key === "Tab" && !mayLeave) {
      event.preventDefault();
      if (event.shiftKey) outdent();
      else document.execCommand("insertText", false, "  ");
    } else if (event.key === "Enter" && !event.isComposing) {
      const line = text.value.slice(0, text.selectionStart).split("\n").pop();
      event.preventDefault();
      document.execCommand("insertText", false, `\n${line.match(/^ *(- )?/)[0].replace("-", " ")}`);
    }
    mayLeave = false;
  });

  function outdent() {
    const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    const spaces = text.value.slice(start).match(/^ {0,2}/)[0].length, at = text.selectionStart;
    if (!spaces) return;
    text.setSelectionRange(start, start + spaces);
    document.execCommand("delete");
    text.setSelectionRange(Math.max(start, at - spaces), Math.max(start, at - spaces));
  }

  // What the server says of a text, while it is written.
  function later() {
    tell();
    clearTimeout(timer);
    timer = setTimeout(() => { if (!asking) asking = attempt().finally(() => { asking = null; }); }, 400);
  }

  function tell() {
    if (state) state.textContent = isDirty() ? "Not saved yet" : "";
  }

  async function attempt() {
    const sent = pending, before = text.value;
    pending = {};
    const body = new URLSearchParams({ text: before, changes: JSON.stringify(sent) });
    try {
      const answer = await fetch(`${form.dataset.url}/attempt`, { method: "POST", body, headers: { "x-csrf-token": document.body.dataset.csrf, "hx-request": "true" } });
      if (!(answer.headers.get("content-type") || "").includes("json")) {
        pending = { ...sent, ...pending };
        const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".told");
        window.peel.say(told ? told.textContent : "The server could not check this.");
        return false;
      }
      const found = await answer.json();
      if (!found.problems) {
        pending = { ...sent, ...pending };
        window.peel.say(found.detail || "The server could not check this.");
        return false;
      }
      problems = found.problems;
      if (answer.ok && text.value === before) {
        if (found.text !== before) text.value = found.text;
        ofText = text.value;
        if (!isFormDrawn) fields = found.fields;
      } else if (text.value === before) {
        pending = { ...sent, ...pending };
      }
      drawProblems(answer.ok ? "" : "The form cannot be put into the file:");
      tell();
      if (text.value !== before && text.value !== found.text) later();
      return answer.ok;
    } catch {
      pending = { ...sent, ...pending };
      window.peel.say("The server cannot be reached; nothing was changed.");
      return false;
    }
  }

  // Everything that was typed into the form stands in the text when this is done.
  async function settled() {
    clearTimeout(timer);
    if (asking) await asking;
    for (let times = 0; times < 5 && Object.keys(pending).length; times += 1) if (!(await attempt())) return false;
    return Object.keys(pending).length === 0;
  }

  // The fields are those of the text as it is now; until then there is no form, rather than one of another text.
  async function reread() {
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = "Reading the YAML…";
    view.replaceChildren(said);
    clearTimeout(timer);
    if (asking) await asking;
    if (text.value !== ofText) await attempt();
  }

  // The form.
  function drawForm() {
    if (isFormDrawn) return;
    isFormDrawn = true;
    if (fields === null) {
      const said = document.createElement("p");
      said.className = "empty";
      said.textContent = "The YAML cannot be read as it is, so there is no form to show. Mend it as YAML first.";
      view.replaceChildren(said);
      isFormDrawn = false;
      return;
    }
    const set = (key, value) => { pending[key] = value === undefined ? null : value; fields[key] = value; later(); };
    const known_ = { fields, known, editable, set, casesUrl: `${form.dataset.url}/cases` };
    view.replaceChildren(window.scenarioForm.build(known_));
  }

  async function show(name) {
    for (const one of ["form", "yaml"]) {
      const tab = document.getElementById(`tab-${one}`), isShown = one === name;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      document.getElementById(`view-${one}`).hidden = !isShown;
    }
    if (name === "yaml") {
      drawNumbers();
      await settled();
      drawNumbers();
    } else {
      if (editable && !isFormDrawn && text.value !== ofText) await reread();
      drawForm();
    }
  }

  const tabs = [...form.querySelectorAll("[role=tab]")];
  for (const tab of tabs) {
    tab.hidden = false;
    tab.addEventListener("click", () => show(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - tabs.indexOf(tab)];
      other.focus();
      other.click();
    });
  }

  form.addEventListener("submit", async (event) => {
    if (leaving) return;
    event.preventDefault();
    if (!editable || !(await settled())) return;
    leaving = true;
    form.submit();
  });
  const undo = document.getElementById("undo");
  if (undo) undo.addEventListener("submit", (event) => {
    if (isDirty() && !window.confirm("What you have not saved is lost. Take the last save back?")) event.preventDefault();
    else leaving = true;
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && editable) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  window.addEventListener("beforeunload", (event) => { if (!leaving && isDirty()) event.preventDefault(); });
  window.addEventListener("pageshow", () => { leaving = false; });

  drawNumbers();
  show(fields === null || form.dataset.unsaved === "yes" || problems.some((one) => one.here) ? "yaml" : "form");
})();
