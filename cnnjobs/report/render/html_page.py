"""A report in the form of a web page: its parts numbered, named and marked, before they are written as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup

from cnnjobs.report.model import Chart, Document, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.html_figures import inline
from cnnjobs.report.render.html_files import PackedFiles, Saved
from cnnjobs.report.render.html_tables import Column, Line, columns_and_lines
from cnnjobs.report.render.html_variants import Variants
from cnnjobs.report.render.html_words import Glossary, Linker
from cnnjobs.store.files import plain_name

TABLE_FILES = ("csv", "tex", "parquet")
"""Kinds of file of a table that a page offers."""

LONG_TABLE = 40
"""A table with more rows than this scrolls within itself; in print it is whole."""

SMALL = 640
"""Figures up to this width, CSS pixels, remain readable at two thirds of it."""

NARROW = 640
"""Figures up to this width, CSS pixels, are shown whole on a phone; wider ones scroll sideways there."""

PAIRS = "pairs"
"""Name of the table of all pairs, from which a reader picks two variants."""

LONGEST_GIST = 160
"""Letters of what stands beside the heading of a closed section."""


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
class Table:
    """A table of the page; `number` counts from 1, `pairs` says whether two variants can be picked from it."""

    id: str
    number: int
    title: str
    columns: Sequence[Column]
    rows: Sequence[Line]
    files: Sequence[Saved]
    long: bool
    pairs: bool
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A figure of the page; `number` counts from 1, `small` ones lie beside each other, `wide` ones may scroll."""

    id: str
    number: int
    title: str
    svg: Markup
    file: str
    files: Sequence[Saved]
    small: bool
    wide: bool
    variants: str
    kind: str = "figure"


@dataclass(frozen=True)
class Copied:
    """A text to be copied."""

    id: str
    title: str
    text: str
    code: bool
    files: Sequence[Saved]
    kind: str = "copied"


@dataclass(frozen=True)
class Meanings:
    """Terms and what they mean: id, term, and meaning in HTML."""

    terms: Sequence[tuple[str, str, Markup]]
    kind: str = "terms"


Shown = Words | Table | Figure | Copied | Meanings


@dataclass(frozen=True)
class Part:
    """A section of the page.

    Args:
        id: of it.
        title: its heading.
        how_to_read: in HTML.
        elements: what it shows.
        parts: of it.
        open: whether it is open at first, where it can be closed.
        gist: what it holds, for the heading of a closed one.
        variants: which variants it is about, by their places; empty for several, or none.
    """

    id: str
    title: str
    how_to_read: Markup
    elements: Sequence[Shown]
    parts: Sequence["Part"]
    open: bool
    gist: str
    variants: str


@dataclass
class Page:
    """Makes the parts of one page; counts its tables and figures, and gives no id twice.

    Args:
        document: the report.
        figures: name of each chart -> the chart as SVG.
        packed: files that the page offers.
    """

    document: Document
    figures: Mapping[str, bytes]
    packed: PackedFiles
    taken: set[str] = field(default_factory=set)
    tables: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        """Name all terms first: they are linked from sections before them."""
        self.variants = Variants(self.document.variants)
        terms = [element for element in self.document.elements if isinstance(element, Terms)]
        meanings = {term: meaning for element in terms for term, meaning in element.meanings.items()}
        ids = {term: self._id(f"term {term}") for term in meanings}
        self.glossary = Glossary(ids, {term: meaning.replace("`", "") for term, meaning in meanings.items()})

    def parts(self) -> list[Part]:
        """Return the sections in the form of the page."""
        return [self._part(section, opened=True) for section in self.document.sections]

    def _part(self, section: Section, *, opened: bool) -> Part:
        name = self._id(section.title)
        linker = Linker(self.glossary)
        how = linker.words(section.how_to_read)
        elements = list(self._elements(section, linker))
        parts = [self._part(part, opened=place == 0) for place, part in enumerate(section.sections)]
        opened, variants = opened and not section.folded, self.variants.of(section.variant)
        return Part(name, section.title, how, elements, parts, opened, gist(section), variants)

    def _elements(self, section: Section, linker: Linker) -> Iterator[Shown]:
        for kind, group in groupby(
            section.elements, lambda element: element.kind if isinstance(element, Text) else None
        ):
            if kind is not None:
                words = Linker(Glossary()) if kind == "verdict" else linker
                yield Words(kind, [words.words(element.text) for element in group if isinstance(element, Text)])
                continue
            for element in group:
                if isinstance(element, ReportTable):
                    yield self._table(element)
                elif isinstance(element, Chart):
                    yield self._figure(element)
                elif isinstance(element, Passage):
                    yield self._copied(element)
                elif isinstance(element, Terms):
                    yield self._meanings(element)

    def _table(self, report_table: ReportTable) -> Table:
        self.tables += 1
        columns, rows = columns_and_lines(report_table, self.variants, self.glossary)
        files = self.packed.of("tables", report_table.name, TABLE_FILES)
        name, long = self._id(f"table {report_table.name}"), len(rows) > LONG_TABLE
        pairs = report_table.name == PAIRS and bool(self.variants.chips)
        return Table(name, self.tables, report_table.title, columns, rows, files, long, pairs)

    def _figure(self, chart: Chart) -> Figure:
        self.drawn += 1
        inlined = inline(self.figures[chart.name], f"f{self.drawn}-", chart.title, self.variants.marks)
        files = self.packed.of("figures", chart.name, ("csv",))
        name, file = self._id(f"figure {chart.name}"), plain_name(chart.name)
        small, wide = inlined.width <= SMALL, inlined.width > NARROW
        variants = self.variants.of(chart.variant)
        return Figure(name, self.drawn, chart.title, inlined.svg, file, files, small, wide, variants)

    def _copied(self, passage: Passage) -> Copied:
        stem, _, kind = passage.file.rpartition(".")
        files = self.packed.of("text", stem, (kind,))
        return Copied(self._id(f"text {passage.file}"), passage.title, passage.text, passage.code, files)

    def _meanings(self, terms: Terms) -> Meanings:
        words = Linker(Glossary()).words
        return Meanings([(self.glossary.ids[term], term, words(said)) for term, said in terms.meanings.items()])

    def _id(self, words: str) -> str:
        """Return an id made of letters, digits and dashes, no other's on the page."""
        name = f"s-{plain_name(words)[:50]}"
        free, number = name, 2
        while free in self.taken:
            free, number = f"{name}-{number}", number + 1
        self.taken.add(free)
        return free


def gist(section: Section) -> str:
    """Return in a line what a closed section holds: the titles of its parts, or of what it shows."""
    titles = [part.title for part in section.sections] or [
        element.title for element in section.elements if not isinstance(element, Text | Terms)
    ]
    line = "; ".join(titles)
    return line if len(line) <= LONGEST_GIST else f"{line[: LONGEST_GIST - 1].rstrip()}\u2026"
