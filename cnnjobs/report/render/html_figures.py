"""Figures inside a web page: Matplotlib's SVG with ids of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from markupsafe import Markup

from cnnjobs.report.figure_colors import BRIGHTENED, THEMED
from cnnjobs.report.render.html_colors import bright_name

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

NO_VARIANTS: Mapping[str, str] = {}

_LEFT_OUT = ("metadata", "style", "script")
"""Elements that a page has no use for; a `style` would be that of the whole page."""

_DEFAULTS = (
    "stroke-linejoin: round; stroke-linecap: butt; fill: var(--ink, #000000); "
    "font-family: 'DejaVu Sans', Verdana, sans-serif"
)
"""What Matplotlib's own `style` element says, the font of all texts, and their colour where none is given."""

GROUND = {**THEMED, "#000000": "ink"} | {color: bright_name(color) for color in BRIGHTENED}
"""Colours of figures -> the variable of the page that takes their place."""

_COLOR = re.compile(rf"((?:fill|stroke): ?)({'|'.join(GROUND)})(?![0-9a-f])")
_FONT = re.compile(r"font-family: 'DejaVu Sans'[^;]*;? ?")
_DIGITS = re.compile(r"(\.\d{3})\d+")
_POINTS = re.compile(r"([\d.]+)pt")


@dataclass(frozen=True)
class Inlined:
    """A figure for a page.

    Args:
        svg: the element.
        width: its own, CSS pixels.
    """

    svg: Markup
    width: float


def inline(svg: bytes, prefix: str, title: str, variants: Mapping[str, str] = NO_VARIANTS) -> Inlined:
    """Return a figure to be put into a page beside others.

    Args:
        svg: as Matplotlib writes it.
        prefix: of its ids, no other figure's: Matplotlib gives the same ids to every figure.
        title: says what it shows, to those who cannot see it as well.
        variants: mark of each variant, as of `variant_mark` -> its place on the page; its parts get that.
    """
    root = ElementTree.fromstring(svg)
    _clean(root)
    used = _references(root)
    for element in root.iter():
        _rewrite(element, prefix, used, variants)
    width = _describe(root, title)
    return Inlined(Markup(ElementTree.tostring(root, encoding="unicode")), width)


def _clean(root: Element) -> None:
    """Drop what is left out, namespaces in names, and blanks between elements."""
    for parent in list(root.iter()):
        parent.tag = parent.tag.removeprefix(f"{{{SVG}}}")
        for child in list(parent):
            child.tail = None if parent.tag not in ("text", "tspan") else child.tail
            if child.tag.removeprefix(f"{{{SVG}}}") in _LEFT_OUT:
                parent.remove(child)
        if parent.tag not in ("text", "tspan"):
            parent.text = None


def _references(root: Element) -> set[str]:
    """Return the ids that something refers to; no others are needed."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    links = [element.attrib.get(f"{{{XLINK}}}href", "") for element in root.iter()]
    used = {name for value in values for name in re.findall(r"url\(#([^)]+)\)", value)}
    return used | {link[1:] for link in links if link.startswith("#")}


def _rewrite(element: Element, prefix: str, used: set[str], variants: Mapping[str, str]) -> None:
    """Give an element's attributes their form on the page."""
    attributes = dict(element.attrib)
    element.attrib.clear()
    for name, value in attributes.items():
        if name == "id":
            if value in used:
                element.set("id", f"{prefix}{value}")
            mark = value.rpartition(".")[0]
            if mark in variants:
                element.set("data-variants", variants[mark])
        elif name == f"{{{XLINK}}}href":
            element.set("xlink:href", f"#{prefix}{value[1:]}" if value.startswith("#") else value)
        elif name == "d":
            element.set("d", _DIGITS.sub(r"\1", " ".join(value.split())))
        else:
            element.set(name, _on_ground(_FONT.sub("", value.replace("url(#", f"url(#{prefix}"))))


def _on_ground(style: str) -> str:
    """Return a style whose colours of ground, words and lines are those of the page, light or dark."""
    return _COLOR.sub(lambda found: f"{found[1]}var(--{GROUND[found[2]]}, {found[2]})", style)


def _describe(root: Element, title: str) -> float:
    """Make the root an image with a name, as large as the page allows up to its own size; return its width."""
    width, height = (float(_POINTS.sub(r"\1", root.attrib.pop(side))) * 4 / 3 for side in ("width", "height"))
    root.attrib.update({"xmlns": SVG, "xmlns:xlink": XLINK, "role": "img", "aria-label": title})
    root.set("style", f"--width: {width:.0f}; --height: {height:.0f}; {_DEFAULTS}")
    heading = Element("title")
    heading.text = title
    root.insert(0, heading)
    return width
