// Reports inside pages, arrow keys between executions, and forms that send only what is filled in.
"use strict";
(() => {
  function showReport() {
    const report = document.getElementById("report");
    if (!report || !document.getElementById("index") || report.dataset.shown) return;
    report.dataset.shown = "yes";
    const script = document.createElement("script");
    script.src = report.dataset.script;
    document.head.append(script);
  }
  // What scrolls sideways can be scrolled by keys, too.
  function reachable() {
    for (const element of document.querySelectorAll(".wide:not([tabindex])")) if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
  document.addEventListener("DOMContentLoaded", () => { showReport(); reachable(); });
  document.addEventListener("toggle", reachable, true);
  window.addEventListener("resize", reachable);
  document.addEventListener("htmx:afterSwap", (event) => {
    reachable();
    if (event.detail.target.id !== "report") return;
    event.detail.target.removeAttribute("aria-busy");
    showReport();
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
  });
})();
