// Dark and light, for the report and the live page.

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
