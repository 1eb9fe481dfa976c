"""Colours of the HTML report, light and dark; figures take those of the page for their ground, words and lines."""

from collections.abc import Mapping

from cnnjobs.report.figure_colors import BRIGHTENED

LIGHT: dict[str, str] = {
    "paper": "#ffffff",
    "panel": "#f5f6f8",
    "rule": "#d9dde3",
    "ink": "#1a1e24",
    "soft": "#545d69",
    "accent": "#1d5fa6",
    "verdict": "#eef4fb",
    "note": "#fdf6e3",
    "note-edge": "#b7791f",
}
"""Name of a CSS variable -> colour of the light page, which is that of print as well."""

DARK: dict[str, str] = {
    "paper": "#14171b",
    "panel": "#1d2127",
    "rule": "#343a43",
    "ink": "#e6e9ed",
    "soft": "#a3acb8",
    "accent": "#7db5f0",
    "verdict": "#182637",
    "note": "#2a2416",
    "note-edge": "#d9a441",
}
"""The same for the dark page."""


def theme_css() -> str:
    """Return the variables of both pages as CSS: light by itself and in print, dark where asked for."""
    plain = {bright_name(color): color for color in BRIGHTENED}
    bright = {bright_name(color): bright for color, bright in BRIGHTENED.items()}
    light = _variables("light", LIGHT | plain)
    dark = _variables("dark", DARK | bright)
    return (
        f":root {{{light}}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{{dark}}} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{{dark}}} }}"
    )


def bright_name(color: str) -> str:
    """Return the CSS variable of a colour that is brighter on the dark page."""
    return f"of-{color.removeprefix('#')}"


def _variables(scheme: str, values: Mapping[str, str]) -> str:
    return f"color-scheme: {scheme}; " + " ".join(f"--{name}: {value};" for name, value in values.items())
