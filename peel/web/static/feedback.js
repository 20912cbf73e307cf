// The page of live feedback: views that arrive one by one, menus that close, rows that are chosen together.
"use strict";
(() => {
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = event.detail.target;
    part.removeAttribute("aria-busy");
    part.classList.remove("loading");
  });
  // What could not be loaded says so where it would have stood.
  for (const kind of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(kind, (event) => {
    const part = event.detail.elt;
    if (part.getAttribute("aria-busy") !== "true") return;
    part.removeAttribute("aria-busy");
    const told = document.createElement("p");
    told.className = "bad";
    told.textContent = "This could not be loaded. Reload the page to try again.";
    part.replaceChildren(told);
  });

  // One menu at a time; it closes with Escape and by a click elsewhere.
  const picks = () => [...document.querySelectorAll("details.pick[open], details.menu[open]")];
  document.addEventListener("click", (event) => {
    for (const one of picks()) if (!one.contains(event.target)) one.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const one of picks()) {
      one.open = false;
      one.querySelector("summary").focus();
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.classList.contains("choose-all")) {
      for (const box of event.target.form.querySelectorAll("input[name=interaction]")) box.checked = event.target.checked;
    }
    // Who chooses a scenario means that one.
    if (event.target.closest(".correct") && event.target.name === "scenario") {
      const radio = event.target.form.querySelector("input[name=choice][value=scenario]");
      if (radio) radio.checked = true;
    }
  });
})();
