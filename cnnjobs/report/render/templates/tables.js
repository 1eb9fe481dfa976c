// Tables that are sorted by a click on a header, and tables that scroll.

const all = (selector, from = document) => [...from.querySelectorAll(selector)];

function keyOf(row, place, kind) {
  const cell = row.cells[place];
  const key = kind === "cell" ? cell.textContent.trim() : cell.dataset.key;
  if (key === "" || key === "-" || key === undefined) return null;
  return kind === "number" ? Number(key) : key;
}

function order(a, b, down) {
  if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
  const found = typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key, "en", { numeric: true });
  return (down ? -found : found) || a.place - b.place;
}

function sort(head) {
  const table = head.closest("table");
  const body = table.tBodies[0];
  const down = head.getAttribute("aria-sort") === "ascending";
  const rows = [...body.rows].map((row, place) => ({ row, place, key: keyOf(row, head.cellIndex, head.dataset.kind) }));
  rows.sort((a, b) => order(a, b, down));
  body.append(...rows.map((one) => one.row));
  for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
}

for (const head of all("thead th")) {
  if (head.closest("table").tBodies[0].rows.length < 2) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
}

// A container that does not scroll is no stop of the tabulator key.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const sideways = target.scrollWidth > target.clientWidth + 1;
    target.closest(".table, figure").classList.toggle("sideways", sideways);
    if (sideways || target.scrollHeight > target.clientHeight + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const area of all(".scroll, .drawing[tabindex]")) sizes.observe(area);

