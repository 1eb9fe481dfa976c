"""A report as data: sections of text, tables and charts, independent of any format."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
Row = Mapping[str, Any]
"""Column -> value, as computed and not rounded: a number, text, a truth value, or None where there is none."""


@dataclass(frozen=True)
class Text:
    """A paragraph in plain words; what stands between backticks is code, and nothing else is markup.

    Args:
        text: the words.
        kind: "text"; "note" for what a reader should know before trusting the numbers; "verdict" for what they say.
    """

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class DisplayColumn:
    """A column as people read it, made of a row's values.

    Args:
        header: over it.
        cell: makes its text.
        by: the value that the column is sorted by; None for the text.
        compact: whether it stays where there is little room, on the terminal and in papers.
        variant: the only one it is about; None for several, or none.
    """

    header: str
    cell: Callable[[Row], str]
    by: str | None = None
    compact: bool = True
    variant: str | None = None


@dataclass(frozen=True)
class ReportTable:
    """A table: one truth, `rows`, and how people read it.

    CSV and Parquet hold the rows, Markdown and HTML what `shown` makes of them, LaTeX and the terminal its compact
    columns.

    Args:
        name: of its files, without ending; plain, and no other's in a report.
        title: says what it shows.
        columns: names of the values of each row.
        rows: the values.
        shown: the columns for people; the first names the row.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    shown: Sequence[DisplayColumn]

    @property
    def header(self) -> tuple[str, ...]:
        """Headers of the columns for people."""
        return tuple(column.header for column in self.shown)

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """Rows for people."""
        return [tuple(column.cell(row) for column in self.shown) for row in self.rows]

    @property
    def compact(self) -> "ReportTable":
        """The table with its compact columns only."""
        return replace(self, shown=[column for column in self.shown if column.compact])


@dataclass(frozen=True)
class Chart:
    """A figure, drawn when it is written, and the values that it draws.

    Args:
        name: of its files, without ending; plain, and no other's in a report.
        title: says what it shows, for those who cannot see it as well.
        draw: makes it.
        columns: names of the values.
        rows: the values that it draws, each in the order of `columns`.
        variant: the only one it shows; None for several, or none.
    """

    name: str
    title: str
    draw: "Callable[[], Figure]"
    columns: Sequence[str]
    rows: Callable[[], Sequence[Sequence[Any]]]
    variant: str | None = None


@dataclass(frozen=True)
class Passage:
    """A text to be copied out of the report, into a paper for example; it is a file beside the report as well.

    Args:
        file: its name in `text/` beside the report; no other's in a report.
        title: says what it is.
        text: as it is copied: nothing in it is markup.
        code: whether its lines are kept as they are, as those of BibTeX.
    """

    file: str
    title: str
    text: str
    code: bool = False


@dataclass(frozen=True)
class Terms:
    """Terms and what they mean.

    Args:
        meanings: term -> its meaning, in the order in which they are shown; backticks as in `Text`.
    """

    meanings: Mapping[str, str]


Element = Text | ReportTable | Chart | Passage | Terms


@dataclass(frozen=True)
class Section:
    """A part of a report under a heading.

    Args:
        title: the heading, plain text.
        elements: what it says and shows, in order.
        sections: parts of it, one per variant for example.
        damaged: stored files that could not be read; what they hold is missing here.
        how_to_read: how to read what it shows, in a sentence or two for a student; empty where nothing is to be said.
        folded: whether a page shows only its heading until it is asked for.
        variant: the only one it is about; None for several, or none.
    """

    title: str
    elements: Sequence[Element]
    sections: Sequence["Section"] = ()
    damaged: Sequence[str] = ()
    how_to_read: str = ""
    folded: bool = False
    variant: str | None = None

    def all_elements(self) -> Iterator[Element]:
        """Yield the elements of this section and of its parts, in order."""
        yield from self.elements
        for section in self.sections:
            yield from section.all_elements()

    def all_damaged(self) -> tuple[str, ...]:
        """Return what could not be read, here and in its parts."""
        return (*self.damaged, *(file for section in self.sections for file in section.all_damaged()))


@dataclass(frozen=True)
class Document:
    """A report.

    Args:
        title: of it, plain text.
        sections: its parts.
        variants: name -> colour of each variant, "#rrggbb", in the order of the job; a page lets a reader hide them.
    """

    title: str
    sections: Sequence[Section]
    variants: Mapping[str, str] = field(default_factory=dict)

    @property
    def elements(self) -> list[Element]:
        """All elements, in order."""
        return [element for section in self.sections for element in section.all_elements()]

    @property
    def tables(self) -> list[ReportTable]:
        """All tables."""
        return [element for element in self.elements if isinstance(element, ReportTable)]

    @property
    def charts(self) -> list[Chart]:
        """All charts."""
        return [element for element in self.elements if isinstance(element, Chart)]

    @property
    def passages(self) -> list[Passage]:
        """All texts to be copied."""
        return [element for element in self.elements if isinstance(element, Passage)]

    @property
    def damaged(self) -> tuple[str, ...]:
        """Stored files that could not be read, each once."""
        return tuple(dict.fromkeys(file for section in self.sections for file in section.all_damaged()))
