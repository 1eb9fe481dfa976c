// Figures that are enlarged, and saved as SVG or PNG.

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

// The figure for itself: in points, light, without what ties it to the page; hidden variants are left out.
function alone(svg) {
  const copy = svg.cloneNode(true);
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", `${width}pt`);
  copy.setAttribute("height", `${height}pt`);
  copy.style.removeProperty("--width");
  copy.style.removeProperty("--height");
  for (const part of all(".off", copy)) part.remove();
  for (const part of all("[data-variants]", copy)) part.removeAttribute("data-variants");
  const text = new XMLSerializer().serializeToString(copy).replace(/var\(--\w+, (#[0-9a-f]{6})\)/g, "$1");
  return `<?xml version="1.0" encoding="utf-8"?>\n${text}\n`;
}

function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const DENSITY = 2.5; // pixels of a PNG a CSS pixel: 240 an inch

async function png(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(alone(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width * DENSITY, image.height * DENSITY];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

for (const figure of all("figure")) {
  const button = figure.querySelector(".enlarge");
  const name = figure.dataset.file;
  const drawn = () => figure.querySelector("svg");
  button.addEventListener("click", () => enlarge(figure));
  figure.querySelector(".drawing").addEventListener("click", () => button.click());
  figure.querySelector(".svg").addEventListener("click", () => download(`${name}.svg`, alone(drawn()), "image/svg+xml"));
  figure.querySelector(".png").addEventListener("click", async () => download(`${name}.png`, await png(drawn()), "image/png"));
}
