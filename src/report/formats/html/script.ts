/**
 * All that the page does by itself: it hides rows, sorts them, opens what a link names and copies text. It creates no
 * markup and treats text only as text. Without it the page has the same content. No line begins with a colon, which
 * `harmless.ts` would break up, and with it the hash.
 */
export const SCRIPT = String.raw`
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const body = document.getElementById("findings-body");
  const count = document.getElementById("count");
  const said = document.getElementById("said");
  document.documentElement.className = "scripted";
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) return false;
    }
    return true;
  }
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("button.copy");
    if (!button) return;
    const done = await copy(button.previousElementSibling.textContent);
    button.textContent = done ? "Copied" : "Select it by hand";
    said.textContent = done ? "Copied to the clipboard" : "It could not be copied";
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  });

  function reveal() {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id.startsWith("?") ? null : document.getElementById(id);
    if (!target) return;
    target.hidden = false;
    if (target.localName === "details") target.open = true;
    target.scrollIntoView({ block: "start" });
  }
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });

  if (!form || !body) {
    addEventListener("hashchange", reveal);
    reveal();
    return;
  }
  form.hidden = false;
  const original = [...body.rows];
  const heads = [...body.parentElement.tHead.rows[0].cells];
  const RANK = { stuck: "0", latent: "1", healthy: "2", error: "0", warning: "1", exempted: "2", known: "3" };
  let texts;
  const textOf = (row) => {
    texts ??= new Map(original.map((each) => [each, [...each.cells].map((cell) => cell.textContent)]));
    return texts.get(row);
  };
  const asked = () => [...form.elements].filter(({ name, value }) => name && value);
  function filter() {
    const tests = asked().map(({ name, value }) => {
      if (name === "q") {
        const words = value.toLowerCase().split(/\s+/).filter(Boolean);
        return (cells) => { const all = cells.join(" ").toLowerCase(); return words.every((word) => all.includes(word)); };
      }
      const at = heads.findIndex((head) => head.dataset.key === name);
      return (cells) => cells[at] === value;
    });
    let shown = 0;
    for (const row of original) {
      const hide = tests.length > 0 && !tests.every((test) => test(textOf(row)));
      if (row.hidden !== hide) {
        row.hidden = hide;
        const link = row.querySelector("a[href^='#']");
        const detail = link && document.getElementById(link.getAttribute("href").slice(1));
        if (detail) detail.hidden = hide;
      }
      if (!hide) shown += 1;
    }
    count.textContent = shown + " of " + original.length + " shown";
  }
  function remember() {
    const query = new URLSearchParams(asked().map(({ name, value }) => [name, value])).toString();
    try { history.replaceState(null, "", query ? "#?" + query : "#"); } catch { /* Some viewers give a page no history. */ }
  }
  function recall() {
    if (!location.hash.startsWith("#?")) return reveal();
    const query = new URLSearchParams(location.hash.slice(2));
    for (const field of form.elements) if (field.name) field.value = query.get(field.name) ?? "";
    filter();
  }
  let timer;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { filter(); remember(); }, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    for (const head of heads) head.removeAttribute("aria-sort");
    body.append(...original);
    filter();
    remember();
  }));
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const ranked = ["severity", "state"].includes(head.dataset.key);
      const keys = new Map(original.map((row) => { const text = textOf(row)[at]; return [row, ranked ? RANK[text] ?? text : text]; }));
      const sign = down ? -1 : 1;
      const compare = (a, b) => keys.get(a) < keys.get(b) ? -sign : keys.get(a) > keys.get(b) ? sign : 0;
      const rows = document.createDocumentFragment();
      rows.append(...original.toSorted(compare));
      body.append(rows);
    });
  });
  addEventListener("hashchange", recall);
  recall();
})();
`;
