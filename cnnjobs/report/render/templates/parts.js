// Sections and parts that open and close; the contents, which say where one is.

for (const button of all("button.all")) {
  const parts = all(":scope > details.part", button.closest("details.fold, section"));
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

// What lies in a closed part can be led to.
function lead(id) {
  const target = document.getElementById(id);
  if (!target || !target.closest("main")) return;
  for (let part = target; part; part = part.parentElement?.closest("details")) if (part.matches("details")) part.open = true;
  const own = target.querySelector(":scope > details.fold");
  if (own) own.open = true;
  target.scrollIntoView();
}

for (const link of all("a[href^='#']")) link.addEventListener("click", () => lead(link.hash.slice(1)));

const folds = all("main details.fold");
const unfold = document.getElementById("unfold");
const nameOfUnfold = () => {
  unfold.textContent = folds.every((fold) => fold.open) ? "Close sections" : "Open all sections";
};
unfold.addEventListener("click", () => {
  const open = !folds.every((fold) => fold.open);
  for (const part of open ? all("main details") : folds) part.open = open;
});
for (const fold of folds) fold.addEventListener("toggle", nameOfUnfold);
if (!folds.length) unfold.remove();

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

