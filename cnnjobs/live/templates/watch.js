// Shows what the server tells: parts of the page, and what changes of them. Words are put in as text, never as markup.
"use strict";

const parts = new Map();
const dirty = new Set();
const byId = (id) => document.getElementById(id);

function make(name, { text, cls, attributes = {} } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Make nodes the children of place. Those that are there are not moved, which would lose focus, selection and scrolling.
function arrange(place, nodes) {
  for (const child of [...place.children]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, i) => {
    if (place.children[i] !== node) place.insertBefore(node, place.children[i] ?? null);
  });
}

function swatch(color) {
  const made = make("span", { cls: "swatch", attributes: { "aria-hidden": "true" } });
  made.style.setProperty("--c", color);
  return made;
}

// What is known ------------------------------------------------------------------------------------------------------

function take(change) {
  if (change.reset) {
    for (const key of parts.keys()) dirty.add(key);
    parts.clear();
  }
  for (const key of change.drop ?? []) {
    parts.delete(key);
    dirty.add(key);
  }
  for (const [key, value] of Object.entries(change.set ?? {})) {
    parts.set(key, value);
    dirty.add(key);
  }
  for (const [key, value] of Object.entries(change.add ?? {})) {
    parts.set(key, { ...value, points: [...(parts.get(key)?.points ?? []), ...value.points] });
    dirty.add(key);
  }
  schedule();
}

// Words with code between backticks.
const paragraph = (text) => make("p", {}, ...text.split("`").map((piece, i) => (i % 2 ? make("code", { text: piece }) : piece)));

const job = () => parts.get("job");
const colorOf = (variant) => job()?.variants.find((one) => one.name === variant)?.color ?? "#888888";
const trials = () => [...parts].filter(([key]) => key.startsWith("trial:"));

let scheduled = false;
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    render();
  });
}

// Curves -------------------------------------------------------------------------------------------------------------

const MOST_DRAWN = 12;
const MOST_CARDS = 24;
let metric = "accuracy";
const hidden = new Map(); // variant -> whether it is hidden, where somebody has said so
const isHidden = (name) => hidden.get(name) ?? job().variants.findIndex((one) => one.name === name) >= MOST_DRAWN;

const SVG = "http://www.w3.org/2000/svg";
function draw(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function steps(low, high, count, whole = false) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) found.push(value);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// A line through points [epoch, value]; it breaks where there is no value.
function path(points, x, y) {
  let told = "";
  let open = false;
  for (const [epoch, value] of points) {
    if (value === null || value === undefined) open = false;
    else {
      told += `${open ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`;
      open = true;
    }
  }
  return told;
}

function area(epochs, low, high, x, y) {
  const there = epochs.map((epoch, place) => [epoch, low[place], high[place]]).filter((one) => one[1] !== null);
  if (!there.length) return "";
  const up = there.map(([epoch, , top]) => `${x(epoch).toFixed(1)} ${y(top).toFixed(1)}`);
  const down = there.reverse().map(([epoch, bottom]) => `${x(epoch).toFixed(1)} ${y(bottom).toFixed(1)}`);
  return `M${up.join("L")}L${down.join("L")}Z`;
}

// series: {color, cls, points} and {color, band: {epochs, low, high}}
function chart(place, series, { label, width, height, axis }) {
  const own = series.flatMap((one) =>
    one.band ? one.band.epochs.flatMap((epoch, i) => [[epoch, one.band.low[i]], [epoch, one.band.high[i]]]) : one.points,
  ).filter((point) => point[1] !== null && point[1] !== undefined);
  const epochs = own.map((point) => point[0]);
  const values = own.map((point) => point[1]);
  const last = Math.max(2, axis?.epochs ?? 0, epochs.reduce((a, b) => Math.max(a, b), 1));
  let low = values.reduce((a, b) => Math.min(a, b), Infinity);
  let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!own.length) [low, high] = [0, 1];
  if (high - low < 1e-9) [low, high] = [low - 0.5, high + 0.5];
  const room = (high - low) * 0.05;
  [low, high] = [low - room, high + room];
  const left = axis.small ? 34 : 44;
  const box = { left, right: width - 12, top: axis.small ? 8 : 24, bottom: height - (axis.small ? 18 : 36) };
  const x = (epoch) => box.left + ((epoch - 1) / (last - 1)) * (box.right - box.left);
  const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label });
  const ys = own.length ? steps(low, high, axis.small ? 2 : 5) : { found: [] };
  for (const value of ys.found) {
    svg.append(draw("line", { class: "grid", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }));
    svg.append(draw("text", { x: box.left - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(ys.digits)));
  }
  for (const epoch of steps(1, last, axis.small ? 3 : Math.max(3, Math.min(8, width / 90)), true).found) {
    if (epoch >= 1) svg.append(draw("text", { x: x(epoch), y: box.bottom + 15, "text-anchor": "middle" }, epoch));
  }
  if (!axis.small) {
    svg.append(draw("text", { x: 0, y: 12 }, axis.label));
    svg.append(draw("text", { x: box.right, y: height - 4, "text-anchor": "end" }, "epoch"));
  }
  for (const one of [...series].sort((a, b) => Boolean(b.band) - Boolean(a.band))) {
    if (one.band) {
      const band = draw("path", { class: "band", d: area(one.band.epochs, one.band.low, one.band.high, x, y) });
      band.style.fill = one.color;
      svg.append(band);
    } else {
      svg.append(draw("path", { class: one.cls, stroke: one.color, d: path(one.points, x, y) }));
      const there = one.points.filter((point) => point[1] !== null && point[1] !== undefined);
      if (there.length === 1) {
        svg.append(draw("circle", { cx: x(there[0][0]), cy: y(there[0][1]), r: 2.5, fill: one.color }));
      }
    }
  }
  place.replaceChildren(svg);
}

function columnsOf(name) {
  const columns = job().columns;
  return { train: columns.indexOf(name), validation: columns.indexOf(`val_${name}`) };
}

const scaled = (value, factor) => (value === null || value === undefined ? null : value * factor);

function linesOf(trial, factor, color, thin) {
  const at = columnsOf(metric);
  const of = (place) => trial.points.map((point) => [point[0], scaled(point[place + 1], factor)]);
  const found = [{ color, cls: `${thin} train`, points: of(at.train) }, { color, cls: thin, points: of(at.validation) }];
  return found.filter((one) => one.points.some((point) => point[1] !== null));
}

const sayValue = (value, factor) => (factor === 100 ? `${value.toFixed(1)}%` : value.toPrecision(3));

function renderCurves() {
  const about = job();
  const shown = about.curves.find((one) => one.name === metric) ?? about.curves[0];
  const { factor } = shown;
  const series = [];
  const told = [];
  let drawn = 0;
  for (const { name, color } of about.variants) {
    const band = parts.get(`band:${name}`);
    if (!band || isHidden(name)) continue;
    const times = (list) => list.map((value) => scaled(value, factor));
    const validation = band[`val_${metric}`];
    const train = band[metric];
    const main = validation ?? train;
    if (!main) continue;
    drawn += 1;
    const [low, middle, high] = main.map(times);
    series.push({ color, band: { epochs: band.epochs, low, high } });
    if (validation && train) {
      series.push({ color, cls: "middle train", points: band.epochs.map((epoch, i) => [epoch, scaled(train[1][i], factor)]) });
    }
    series.push({ color, cls: "middle", points: band.epochs.map((epoch, i) => [epoch, middle[i]]) });
    const last = middle.findLast((value) => value !== null);
    if (last !== undefined) told.push(`${name}: ${band.runs} ${band.runs === 1 ? "run" : "runs"}, median ${sayValue(last, factor)} in the end`);
  }
  let longest = 0;
  for (const [, trial] of trials()) {
    longest = Math.max(longest, trial.epochs ?? 0);
    if (!isHidden(trial.variant)) series.push(...linesOf(trial, factor, colorOf(trial.variant), "thin"));
  }
  byId("curves").hidden = !series.length && !drawn && !about.variants.some((one) => parts.has(`band:${one.name}`)) && !trials().length;
  const place = byId("chart");
  const width = Math.max(260, place.clientWidth || 640);
  const label = `${shown.label} by epoch. ${told.join("; ") || "No run has ended yet"}.`;
  chart(place, series, { label, width, height: Math.round(Math.min(420, Math.max(240, width * 0.5))), axis: { label: shown.label, epochs: longest } });
}

function renderChoices() {
  const about = job();
  if (!about.curves.some((one) => one.name === metric)) metric = about.curves[0].name;
  const legend = byId("metrics").querySelector("legend");
  byId("metrics").replaceChildren(legend, ...about.curves.map((one) => {
    const input = make("input", { attributes: { type: "radio", name: "metric", value: one.name } });
    input.checked = one.name === metric;
    input.addEventListener("change", () => {
      metric = one.name;
      dirty.add("curves");
      schedule();
    });
    return make("label", {}, input, one.name);
  }));
  byId("legend").replaceChildren(...about.variants.map(({ name, color }) => {
    const button = make("button", { attributes: { type: "button", "aria-pressed": String(!isHidden(name)) } }, swatch(color), name);
    button.addEventListener("click", () => {
      hidden.set(name, !isHidden(name));
      button.setAttribute("aria-pressed", String(!isHidden(name)));
      dirty.add("curves");
      schedule();
    });
    return button;
  }));
}

// Trials under way ---------------------------------------------------------------------------------------------------

const cards = new Map();

function renderTrials() {
  const all = trials();
  const { factor } = job().curves.find((one) => one.name === metric) ?? { factor: 1 };
  byId("running").hidden = !all.length;
  const shown = all.slice(0, MOST_CARDS);
  for (const [key, card] of cards) {
    if (!shown.some(([other]) => other === key)) {
      card.remove();
      cards.delete(key);
    }
  }
  for (const [key, trial] of shown) {
    let card = cards.get(key);
    if (!card) {
      card = make("li", {}, make("h3"), make("p"), make("div", { cls: "chart" }));
      cards.set(key, card);
      byId("trials").append(card);
      card.dataset.key = "";
    }
    const state = `${metric} ${JSON.stringify([trial.text, trial.quiet, trial.points.length])} ${card.clientWidth}`;
    if (card.dataset.key === state) continue;
    card.dataset.key = state;
    const color = colorOf(trial.variant);
    card.querySelector("h3").replaceChildren(swatch(color), trial.label);
    const lines = linesOf(trial, factor, color, "middle");
    const last = lines.at(-1)?.points.findLast((point) => point[1] !== null)?.[1];
    const value = last === undefined ? "" : `${metric} ${sayValue(last, factor)}`;
    const told = trial.quiet ? make("span", { cls: "quiet", text: trial.quiet }) : make("span", { text: trial.text });
    card.querySelector("p").replaceChildren(told, make("span", { text: value }));
    const place = card.querySelector(".chart");
    place.hidden = !lines.length;
    if (lines.length) {
      const label = `${metric} of ${trial.label} so far, ${trial.text}: ${value}`;
      chart(place, lines, { label, width: Math.max(200, place.clientWidth || 240), height: 110, axis: { small: true, epochs: trial.epochs } });
    }
  }
  byId("more").textContent = all.length > shown.length ? `and ${all.length - shown.length} more` : "";
}

// Words and tables ---------------------------------------------------------------------------------------------------

const NAMES = { running: "Running.", complete: "", stopped: "", waiting: "" };
let said = "";

function announce(text) {
  if (text && text !== said) byId("announced").textContent = text;
  said = text;
}

let before = null;
function renderNow() {
  const now = parts.get("now") ?? {};
  byId("state").textContent = NAMES[now.state] ?? "";
  byId("line").textContent = now.text ?? "";
  const share = now.state === "running" ? now.fraction : now.expected ? Math.min(1, now.done / now.expected) : 0;
  const percent = Math.round(100 * (now.state === "complete" ? 1 : (share ?? 0)));
  byId("bar").setAttribute("aria-valuenow", percent);
  byId("bar").firstElementChild.style.width = `${percent}%`;
  const count = now.expected ? `${now.done}/${now.expected} ` : "";
  document.title = `${count}${job()?.name ?? "cnnjobs"} - cnnjobs`;
  if (before !== null && now.state !== before) announce(now.state === "running" ? "The job runs." : (now.text ?? ""));
  before = now.state ?? before;
}

function renderAbout() {
  const about = job();
  byId("name").textContent = about?.name ?? "Waiting";
  byId("about").replaceChildren(...(about ? [`${about.dataset}, ${about.protocol}. Results: `, make("code", { text: about.place })] : []));
}

function renderTable() {
  const rows = parts.get("table") ?? [];
  byId("table").hidden = !rows.length;
  const most = parts.get("now")?.at_most ? "at most " : "";
  const columns = [
    ["mean", (row) => row.mean],
    ["SD", (row) => row.sd],
    ["done", (row) => `${row.completed + row.diverged} of ${most}${row.expected}`],
    ...["running", "failed", "diverged"].filter((name) => rows.some((row) => row[name])).map((name) => [name, (row) => row[name]]),
  ];
  const heads = [["variant"], ...columns].map(([text], i) => make("th", { text, cls: i ? "number" : "", attributes: { scope: "col" } }));
  byId("table").querySelector("thead").replaceChildren(make("tr", {}, ...heads));
  byId("table").querySelector("tbody").replaceChildren(...rows.map((row) => {
    const name = make("span", { cls: "named" }, swatch(colorOf(row.name)), row.name);
    const cells = columns.map(([, cell]) => make("td", { text: cell(row), cls: "number" }));
    return make("tr", {}, make("th", { attributes: { scope: "row" } }, name), ...cells);
  }));
  byId("table-note").textContent = `Mean and SD (ddof=1) of ${job()?.metric} over the runs that completed. Means that differ may differ by chance.`;
}

function renderComparison() {
  const told = parts.get("comparison");
  byId("comparison").hidden = !told;
  if (!told) return;
  const made = [];
  if (told.sentences) {
    made.push(make("p", { cls: "soft", text: `At ${told.at}${told.old ? "; more runs have ended since" : ""}.` }));
    made.push(make("div", { cls: "verdict" }, ...told.sentences.map(paragraph)));
  }
  if (told.cells) {
    const head = told.header.map((text, i) => make("th", { text, cls: i ? "number" : "", attributes: { scope: "col" } }));
    const body = told.cells.map((row) => make("tr", {}, ...row.map((text, i) =>
      make(i ? "td" : "th", { text, cls: i ? "number" : "", attributes: i ? {} : { scope: "row" } }))));
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
    made.push(make("div", { cls: "scroll", attributes: { role: "region", "aria-label": told.title, tabindex: "0" } }, table));
    made.push(make("p", { cls: "soft", text: told.note }));
  }
  if (told.notes?.length) made.push(make("div", { cls: "note", attributes: { role: "note" } }, ...told.notes.map(paragraph)));
  byId("compared").replaceChildren(...made);
  byId("comparison-about").replaceChildren(...paragraph(told.about).childNodes);
  byId("look").hidden = !told.ask;
  byId("look").disabled = false;
  byId("look").textContent = told.sentences ? "Compare again" : "Compare the runs so far";
}

byId("look").addEventListener("click", () => {
  byId("look").disabled = true;
  byId("look").textContent = "Comparing";
  fetch("look", { method: "POST" }).catch(() => renderComparison());
});

let failures = null;
const logs = new Map(); // trial -> its part of the page, which stays the same while others fail
function renderFailed() {
  const told = parts.get("failed") ?? { count: 0, trials: [] };
  byId("failed").hidden = !told.count;
  if (failures !== null && told.count > failures) announce(`${told.trials[0]?.label} failed: ${told.trials[0]?.error}`);
  failures = told.count;
  byId("failed-title").textContent = `Failed: ${told.count}`;
  for (const id of logs.keys()) if (!told.trials.some((trial) => trial.id === id)) logs.delete(id);
  const made = told.trials.map((trial) => {
    const state = JSON.stringify(trial);
    const old = logs.get(trial.id);
    if (old?.state === state) return old.part;
    const part = make("details", {}, make("summary", {}, trial.label, make("span", { text: trial.error })),
      make("pre", { text: trial.log || "There is no log.", attributes: { tabindex: "0", "aria-label": `Log of ${trial.label}` } }),
      make("p", { cls: "soft" }, "The whole log: ", make("code", { text: trial.place })));
    part.open = old?.part.open ?? false;
    logs.set(trial.id, { part, state });
    return part;
  });
  if (told.count > told.trials.length) made.push(make("p", { cls: "soft", text: `and ${told.count - told.trials.length} more, older ones` }));
  arrange(byId("failures"), made);
}

const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
function use(share) {
  const made = make("div", { cls: "use" }, make("div"));
  made.firstChild.style.width = `${Math.round(100 * Math.min(1, share))}%`;
  return made;
}

function renderMachine() {
  const told = parts.get("machine") ?? {};
  const rows = [];
  const add = (name, text, share) => rows.push(make("dt", { text: name }), make("dd", {}, text, ...(share === null ? [] : [use(share)])));
  if (told.busy !== null && told.busy !== undefined) {
    add("cores", `${Math.round(100 * told.busy)}% busy, ${told.cores} can be used`, told.busy);
  }
  if (told.memory_total) add("memory", `${gib(told.memory_used)} of ${gib(told.memory_total)}`, told.memory_used / told.memory_total);
  for (const gpu of told.gpus ?? []) {
    const memory = gpu.total ? `, ${gib(gpu.used * 2 ** 20)} of ${gib(gpu.total * 2 ** 20)}` : "";
    add(`GPU ${gpu.index}`, `${gpu.name}: ${gpu.busy === null ? "" : `${Math.round(100 * gpu.busy)}% busy`}${memory}`, gpu.busy);
  }
  byId("machine").hidden = !rows.length;
  byId("machine").querySelector("dl").replaceChildren(...rows);
  byId("machine-note").textContent = told.other ? `These figures are of ${told.host}. The trials run on ${told.other}, whose figures are not known here.` : told.host ? `Host: ${told.host}` : "";
}

function renderNotes() {
  const told = parts.get("notes") ?? [];
  byId("notes").hidden = !told.length;
  byId("notes").querySelector("ul").replaceChildren(...told.map((text) => make("li", { text })));
}

function renderTrouble() {
  const why = trouble ?? parts.get("trouble");
  byId("trouble").hidden = !why;
  byId("trouble").replaceChildren(...paragraph(why ?? "").childNodes);
}

let drawnJob = "";
function render() {
  const changed = (...names) => names.some((name) => [...dirty].some((key) => key === name || (name.endsWith(":") && key.startsWith(name))));
  const about = JSON.stringify(job() ?? null);
  if (about !== drawnJob) {
    drawnJob = about;
    renderAbout();
    if (job()) renderChoices();
    for (const name of ["table", "curves", "trial:", "now"]) dirty.add(name);
  }
  if (changed("now")) renderNow();
  if (changed("table", "now")) renderTable();
  if (changed("comparison")) renderComparison();
  if (changed("failed")) renderFailed();
  if (changed("machine")) renderMachine();
  if (changed("notes")) renderNotes();
  renderTrouble();
  if (job() && changed("curves", "band:", "trial:")) {
    renderCurves();
    renderTrials();
  }
  dirty.clear();
}

let width = 0;
new ResizeObserver(() => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  dirty.add("curves");
  schedule();
}).observe(document.body);

// The connection: browsers hold few at a time, so that a tab which nobody sees gives its own up -----------------------

const HIDDEN_MS = 10000;
let events = null;
let trouble = null;
let over = false;
let later = 0;

function connect() {
  if (events || over) return;
  events = new EventSource("events");
  events.addEventListener("message", (event) => {
    if (trouble) announce("Connected again.");
    trouble = null;
    take(JSON.parse(event.data));
  });
  events.addEventListener("over", (event) => {
    over = true;
    trouble = `${event.data} This page shows the last state that it knew.`;
    announce(trouble);
    disconnect();
    schedule();
  });
  events.addEventListener("error", () => {
    if (over) return;
    const lost = events && events.readyState === EventSource.CLOSED;
    trouble = lost ? "The page is no longer served." : "Not connected. This page shows the last state that arrived, and tries again.";
    announce(trouble);
    schedule();
  });
}

function disconnect() {
  events?.close();
  events = null;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(later);
  if (document.hidden) later = setTimeout(disconnect, HIDDEN_MS);
  else connect();
});
connect();
