"""A report as one self-contained web page."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files as package_files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cnnjobs.report.model import Document
from cnnjobs.report.render.html_colors import theme_css
from cnnjobs.report.render.html_files import packed_files
from cnnjobs.report.render.html_page import Page

SCRIPTS = ("tables", "figures", "files", "parts", "variants", "pairs", "theme", "buttons")
"""Scripts of the page, in the order in which they run; each uses what those before it define."""

NO_FILES: Mapping[str, bytes] = {}


def html_report(document: Document, figures: Mapping[str, bytes], files: Mapping[str, bytes] = NO_FILES) -> str:
    """Return a report as a web page with its style, scripts, figures and files inside; it needs nothing beside it.

    Args:
        document: the report. All of its words are escaped.
        figures: name of each chart -> the chart as SVG, as `style.render` makes it.
        files: place within the report -> content; the page offers tables, values of figures, and texts to be saved.

    Raises:
        ValueError: if a chart has no figure.
    """
    missing = [chart.name for chart in document.charts if chart.name not in figures]
    if missing:
        raise ValueError(f"`figures` must have an SVG of every chart. Received none of: {', '.join(missing)}.")
    offered = {name: content for name, content in files.items() if not name.endswith((".svg", ".png", ".pdf"))}
    packed = packed_files(offered)
    page = Page(document, figures, packed)
    script = Markup("\n").join([Markup('"use strict";'), *(_asset(f"{name}.js") for name in SCRIPTS)])
    return (
        _environment()
        .get_template("report.html")
        .render(
            title=document.title,
            parts=page.parts(),
            chips=page.variants.chips,
            packed=packed.json() if packed.files else "",
            damaged=document.damaged,
            theme=Markup(theme_css()),
            style=_asset("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _asset(name: str) -> Markup:
    """Return a style or script of the package, which needs no escaping."""
    return Markup(package_files("cnnjobs.report.render").joinpath("templates", name).read_text(encoding="utf-8"))


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cnnjobs.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
