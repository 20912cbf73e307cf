// <peel-rating>: asks the user of another page for a rating and hands it to PEEL, now or when PEEL can be reached again.
// No dependency, no global, no inline style; whatever goes wrong here stays here.
(() => {
  "use strict";
  if (!window.customElements || customElements.get("peel-rating")) return;

  const MOST_KEPT = 100; // ratings that wait, for one server
  const QUIET_MS = 700; // a rating counts when it was left alone for so long: arrow keys pass by others
  const FIRST_WAIT_MS = 2000;
  const LONGEST_WAIT_MS = 300000;
  const TIMEOUT_MS = 15000;
  const ORIGIN = (() => {
    try {
      return new URL(document.currentScript.src).origin;
    } catch {
      return "";
    }
  })();

  const TEXTS = {
    en: {
      label: "How was this answer?",
      stars: ["1 of 5 stars", "2 of 5 stars", "3 of 5 stars", "4 of 5 stars", "5 of 5 stars"],
      smiley: ["Sad", "Neutral", "Happy"],
      thumbs: ["Thumbs up", "Thumbs down"],
      slider: ["Not rated yet"],
      thanks: "Thank you for your rating.",
      later: "Thank you. Your rating is kept and will be sent later.",
      failed: "Your rating could not be taken.",
      commentLabel: "What could be better?",
      send: "Send comment",
    },
    de: {
      label: "Wie war diese Antwort?",
      stars: ["1 von 5 Sternen", "2 von 5 Sternen", "3 von 5 Sternen", "4 von 5 Sternen", "5 von 5 Sternen"],
      smiley: ["Traurig", "Neutral", "Zufrieden"],
      thumbs: ["Daumen hoch", "Daumen runter"],
      slider: ["Noch nicht bewertet"],
      thanks: "Danke für Ihre Bewertung.",
      later: "Danke. Ihre Bewertung ist gemerkt und wird später gesendet.",
      failed: "Ihre Bewertung konnte nicht angenommen werden.",
      commentLabel: "Was könnte besser sein?",
      send: "Kommentar senden",
    },
  };
  const VALUES = { stars: [1, 2, 3, 4, 5], smiley: ["sad", "neutral", "happy"], thumbs: ["up", "down"] };
  const CIRCLE = "M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18M9 9.5v.6M15 9.5v.6";
  const THUMB = "M7 10v10H4V10zM7 11l4-8c2 0 3 1 2.500 3L13 9h5.500a2 2 0 0 1 2 2.400l-1.400 7a2 2 0 0 1-2 1.600H7";
  const SHAPES = {
    stars: Array(5).fill("M12 3l2.700 5.800 6.300.800-4.600 4.400 1.200 6.300L12 17.200 6.400 20.300l1.200-6.300L3 9.600l6.300-.800z"),
    smiley: [`${CIRCLE}M8 16.500q4-4 8 0`, `${CIRCLE}M8 15.500h8`, `${CIRCLE}M8 14.500q4 4 8 0`],
    thumbs: [THUMB, THUMB],
  };
  const CSS = `
    :host { display: block; font: inherit; color: var(--peel-color, inherit); font-family: var(--peel-font, inherit); }
    :host([hidden]), [hidden] { display: none !important; }
    fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
    legend, .asks { padding: 0; margin: 0 0 .35em; display: block; }
    .options { display: flex; flex-wrap: wrap; align-items: center; gap: var(--peel-gap, .25em); }
    .option { position: relative; display: block; cursor: pointer; }
    .option input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
    .seen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    svg { display: block; width: var(--peel-size, 2rem); height: var(--peel-size, 2rem); padding: .2rem; box-sizing: border-box;
      border-radius: .4rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round;
      stroke-linecap: round; color: var(--peel-accent, currentColor); min-width: 24px; min-height: 24px; }
    .thumbs:nth-child(2) path { transform: rotate(180deg); transform-origin: 12px 12px; }
    .stars.on svg, .thumbs.on svg { fill: currentColor; }
    .smiley.on svg { stroke-width: 2.6; box-shadow: 0 0 0 2px currentColor; }
    .option:hover svg { box-shadow: 0 0 0 1px currentColor; }
    input:focus-visible + svg, [type=range]:focus-visible, textarea:focus-visible, button:focus-visible {
      outline: 3px solid var(--peel-focus, currentColor); outline-offset: 2px; }
    [type=range] { accent-color: var(--peel-accent, auto); width: min(100%, 16rem); min-height: 24px; }
    textarea, button { font: inherit; color: inherit; background: transparent; border: 1px solid currentColor;
      border-radius: .4rem; padding: .4em .6em; box-sizing: border-box; }
    textarea { display: block; width: 100%; max-width: 30rem; min-height: 4em; margin-bottom: .4em; }
    button { cursor: pointer; }
    .comment { margin-top: .6em; }
    p { margin: .4em 0 0; min-height: 1.4em; }
    @media (prefers-reduced-motion: no-preference) { svg { transition: fill .15s, box-shadow .15s; } }`;

  const made = (tag, { part, ...properties }, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (part) element.setAttribute("part", part);
    element.append(...children);
    return element;
  };

  const drawn = (path) => {
    const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("part", "symbol");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };

  const newId = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // What waits to be sent to one server: in the browser's storage, or in memory where that is forbidden.
  class Outbox {
    constructor(server) {
      this.server = server;
      this.key = `peel-ratings ${server}`;
      this.memory = [];
      this.told = new Map();
      this.failures = 0;
      window.addEventListener("online", () => this.send());
    }

    get waiting() {
      try {
        const kept = JSON.parse(localStorage.getItem(this.key) || "[]");
        const known = [...(Array.isArray(kept) ? kept.filter((one) => one && one.id) : []), ...this.memory];
        return [...new Map(known.map((one) => [one.id, one])).values()];
      } catch {
        return this.memory;
      }
    }

    keep(ratings) {
      const last = ratings.slice(-MOST_KEPT);
      try {
        if (last.length) localStorage.setItem(this.key, JSON.stringify(last));
        else localStorage.removeItem(this.key);
        this.memory = [];
      } catch {
        this.memory = last;
      }
    }

    add(rating, told) {
      this.told.set(rating.id, { told, last: null });
      this.keep([...this.waiting, rating]);
      this.send();
    }

    settle(rating, state, isOver) {
      if (isOver) this.keep(this.waiting.filter((one) => one.id !== rating.id));
      const waits = this.told.get(rating.id);
      if (isOver) this.told.delete(rating.id);
      if (!waits || waits.last === state) return;
      waits.last = state;
      waits.told(state);
    }

    async send() {
      if (this.isSending) {
        this.again = true;
        return;
      }
      this.isSending = true;
      clearTimeout(this.timer);
      try {
        do {
          this.again = false;
          for (const rating of this.waiting) {
            const wait = await this.post(rating);
            if (wait !== null) {
              for (const one of this.waiting) this.settle(one, "waiting", false);
              this.timer = setTimeout(() => this.send(), wait);
              break;
            }
          }
        } while (this.again);
      } catch {
        // Nothing of the page's is lost: the ratings are kept.
      } finally {
        this.isSending = false;
      }
    }

    // Null where the rating needs no further try, else when to try again, in milliseconds.
    async post(rating) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
      let asked = 0;
      try {
        const answer = await fetch(`${this.server}/api/ratings`, {
          method: "POST",
          mode: "cors",
          credentials: "omit",
          keepalive: true,
          redirect: "error",
          referrerPolicy: "origin",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(rating),
          signal: stop.signal,
        });
        if (answer.ok) {
          this.failures = 0;
          this.settle(rating, "sent", true);
          return null;
        }
        if (answer.status === 422 && rating.at) {
          // A clock that is days ahead: it was given when it arrives, then.
          delete rating.at;
          return await this.post(rating);
        }
        if (![408, 425, 429].includes(answer.status) && answer.status < 500) {
          this.settle(rating, "refused", true);
          return null;
        }
        asked = 1000 * (Number(answer.headers.get("retry-after")) || 0);
      } catch {
        // Not reached, or this page may not send: the next try may be luckier.
      } finally {
        clearTimeout(timer);
      }
      this.failures += 1;
      const wait = Math.min(FIRST_WAIT_MS * 2 ** (this.failures - 1), LONGEST_WAIT_MS) * (0.75 + Math.random() / 2);
      return Math.min(Math.max(wait, asked), 12 * LONGEST_WAIT_MS);
    }
  }

  const outboxes = new Map();
  const outboxOf = (server) => {
    if (!outboxes.has(server)) outboxes.set(server, new Outbox(server));
    return outboxes.get(server);
  };

  class PeelRating extends HTMLElement {
    static observedAttributes = ["interaction", "kind", "value", "lang", "label", "labels", "comment", "server"];
    #root = this.attachShadow({ mode: "open" });
    #value = null;
    #timer = 0;
    #due = null; // rated and not sent yet, with what it is about
    #drawing = false;
    #isNew = true; // begins with the attribute value
    #message = null;
    #box = null;
    #list = null;

    constructor() {
      super();
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
        this.#root.adoptedStyleSheets = [sheet];
      } catch {
        // An old browser: plain controls.
      }
    }

    connectedCallback() {
      this.#later();
      if (this.#server) outboxOf(this.#server).send();
      document.addEventListener("visibilitychange", this.#leaving);
    }

    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this.#leaving);
      this.#now();
    }

    attributeChangedCallback(name, before, after) {
      if (before === after) return;
      this.#now();
      if (["interaction", "kind", "value"].includes(name)) this.#isNew = true;
      this.#later();
    }

    // The rating so far, as `value` has it; null before the first.
    get value() {
      return this.#value;
    }

    get #kind() {
      const kind = this.getAttribute("kind");
      return kind in VALUES || kind === "slider" ? kind : "stars";
    }

    get #server() {
      return (this.getAttribute("server") || ORIGIN).replace(/\/+$/, "");
    }

    #text(name) {
      const language = (this.lang || document.documentElement.lang || "en").slice(0, 2).toLowerCase();
      return (TEXTS[language] || TEXTS.en)[name];
    }

    #leaving = () => document.visibilityState === "hidden" && this.#now();

    // Attributes that change together are drawn once.
    #later() {
      if (this.#drawing) return;
      this.#drawing = true;
      queueMicrotask(() => {
        this.#drawing = false;
        if (this.isConnected) this.#draw();
      });
    }

    #given(values) {
      const given = this.getAttribute("value");
      return values ? (values.find((one) => String(one) === given) ?? null) : given === null ? null : Number(given);
    }

    #draw() {
      const kind = this.#kind;
      const values = VALUES[kind];
      if (this.#isNew) this.#value = this.#given(values);
      this.#isNew = false;
      const asks = this.getAttribute("label") || this.#text("label");
      const own = (this.getAttribute("labels") || "").split("|");
      const labels = this.#text(kind).map((one, place) => (own[place] || "").trim() || one);
      this.#message = made("p", { part: "message" });
      this.#message.setAttribute("role", "status");
      this.#box = this.#comment();
      const asked = values ? this.#options(kind, asks, labels) : this.#slider(asks, labels);
      this.#root.replaceChildren(asked, this.#box, this.#message);
      if (!this.getAttribute("interaction")) console.warn("<peel-rating> needs the attribute interaction");
    }

    #options(kind, asks, labels) {
      const options = made("div", { className: "options", part: "options" });
      options.append(
        ...VALUES[kind].map((value, place) => {
          const input = made("input", { type: "radio", name: "rating", value: String(value) });
          input.checked = value === this.#value;
          input.addEventListener("change", () => this.#rated(value));
          const text = made("span", { className: "seen", textContent: labels[place] });
          const option = made("label", { className: `option ${kind}`, part: "option", title: labels[place] }, input);
          option.append(drawn(SHAPES[kind][place]), text);
          return option;
        }),
      );
      this.#list = options;
      this.#fill();
      return made("fieldset", {}, made("legend", { part: "label", textContent: asks }), options);
    }

    #slider(asks, labels) {
      const says = (value) => (value === null ? labels[0] : `${Math.round(100 * value)} %`);
      const range = made("input", { type: "range", min: "0", max: "1", step: "0.01", part: "slider" });
      const shown = made("output", { part: "shown" });
      const tell = () => {
        shown.textContent = says(this.#value);
        range.setAttribute("aria-valuetext", says(this.#value));
      };
      range.value = String(this.#value ?? 0.5);
      tell();
      range.addEventListener("input", () => {
        this.#rated(Number(range.value));
        tell();
      });
      const label = made("span", { className: "asks", part: "label", textContent: asks });
      return made("label", {}, label, made("span", { className: "options" }, range, shown));
    }

    #comment() {
      const field = made("textarea", { maxLength: 10000, part: "comment" });
      const asks = this.getAttribute("comment") || this.#text("commentLabel");
      const label = made("span", { className: "asks", textContent: asks });
      const button = made("button", { type: "button", part: "button", textContent: this.getAttribute("send") || this.#text("send") });
      button.addEventListener("click", () => {
        if (!field.value.trim()) return field.focus();
        this.#now(field.value);
        return undefined;
      });
      const box = made("div", { className: "comment", hidden: true }, made("label", {}, label, field), button);
      return box;
    }

    #fill() {
      const last = VALUES[this.#kind].indexOf(this.#value);
      [...this.#list.children].forEach((option, place) => {
        option.classList.toggle("on", this.#kind === "stars" ? place <= last : place === last);
      });
    }

    #rated(value) {
      this.#value = value;
      if (this.#kind !== "slider") this.#fill();
      this.#box.hidden = !this.hasAttribute("comment");
      this.#due = this.#rating;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#now(), QUIET_MS);
    }

    get #rating() {
      return { interaction: this.getAttribute("interaction"), kind: this.#kind, value: this.#value, server: this.#server };
    }

    // Send what was rated and not sent yet, or a comment on it.
    #now(comment = "") {
      clearTimeout(this.#timer);
      const due = this.#due || (comment ? this.#rating : null);
      this.#due = null;
      if (!due || !due.interaction || due.value === null || !due.server) return;
      const { interaction, kind, value, server } = due;
      const rating = { id: newId(), interaction, [kind]: value, at: Date.now() / 1000 };
      if (comment) rating.comment = comment;
      try {
        outboxOf(server).add(rating, (state) => this.#told(rating, kind, state));
      } catch {
        // The page goes on whatever happens here.
      }
    }

    #told(rating, kind, state) {
      const name = { sent: "thanks", waiting: "later", refused: "failed" }[state];
      this.#message.textContent = this.getAttribute(name) || this.#text(name);
      const { id, interaction, [kind]: value, comment = "" } = rating;
      if (comment && state !== "refused") this.#box.hidden = true;
      const detail = { id, interaction, kind, value, comment, state };
      this.dispatchEvent(new CustomEvent("peel-rated", { bubbles: true, composed: true, detail }));
    }
  }

  customElements.define("peel-rating", PeelRating);
  if (ORIGIN) outboxOf(ORIGIN).send();
})();
