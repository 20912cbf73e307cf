// Answers on their way: kept by the tab until the server has acknowledged each, sent one after the other, and again
// under the same name where it is not known whether they arrived.
"use strict";
window.peel.Answers = class {
  #place; #url; #told; #sending = false; #failed = 0; #timer = 0;
  #firstPause = 1000; #longestPause = 30000;

  // `told` gets {acknowledged, refused, trouble} whenever something changed.
  constructor(session, told) {
    this.#place = `peel-scoring-${session}`;
    this.#url = `/scoring/${session}/scores`;
    this.#told = told;
    this.kept = { unsaved: [], comment: null, ...this.#read() };
    addEventListener("online", () => this.send());
  }

  get unsaved() {
    return this.kept.unsaved;
  }

  add(answer) {
    this.unsaved.push({ ...answer, submission: this.#name() });
    this.write();
    this.send();
  }

  write() {
    try {
      sessionStorage.setItem(this.#place, JSON.stringify(this.kept));
    } catch {
      // Storage may be full or forbidden: the answers are still sent, and leaving the page still warns.
    }
  }

  async send() {
    clearTimeout(this.#timer);
    if (this.#sending) return;
    this.#sending = true;
    while (this.unsaved.length && (await this.#sent(this.unsaved[0]))) this.#failed = 0;
    this.#sending = false;
    if (!this.unsaved.length) this.#told({});
  }

  // Whether the first answer is settled, so that the next one's turn has come.
  async #sent(answer) {
    let reply;
    try {
      reply = await fetch(this.#url, {
        method: "POST",
        headers: { "x-csrf-token": document.body.dataset.csrf },
        body: new URLSearchParams({
          id: answer.id, value: answer.value, comment: answer.comment, submission: answer.submission,
        }),
      });
      if (reply.ok) {
        const said = await reply.json();
        this.#settle(answer);
        this.#told({ acknowledged: answer, progress: said.progress });
        return true;
      }
    } catch {
      return this.#again("there is no connection to the server");
    }
    if (reply.status === 401 || reply.status === 403)
      return this.#again("your login has ended, or your role changed: log in again in another tab, then load this page again");
    if (reply.status >= 500 || reply.status === 429 || reply.status === 408)
      return this.#again("the server cannot take them just now");
    const sentence = await window.peel.sentence(reply);
    this.#settle(answer);
    this.#told({ refused: answer, sentence });
    return true;
  }

  #settle(answer) {
    this.kept.unsaved = this.unsaved.filter((one) => one.submission !== answer.submission);
    this.write();
  }

  #again(why) {
    const pause = Math.min(this.#longestPause, this.#firstPause * 2 ** this.#failed++);
    this.#timer = setTimeout(() => this.send(), pause);
    this.#told({ trouble: why });
    return false;
  }

  #read() {
    try {
      const found = JSON.parse(sessionStorage.getItem(this.#place)) ?? {};
      return Array.isArray(found.unsaved) ? found : {};
    } catch {
      return {};
    }
  }

  // crypto.randomUUID is not there on a page without TLS.
  #name() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
};

// What the server's page of a failure says.
window.peel.sentence = async (reply) => {
  const text = await reply.text();
  const told = new DOMParser().parseFromString(text, "text/html").querySelector(".told");
  return told ? told.textContent.trim() : "the server could not do this";
};
