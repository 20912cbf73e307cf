/* Begins when the page is there. */
async function start() {
  if (!("DecompressionStream" in window)) throw new Error("This browser is too old for the list of cases: it has no DecompressionStream. Everything above is complete without it.");
  index = await json("index");
  await loadTexts();
  index.parts.forEach((facts, place) => { option(filter.part, String(place), `${facts.scenario} · ${facts.variant}${facts.held ? "" : " (left out)"}`); filter.part.lastChild.disabled = !facts.held; });
  STATES.forEach(([name, words]) => option(filter.state, name, words));
  const left = index.parts.filter((facts) => !facts.held);
  if (left.length) { byId("problem").hidden = false; byId("problem").textContent = `To keep this file small, the cases of ${left.map((facts) => `${facts.scenario} · ${facts.variant}`).slice(0, 10).join(", ")}${left.length > 10 ? ` and ${left.length - 10} more` : ""} are left out here; the JSON and CSV reports have them.`; }
  const first = index.parts.findIndex((facts) => facts.held);
  if (first < 0) return;
  byId("explorer").hidden = false;
  await choosePart(first);
  filter.part.addEventListener("change", () => choosePart(Number(filter.part.value)));
  for (const name of ["evaluator", "state", "tag", "order"]) filter[name].addEventListener("change", select);
  filter.search.addEventListener("input", select);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMap);
  window.addEventListener("hashchange", fromAddress);
  await fromAddress();
  document.documentElement.dataset.ready = "yes";
}
start().catch((error) => { byId("problem").hidden = false; byId("problem").textContent = `The cases cannot be shown: ${error.message}`; });
drawCharts().catch(() => document.querySelectorAll("details.numbers").forEach((table) => { table.open = true; })).then(() => { document.documentElement.dataset.charts = "ready"; });
