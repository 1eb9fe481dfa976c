// Two variants compared with each other, out of the table of all pairs.

const pick = document.getElementById("pick-two");

// A row is "variant minus other"; the other way round its numbers change their signs, and A above B becomes B above A.
const opposite = (text) => text.replace(/[+-](?=\d*\.?\d*[1-9])/, (sign) => (sign === "+" ? "-" : "+"));
const TURNED = {
  mean: opposite,
  ci_low: (text) => text.replace(/\[([^,]+), ([^\]]+)\]/, (_, low, high) => `[${opposite(high)}, ${opposite(low)}]`),
  p_above: (text) => {
    const [share, low, high] = (text.match(/[\d.]+/g) ?? []).map((number) => (1 - number).toFixed(2));
    return high === undefined ? (share ?? text) : `${share} [${high}, ${low}]`;
  },
};

function shownPair() {
  const [a, b] = [pick.elements.a, pick.elements.b].map((select) => select.selectedIndex);
  const table = document.getElementById(pick.dataset.table).querySelector("table");
  const sought = [a, b].sort((one, other) => one - other).join(" ");
  const rows = [...table.tBodies[0].rows];
  const placed = (row) => (row.dataset.variants ?? "").split(" ").map(Number).sort((one, other) => one - other).join(" ");
  const row = rows.find((one) => placed(one) === sought);
  const found = pick.querySelector(".found");
  found.replaceChildren();
  for (const one of rows) one.classList.toggle("picked", one === row);
  if (!row) {
    found.textContent = a === b ? "Pick two different variants." : "These two have no pairs of runs yet.";
    return;
  }
  const list = document.createElement("dl");
  const asPicked = row.dataset.variants === `${a} ${b}`;
  [...row.cells].forEach((cell, place) => {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    const head = table.tHead.rows[0].cells[place];
    const turn = { ...TURNED, variant: () => row.cells[1].textContent, other: () => row.cells[0].textContent }[head.dataset.by];
    term.textContent = head.textContent;
    value.textContent = asPicked || !turn ? cell.textContent : turn(cell.textContent);
    const line = document.createElement("div");
    line.append(term, value);
    list.append(line);
  });
  const about = document.createElement("p");
  about.textContent = "Exploratory, without verdict: this pair was picked out of many.";
  found.append(list, about);
}

if (pick) {
  const { a, b } = pick.elements;
  const names = [...a.options].map((option) => option.text);
  const choose = (asked) => {
    for (const select of [a, b]) {
      const place = names.indexOf(asked.get(select.name));
      if (place >= 0) {
        select.selectedIndex = place;
        query.set(select.name, names[place]);
      }
    }
    shownPair();
  };
  pick.hidden = false;
  for (const link of all("#variants a")) link.hidden = false;
  b.selectedIndex = 1;
  readers.push(choose);
  pick.addEventListener("change", () => {
    for (const select of [a, b]) query.set(select.name, select.value);
    shownPair();
    toAddress();
  });
  pick.querySelector(".only").addEventListener("click", () => hide(names.filter((name) => ![a.value, b.value].includes(name))));
  shownPair();
}

readAddress();
