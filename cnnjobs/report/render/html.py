"""A report as one self-contained web page."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cnnjobs.report.model import Chart, Document, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.html_colors import theme_css
from cnnjobs.report.render.html_figures import inline
from cnnjobs.report.render.html_tables import Cell, Column, columns_and_cells
from cnnjobs.store.files import plain_name

TABLE_FILES = ("csv", "tex", "parquet")
"""Kinds of file that lie in `tables/` beside the page, one of each a table."""

NAMES = {"tex": "LaTeX", "parquet": "Parquet"}
"""Kinds of file that have another name than their capitals."""

NO_FILES: Mapping[str, Sequence[str]] = {}

MOST_OPEN = 6
"""A section with more parts than this shows the first one open, and the others closed until they are asked for."""

LONG_TABLE = 40
"""A table with more rows than this scrolls within itself; in print it is whole."""

SMALL = 640
"""Figures up to this width, CSS pixels, remain readable at two thirds of it."""


@dataclass(frozen=True)
class Words:
    """Paragraphs of one kind.

    Args:
        kind: as of `Text`.
        paragraphs: in HTML.
    """

    kind: str
    paragraphs: Sequence[Markup]


@dataclass(frozen=True)
class Link:
    """A file beside the page."""

    name: str
    address: str


@dataclass(frozen=True)
class Table:
    """A table of the page; `number` counts from 1."""

    id: str
    number: int
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    links: Sequence[Link]
    long: bool
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A figure of the page; `number` counts from 1, and two small ones find room beside each other."""

    id: str
    number: int
    title: str
    svg: Markup
    file: str
    links: Sequence[Link]
    small: bool
    kind: str = "figure"


@dataclass(frozen=True)
class Copied:
    """A text to be copied; `file` lies in `text/` beside the page."""

    id: str
    title: str
    text: str
    code: bool
    file: str
    kind: str = "copied"


@dataclass(frozen=True)
class Meanings:
    """Terms and what they mean, in HTML."""

    terms: Sequence[tuple[str, Markup]]
    kind: str = "terms"


@dataclass(frozen=True)
class Part:
    """A section of the page, and whether it is open where it can be closed."""

    id: str
    title: str
    how_to_read: Markup
    elements: Sequence[Words | Table | Figure | Copied | Meanings]
    parts: Sequence["Part"]
    open: bool


def html_report(
    document: Document,
    figures: Mapping[str, bytes],
    *,
    table_files: Sequence[str] = TABLE_FILES,
    figure_files: Mapping[str, Sequence[str]] = NO_FILES,
) -> str:
    """Return a report as a web page with its style, script and figures inside; it asks for nothing from elsewhere.

    Args:
        document: the report. All of its words are escaped.
        figures: name of each chart -> the chart as SVG, as `style.render` makes it.
        table_files: kinds of file of every table that lie at `tables/NAME.KIND` beside the page; it links to them.
        figure_files: name of each chart -> kinds of its files at `figures/NAME.KIND`; CSV holds the values drawn.

    Raises:
        ValueError: if a chart has no figure.
    """
    missing = [chart.name for chart in document.charts if chart.name not in figures]
    if missing:
        raise ValueError(f"`figures` must have an SVG of every chart. Received none of: {', '.join(missing)}.")
    page = _Page(figures, table_files, figure_files)
    parts = page.parts(document.sections, level=0)
    script = _asset("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            title=document.title,
            parts=parts,
            damaged=document.damaged,
            theme=Markup(theme_css()),
            style=_asset("report.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


@dataclass
class _Page:
    """Makes the parts of one page; counts its tables and figures, and gives no id twice."""

    figures: Mapping[str, bytes]
    table_files: Sequence[str]
    figure_files: Mapping[str, Sequence[str]]
    taken: set[str] = field(default_factory=set)
    tables: int = 0
    drawn: int = 0

    def parts(self, sections: Sequence[Section], level: int) -> list[Part]:
        """Return the sections in the form of the page."""
        few = level == 0 or len(sections) <= MOST_OPEN
        return [self._part(section, level, opened=few or place == 0) for place, section in enumerate(sections)]

    def _part(self, section: Section, level: int, *, opened: bool) -> Part:
        name = self._id(section.title)
        elements, parts = list(self._elements(section)), self.parts(section.sections, level + 1)
        return Part(
            name, section.title, _with_code(section.how_to_read), elements, parts, opened and not section.folded
        )

    def _elements(self, section: Section) -> Iterator[Words | Table | Figure | Copied | Meanings]:
        for kind, group in groupby(
            section.elements, lambda element: element.kind if isinstance(element, Text) else None
        ):
            if kind is not None:
                yield Words(kind, [_with_code(element.text) for element in group if isinstance(element, Text)])
                continue
            for element in group:
                if isinstance(element, ReportTable):
                    yield self._table(element)
                elif isinstance(element, Chart):
                    yield self._figure(element)
                elif isinstance(element, Passage):
                    name = self._id(f"text {element.file}")
                    yield Copied(name, element.title, element.text, element.code, element.file)
                elif isinstance(element, Terms):
                    yield Meanings([(term, _with_code(meaning)) for term, meaning in element.meanings.items()])

    def _table(self, report_table: ReportTable) -> Table:
        self.tables += 1
        columns, rows = columns_and_cells(report_table)
        links = _links("tables", report_table.name, self.table_files)
        name = self._id(f"table {report_table.name}")
        return Table(name, self.tables, report_table.title, columns, rows, links, long=len(rows) > LONG_TABLE)

    def _figure(self, chart: Chart) -> Figure:
        self.drawn += 1
        inlined = inline(self.figures[chart.name], f"f{self.drawn}-", chart.title)
        links = _links("figures", chart.name, self.figure_files.get(chart.name, ()))
        name = self._id(f"figure {chart.name}")
        small = inlined.width <= SMALL
        return Figure(name, self.drawn, chart.title, inlined.svg, plain_name(chart.name), links, small)

    def _id(self, words: str) -> str:
        """Return an id made of letters, digits and dashes, no other's on the page."""
        name = f"s-{plain_name(words)[:50]}"
        free, number = name, 2
        while free in self.taken:
            free, number = f"{name}-{number}", number + 1
        self.taken.add(free)
        return free


def _links(folder: str, name: str, kinds: Sequence[str]) -> list[Link]:
    return [Link(NAMES.get(kind, kind.upper()), quote(f"{folder}/{name}.{kind}")) for kind in kinds]


def _with_code(text: str) -> Markup:
    """Return words escaped, and what stands between backticks as code."""
    pieces = re.split(r"`([^`]+)`", text)
    marked = [Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces)]
    return Markup("").join(marked)


def _asset(name: str) -> Markup:
    """Return a style or script of the package, which needs no escaping."""
    return Markup(files("cnnjobs.report.render").joinpath("templates", name).read_text(encoding="utf-8"))


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cnnjobs.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
