/** What the page does beyond being read: filter, search, sort, copy, follow a link to a folded finding. */
export const SCRIPT = `
"use strict";
document.documentElement.classList.add("scripted");
const rows = Array.from(document.querySelectorAll("tbody.rows tr"));
const form = document.querySelector("form");
const count = document.getElementById("count");
const apply = () => {
  const words = form.elements.search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const severity = form.elements.severity.value;
  const namespace = form.elements.namespace.value;
  const rule = form.elements.rule.value;
  let shown = 0;
  for (const row of rows) {
    const data = row.dataset;
    const fits = (severity === "" || data.severity === severity) && (namespace === "" || data.namespace === namespace) && (rule === "" || data.rule === rule) && words.every((word) => row.textContent.toLowerCase().includes(word));
    row.hidden = !fits;
    if (fits) shown += 1;
  }
  count.textContent = shown + " of " + rows.length + " findings";
};
if (form) {
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const table = head.closest("table");
    const at = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const text = (row) => row.cells[at].textContent.trim();
    const sorted = Array.from(body.rows).map((row) => [text(row), row]).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }) * (down ? -1 : 1));
    body.append(...sorted.map(([, row]) => row));
  });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const text = button.previousElementSibling.textContent;
  navigator.clipboard.writeText(text).then(() => { button.textContent = "copied"; }, () => { button.textContent = "not copied: select the text"; });
});
const open = () => {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  if (target && target.tagName === "DETAILS") target.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", open);
open();
`;
