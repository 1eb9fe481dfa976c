// What the page can do beyond being read: sort tables, enlarge and save figures, open parts, switch to dark.
"use strict";

const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Tables ------------------------------------------------------------------------------------------------------------

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
    target.closest(".table").classList.toggle("sideways", sideways);
    if (sideways || target.scrollHeight > target.clientHeight + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const area of all(".scroll")) sizes.observe(area);

// Figures -----------------------------------------------------------------------------------------------------------

const viewer = document.getElementById("viewer");
const stage = viewer.querySelector(".stage");
let shown = null;

function enlarge(figure) {
  shown = figure;
  const drawing = figure.querySelector(".drawing");
  drawing.style.height = `${drawing.offsetHeight}px`; // the page does not move while the figure is away
  document.getElementById("viewer-title").textContent = figure.querySelector("figcaption").textContent;
  stage.append(drawing.querySelector("svg"));
  viewer.showModal();
}

viewer.addEventListener("close", () => {
  const drawing = shown.querySelector(".drawing");
  drawing.append(stage.querySelector("svg"));
  drawing.style.height = "";
  shown = null;
});
viewer.addEventListener("click", (event) => {
  if (event.target === viewer) viewer.close();
});

// The figure for itself: in points, without what ties it to the page.
function alone(svg) {
  const copy = svg.cloneNode(true);
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", `${width}pt`);
  copy.setAttribute("height", `${height}pt`);
  copy.style.removeProperty("--width");
  copy.style.removeProperty("--height");
  const text = new XMLSerializer().serializeToString(copy);
  return `<?xml version="1.0" encoding="utf-8"?>\n${text}\n`;
}

function save(figure) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([alone(figure.querySelector("svg"))], { type: "image/svg+xml" }));
  link.download = figure.dataset.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

for (const figure of all("figure")) {
  const button = figure.querySelector(".enlarge");
  button.addEventListener("click", () => enlarge(figure));
  figure.querySelector(".drawing").addEventListener("click", () => button.click());
  figure.querySelector(".save").addEventListener("click", () => save(figure));
}

// Texts to be copied ------------------------------------------------------------------------------------------------

for (const box of all(".copied")) {
  const button = box.querySelector(".copy");
  const source = box.querySelector("pre, blockquote");
  button.addEventListener("click", async () => {
    const paragraphs = source.matches("pre") ? [source] : all("p", source);
    const text = paragraphs.map((one) => one.textContent).join("\n\n");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source); // where the browser does not let a page write to the clipboard
      button.textContent = "Selected: copy it with the keyboard";
    }
  });
}

// Parts that open and close -----------------------------------------------------------------------------------------

for (const button of all("button.all")) {
  const parts = all(":scope > details.part", button.closest("section"));
  const title = button.closest("section").querySelector("h2").textContent;
  const name = () => {
    button.textContent = parts.every((part) => part.open) ? "Close all" : "Open all";
    button.setAttribute("aria-label", `${button.textContent} parts of ${title}`);
  };
  button.addEventListener("click", () => {
    const open = !parts.every((part) => part.open);
    for (const part of parts) part.open = open;
  });
  for (const part of parts) part.addEventListener("toggle", name);
  name();
}

for (const link of all("nav ol ol a")) {
  link.addEventListener("click", () => (document.getElementById(link.hash.slice(1)).closest("details").open = true));
}

let closed = [];
addEventListener("beforeprint", () => {
  closed = all("main details:not([open])");
  for (const part of closed) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of closed) part.open = false;
});

// On a phone the contents are closed at first; beside the text they are always open.
const wide = matchMedia("(min-width: 70rem)");
const contents = document.getElementById("contents");
const fit = () => (contents.open = wide.matches);
wide.addEventListener("change", fit);
fit();

const entries = new Map(all("nav > details > ol > li > a").map((link) => [link.hash.slice(1), link]));
const seen = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) entries.get(target.id).setAttribute("aria-current", "true");
      else entries.get(target.id).removeAttribute("aria-current");
    }
  },
  { rootMargin: "-20% 0px -80% 0px" },
);
for (const section of all("main > section")) seen.observe(section);

// Dark and light ----------------------------------------------------------------------------------------------------

const root = document.documentElement;
const theme = document.getElementById("theme");
const prefers = matchMedia("(prefers-color-scheme: dark)");

function remembered(value) {
  try {
    if (value) localStorage.setItem("cnnjobs-theme", value);
    return localStorage.getItem("cnnjobs-theme");
  } catch {
    return null; // a browser that stores nothing for files
  }
}

const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
const label = () => (theme.textContent = dark() ? "Light" : "Dark");
if (["dark", "light"].includes(remembered())) root.dataset.theme = remembered();
theme.addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  remembered(root.dataset.theme);
  label();
});
prefers.addEventListener("change", label);
label();

for (const button of all("button[hidden]")) button.hidden = false;
