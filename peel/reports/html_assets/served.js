/* In a page of the server instead of a file: executions are pages of their own, the chart library a file beside. */
const report = byId("report");
const open = (number) => location.assign(report.dataset.executions + number);
const fromAddress = async () => {};
const loadTexts = async () => {};
const textsLeftOut = () => "";
const loadLibrary = () => new Promise((done, failed) => {
  const element = make("script");
  element.src = report.dataset.library;
  element.addEventListener("load", done);
  element.addEventListener("error", () => failed(new Error("the chart library cannot be loaded")));
  document.head.append(element);
});
