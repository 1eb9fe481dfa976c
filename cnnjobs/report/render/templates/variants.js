// Variants that are picked and hidden, and what is kept of that in the address.

const chips = all("#variants input");
const hidden = new Set(); // names
const query = new URLSearchParams(); // what a link to the page as it is shown must say

// The address ends in "#PLACE?hide=NAME&...": a place on the page, and what is picked.
function fromAddress() {
  const [place, asked] = location.hash.slice(1).split("?", 2);
  return { place, asked: asked === undefined ? null : new URLSearchParams(asked) };
}

function toAddress() {
  const { place } = fromAddress();
  query.delete("hide");
  for (const name of hidden) query.append("hide", name);
  const hash = query.size ? `#${place}?${query}` : place ? `#${place}` : "";
  history.replaceState(null, "", hash || location.pathname + location.search);
}

function showVariants() {
  const off = new Set(chips.filter((chip) => hidden.has(chip.dataset.name)).map((chip) => chip.value));
  for (const chip of chips) chip.checked = !off.has(chip.value);
  for (const part of all("[data-variants]")) {
    part.classList.toggle("off", part.dataset.variants.split(" ").some((place) => off.has(place)));
  }
  const shown = chips.length - off.size;
  document.querySelector("#variants .count").textContent = off.size ? `${shown} of ${chips.length} shown` : `all ${shown} shown`;
  const note = document.getElementById("hidden-variants");
  const names = chips.filter((chip) => off.has(chip.value)).map((chip) => chip.dataset.name);
  note.hidden = !off.size;
  note.textContent = `Hidden: ${names.join(", ")}. All numbers stay as they are: p is adjusted over all comparisons.`;
}

function hide(names) {
  hidden.clear();
  for (const name of names) hidden.add(name);
  showVariants();
  toAddress();
}

if (chips.length) {
  const box = document.getElementById("variants");
  const names = chips.map((chip) => chip.dataset.name);
  box.hidden = false;
  box.open = wide.matches;
  wide.addEventListener("change", () => (box.open = wide.matches));
  for (const chip of chips) {
    chip.addEventListener("change", () => hide(names.filter((name, place) => !chips[place].checked)));
  }
  box.querySelector(".show").addEventListener("click", () => hide([]));
  box.querySelector(".none").addEventListener("click", () => hide(names));
}

const readers = []; // of scripts that keep something in the address

function readAddress() {
  const { place, asked } = fromAddress();
  if (asked) {
    hidden.clear();
    for (const name of asked.getAll("hide")) if (chips.some((chip) => chip.dataset.name === name)) hidden.add(name);
    for (const reader of readers) reader(asked);
  }
  if (chips.length) showVariants();
  if (place) lead(place);
  if (hidden.size || query.size) toAddress();
}

addEventListener("hashchange", readAddress);
