// One output at a time. The next ones are fetched ahead, so that the next is there at once and a connection may be lost
// for a while; answers leave by scoring_answers.js.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("scoring");
  const at = (id) => document.getElementById(`s-${id}`);
  const session = root.dataset.session;
  const number = (text) => (text === undefined ? null : Number(text));
  const READY_MS = 150; // Nobody has read an output sooner: a key that bounced, or a second click, is no answer to it.
  const AHEAD = 5;
  const state = {
    current: null, last: null, ahead: [], trail: [], answered: new Set(), chosen: null, fetching: null, isMoving: false,
    shown: 0, retry: 0, pause: 1000, trouble: { answers: "", outputs: "" },
    progress: { answered: Number(root.dataset.answered), asked: Number(root.dataset.asked), pace_s: number(root.dataset.pace) },
  };
  const answers = new window.peel.Answers(session, heard);
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel(`peel-scoring-${session}`) : null;
  for (const one of answers.unsaved) state.answered.add(one.id);

  // --- what is said ---------------------------------------------------------------------------------------------
  function say(sentence) {
    at("live").textContent = sentence;
  }

  function lasting(seconds) {
    const minutes = Math.round(seconds / 60);
    if (minutes < 1) return "less than a minute";
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  function fresh() {
    return new Set(answers.unsaved.filter((one) => one.isNew).map((one) => one.id)).size;
  }

  function tell() {
    const { answered, asked, pace_s } = state.progress;
    const done = Math.min(asked, answered + fresh());
    const time = pace_s !== null && asked > done ? ` · ${lasting(pace_s * (asked - done))} left` : "";
    at("progress").max = Math.max(1, asked);
    at("progress").value = done;
    at("count").textContent = `${done.toLocaleString("en")} of ${asked.toLocaleString("en")} answered${time}`;
    const unsaved = answers.unsaved.length;
    at("saved").textContent = unsaved ? `${unsaved} not saved yet` : "all saved";
    at("saved").classList.toggle("s-unsaved", unsaved > 0);
    const { answers: ofAnswers, outputs } = state.trouble;
    const lost = ofAnswers ? `${unsaved === 1 ? "1 answer is" : `${unsaved} answers are`} not saved yet: ${ofAnswers}. ` : "";
    const missing = outputs ? `The next outputs cannot be fetched: ${outputs}. ` : "";
    const text = lost || missing ? `${lost}${missing}This is tried again by itself. Leave this tab open.` : "";
    if (at("trouble-text").textContent !== text) {
      at("trouble-text").textContent = text;
      at("trouble").hidden = !text;
      if (text) say(text);
    }
  }

  function heard({ acknowledged, refused, sentence, progress, trouble = "" }) {
    state.trouble.answers = trouble;
    if (progress) state.progress = progress;
    if (refused) {
      state.answered.delete(refused.id);
      window.peel.say(`An answer was refused and is not stored: ${sentence}`);
    }
    if (acknowledged) tabs?.postMessage({ id: acknowledged.id });
    tell();
    if (!state.current) next();
  }

  // --- outputs ----------------------------------------------------------------------------------------------------
  async function fetched(query) {
    const reply = await fetch(`/scoring/${session}/outputs?${new URLSearchParams(query)}`, { redirect: "manual" });
    if (reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403)
      throw new Error("your login has ended, or your role changed: log in again in another tab, then load this page again");
    if (!reply.ok) throw new Error(await window.peel.sentence(reply));
    return reply.json();
  }

  function fetchAhead() {
    if (state.ahead.length >= AHEAD) return Promise.resolve();
    state.fetching ??= fetchMore().finally(() => { state.fetching = null; });
    return state.fetching;
  }

  async function fetchMore() {
    clearTimeout(state.retry);
    const behind = state.ahead.at(-1) ?? state.current ?? state.trail.at(-1);
    try {
      const found = await fetched({ limit: AHEAD, ...(behind ? { after: behind.id } : {}) });
      const known = new Set([...state.ahead.map((one) => one.id), state.current?.id, ...state.answered]);
      state.ahead.push(...found.outputs.filter((one) => !known.has(one.id)));
      state.progress = found.progress;
      state.trouble.outputs = "";
      state.pause = 1000;
    } catch (error) {
      state.trouble.outputs = error instanceof TypeError ? "there is no connection to the server" : error.message;
      state.retry = setTimeout(fetchOn, state.pause);
      state.pause = Math.min(30000, state.pause * 2);
    }
    tell();
  }

  async function fetchOn() {
    if (state.current) await fetchAhead();
    else await next();
  }

  // One move at a time: what is told meanwhile must not take the next output too.
  async function next() {
    if (state.isMoving) return;
    state.isMoving = true;
    if (!state.ahead.length) await fetchAhead();
    state.isMoving = false;
    if (!state.current) show(state.ahead.shift() ?? null);
    if (state.ahead.length < 3) fetchAhead();
  }

  async function back() {
    let earlier = state.trail.pop();
    const from = state.current ?? state.last;
    if (!earlier && from) {
      try {
        const found = await fetched({ before: from.id });
        earlier = found.outputs[0];
      } catch {
        return say("The one before cannot be fetched just now.");
      }
      // An answer that is on its way is the rater's answer already.
      const mine = answers.unsaved.findLast((one) => one.id === earlier?.id);
      if (mine) earlier.answer = { value: mine.value, comment: mine.comment };
    }
    if (!earlier) return say("This is the first one.");
    state.ahead = state.ahead.filter((one) => one.id !== earlier.id);
    if (state.current) state.ahead.unshift(state.current);
    show(earlier);
  }

  async function skip() {
    if (state.isMoving) return;
    state.isMoving = true;
    if (!state.ahead.length) await fetchAhead();
    state.isMoving = false;
    const following = state.ahead.shift();
    if (!following) {
      const only = state.trouble.outputs ? "The next one cannot be fetched just now." : "This is the only one left; score it, or leave.";
      return say(only), window.peel.say(only);
    }
    state.trail.push(state.current);
    show(following);
    if (state.ahead.length < 3) fetchAhead();
  }

  function answer(value) {
    const item = state.current;
    const comment = at("comment").value.trim();
    const isNew = !item.answer && !state.answered.has(item.id);
    delete root.dataset.ready;
    item.answer = { value, comment };
    state.answered.add(item.id);
    state.ahead = state.ahead.filter((one) => one.id !== item.id);
    state.trail.push(item);
    state.current = null;
    answers.kept.comment = null;
    answers.add({ id: item.id, value, comment, isNew });
    next();
  }

  tabs?.addEventListener("message", ({ data }) => {
    state.answered.add(data.id);
    state.ahead = state.ahead.filter((one) => one.id !== data.id);
    if (state.current?.id === data.id && !state.current.answer && !at("comment").value.trim()) {
      state.current = null;
      window.peel.say("You answered this one in another tab.");
      next();
    }
  });

  // --- showing ----------------------------------------------------------------------------------------------------
  function texts(place, values, none) {
    place.replaceChildren();
    for (const { name, text } of values) {
      const title = Object.assign(document.createElement("h3"), { textContent: name });
      const body = Object.assign(document.createElement("div"), { className: "text", textContent: text });
      place.append(title, body);
    }
    if (!values.length) place.append(Object.assign(document.createElement("p"), { className: "hint", textContent: none }));
  }

  function show(item) {
    if (!item && state.current) return; // The other tab or the keys were faster.
    state.current = item;
    state.chosen = null;
    at("wait").hidden = true;
    at("item").hidden = !item;
    const isDone = !item && !state.trouble.outputs;
    if (!item && !isDone) at("wait").hidden = false;
    at("done").hidden = !isDone;
    tell();
    if (isDone) finished();
    if (!item) return;
    state.last = item;
    texts(at("inputs"), item.inputs, "The case has no input.");
    at("output").textContent = item.output;
    texts(at("expected").querySelector("div"), item.expected, "The case has no expected output.");
    texts(at("passages").querySelector("div"), item.passages, "No step found passages.");
    at("expected").open = at("passages").open = false;
    at("question").textContent = item.question;
    at("comment").value = answers.kept.comment?.id === item.id ? answers.kept.comment.text : item.answer?.comment ?? "";
    scale(item);
    at("before").hidden = !item.answer;
    at("before").textContent = item.answer ? `Your answer so far: ${written(item, item.answer.value)}` : "";
    for (const line of at("keys").querySelectorAll("[data-for]")) line.hidden = line.dataset.for !== item.scale;
    arrive();
  }

  function arrive() {
    const shown = ++state.shown;
    delete root.dataset.ready;
    setTimeout(() => { if (shown === state.shown) root.dataset.ready = shown; }, READY_MS);
    if (matchMedia("(max-width: 860px)").matches) root.scrollIntoView();
    else scrollTo({ top: 0 });
    at("read").focus({ preventScroll: true });
    const { answered, asked } = state.progress;
    say(`${state.current.answer ? "Answered before. " : ""}${Math.min(asked, answered + fresh())} of ${asked} answered.`);
  }

  function finished() {
    root.dataset.ready = ++state.shown;
    const { answered, asked } = state.progress;
    const left = asked - Math.min(asked, answered + fresh());
    at("done-text").textContent = left
      ? "Nothing more waits for you here."
      : `You have answered all ${asked.toLocaleString("en")} outputs. Thank you.`;
    at("done").focus();
    say(at("done-text").textContent);
  }

  function written(item, value) {
    if (item.scale === "stars") return `${Math.round(value * 4) + 1} of 5 stars`;
    if (item.scale === "faces") return ["bad", "in between", "good"][Math.round(value * 2)];
    return value.toFixed(2);
  }

  function scale(item) {
    at("scale").replaceChildren(at(item.scale).content.cloneNode(true));
    const range = at("scale").querySelector("input[type=range]");
    if (item.answer) choose(item.answer.value);
    if (!range) return;
    range.addEventListener("input", () => choose(range.valueAsNumber));
    const exact = at("scale").querySelector("input[type=number]");
    exact.addEventListener("input", () => choose(exact.validity.valid && exact.value !== "" ? exact.valueAsNumber : null, exact));
  }

  // Show a value as chosen; `from` is the field it was written in, which is left as it is.
  function choose(value, from) {
    state.chosen = value;
    const range = at("scale").querySelector("input[type=range]");
    if (!range) {
      for (const one of at("scale").querySelectorAll("input")) one.checked = Number(one.value) === value;
      return;
    }
    const exact = at("scale").querySelector("input[type=number]");
    range.classList.toggle("s-set", value !== null);
    range.setAttribute("aria-valuetext", value === null ? "no score yet" : value.toFixed(2));
    if (value !== null) range.value = value;
    if (from !== exact) exact.value = value === null ? "" : String(Math.round(value * 100) / 100);
  }

  function save() {
    if (!state.current || !root.dataset.ready) return;
    const chosen = state.chosen;
    if (chosen === null) return say("Choose a score first."), window.peel.say("Choose a score first.");
    answer(chosen);
  }

  // --- what people do ---------------------------------------------------------------------------------------------
  const does = { back, skip };
  function act(name) {
    if (!root.dataset.ready || (name === "skip" && !state.current)) return;
    const { ready } = root.dataset;
    delete root.dataset.ready;
    // Where nothing else came to be shown, the same output takes keys again.
    does[name]().finally(() => { if (String(state.shown) === ready) root.dataset.ready = ready; });
  }

  root.addEventListener("click", (event) => {
    // The second click of a double click was meant for what the first one answered.
    if (event.detail > 1 && event.target.closest("#s-scale, .actions")) return event.preventDefault();
    const button = event.target.closest("button");
    if (button?.dataset.does) act(button.dataset.does);
    if (button?.dataset.value && root.dataset.ready) answer(Number(button.dataset.value));
  });
  root.addEventListener("change", (event) => {
    if (event.target.name === "score") state.chosen = Number(event.target.value);
  });
  // A click with the pointer on a face or a star answers; arrow keys and screen readers choose, and save by the button.
  root.addEventListener("click", (event) => {
    const choice = event.detail === 1 ? event.target.closest(".s-choice") : null;
    if (!choice || event.target.tagName === "INPUT" || !root.dataset.ready) return;
    event.preventDefault();
    answer(Number(choice.querySelector("input").value));
  });
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  at("help").addEventListener("click", () => at("keys").showModal());
  at("retry").addEventListener("click", () => {
    answers.send();
    if (state.trouble.outputs) fetchOn();
  });
  at("comment").addEventListener("input", () => {
    answers.kept.comment = { id: state.current.id, text: at("comment").value };
    answers.write();
  });

  function digit(key) {
    const button = at("scale").querySelectorAll("button[data-value], input[type=radio]");
    const place = Number(key) - (state.current.scale === "slider" ? 0 : 1);
    return button[place] ? Number(button[place].dataset.value ?? button[place].value) : null;
  }

  function toggle(name) {
    at(name).open = !at(name).open;
    if (at(name).open) at(name).scrollIntoView({ block: "nearest" });
    say(at(name).open ? at(name).textContent.trim().replace(/\s+/g, " ").slice(0, 2000) : "Hidden.");
  }

  const keys = {
    b: () => act("back"),
    s: () => act("skip"),
    c: () => at("comment").focus(),
    e: () => toggle("expected"),
    p: () => toggle("passages"),
    "?": () => at("keys").showModal(),
    ".": () => at("scale").querySelector("input[type=number]")?.select(),
    Enter: save,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || at("keys").open) return;
    const isText = event.target.matches("textarea, input[type=number]");
    if (isText && event.key === "Escape") return event.target.blur(), at("read").focus({ preventScroll: true });
    const isControl = event.target.matches("button, a, summary, input, textarea, progress");
    if (isText || (isControl && ["Enter", " "].includes(event.key))) return;
    const isDigit = /^[0-9]$/.test(event.key);
    const does = isDigit ? null : event.key === " " ? keys.s : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!isDigit && !does) return;
    event.preventDefault();
    if (event.repeat || (!state.current && event.key !== "b" && event.key !== "?")) return;
    if (!isDigit) return does();
    const value = root.dataset.ready ? digit(event.key) : null;
    if (value !== null) answer(value);
  });

  addEventListener("beforeunload", (event) => {
    if (answers.unsaved.length) event.preventDefault();
  });

  tell();
  answers.send();
  next();
});
