// What all pages share: changes carry the session's token, and what could not be done is said.
"use strict";
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["x-csrf-token"] = document.body.dataset.csrf;
});

window.peel = {
  say(sentence) {
    const place = document.getElementById("said");
    const line = document.createElement("p");
    line.textContent = sentence;
    place.append(line);
    setTimeout(() => line.remove(), 8000);
  },
};

document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const sentence = page.querySelector(".told");
  window.peel.say(sentence ? sentence.textContent : "The server could not do this.");
});
document.addEventListener("htmx:sendError", () => window.peel.say("The server cannot be reached; nothing was changed."));
