// Files that are saved out of the page, and texts that are copied.

const packed = document.getElementById("files");
let unpacked = null;

async function unpack() {
  const { places, gzip } = JSON.parse(packed.textContent);
  const bytes = Uint8Array.from(atob(gzip), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return { places, bytes: await new Response(stream).arrayBuffer() };
}

for (const button of all("button.file")) {
  button.addEventListener("click", async () => {
    const { places, bytes } = await (unpacked ??= unpack());
    const name = button.dataset.file;
    download(name.split("/").pop(), bytes.slice(...places[name]), "application/octet-stream");
  });
}

// Browsers may keep the clipboard from pages that are opened as files; the older way is allowed there.
async function copied(source, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    source.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

for (const box of all(".copied")) {
  const button = box.querySelector(".copy");
  const source = box.querySelector("pre, blockquote");
  button.addEventListener("click", async () => {
    const paragraphs = source.matches("pre") ? [source] : all("p", source);
    const done = await copied(source, paragraphs.map((one) => one.textContent).join("\n\n"));
    if (!done) getSelection().selectAllChildren(source);
    button.textContent = done ? "Copied" : "Selected: copy it with the keyboard";
  });
}
