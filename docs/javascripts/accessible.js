// What the theme leaves undone: code and tables that are wider than the page can be scrolled with the keyboard, and the
// buttons of each example are no landmark of the page.
function mend() {
  for (const part of document.querySelectorAll("pre > code, .md-typeset__scrollwrap")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
  for (const buttons of document.querySelectorAll("nav.md-code__nav:not([role])")) buttons.setAttribute("role", "none");
}
new ResizeObserver(mend).observe(document.body);
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
