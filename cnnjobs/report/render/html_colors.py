"""Colours of the HTML report, light and dark, and what becomes of a figure's colours on a dark page."""

from collections.abc import Iterable, Mapping

from cnnjobs.report.figures.style import ON_DARK, ON_LIGHT

Rgb = tuple[float, float, float]

LIGHT: Mapping[str, str] = {
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

DARK: Mapping[str, str] = {
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

FIXED = frozenset({ON_DARK, ON_LIGHT})
"""Text that lies on colours which are the same on both pages."""

LEAST_CONTRAST = 5.0
"""Of a figure's colours with the dark page; WCAG 2.2 asks for 3 (success criterion 1.4.11)."""

_GREY = 0.03
"""Colours whose channels differ by less (of 1) are taken for greys."""


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def dark_of(color: str) -> str:
    """Return what a figure's colour becomes on the dark page.

    Greys run from the dark page's paper (white) to its ink (black); other colours are mixed with white until they
    stand out.

    Args:
        color: "#rrggbb".
    """
    if color in FIXED:
        return color
    rgb = _rgb(color)
    if max(rgb) - min(rgb) < _GREY:
        return _hex(_mixed(_rgb(DARK["paper"]), _rgb(DARK["ink"]), (1 - sum(rgb) / 3) ** 0.8))
    for step in range(21):
        found = _hex(_mixed(rgb, (1.0, 1.0, 1.0), step / 20))
        if contrast(found, DARK["paper"]) >= LEAST_CONTRAST:
            break
    return found


def theme_css(colors: Iterable[str]) -> str:
    """Return the variables of both pages as CSS: light by itself and in print, dark where asked for.

    Args:
        colors: that the figures use, "#rrggbb"; each is `var(--c-rrggbb, #rrggbb)` there.
    """
    figures = {f"c-{color[1:]}": dark_of(color) for color in sorted(set(colors))}
    light = _variables("light", LIGHT)
    dark = _variables("dark", {**DARK, **figures})
    return (
        f":root {{{light}}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{{dark}}} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{{dark}}} }}"
    )


def _variables(scheme: str, colors: Mapping[str, str]) -> str:
    return f"color-scheme: {scheme}; " + " ".join(f"--{name}: {color};" for name, color in colors.items())


def _rgb(color: str) -> Rgb:
    """Return red, green and blue in [0, 1]."""
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(rgb: Rgb) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in rgb)


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Return a mixture with that share of the other."""
    red, green, blue = (a + share * (b - a) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(rgb: Rgb) -> float:
    """Return the relative luminance of WCAG 2.2."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
