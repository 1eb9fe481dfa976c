"""The comparison of a job as text, for the terminal and Python's prompt."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import ReportTable, Section, Text
from cnnjobs.report.render.text import table_text
from cnnjobs.report.sections.best import TITLE as BEST
from cnnjobs.report.sections.comparison import shown_differences, shown_ranking
from cnnjobs.report.sections.decisions import decided_sentences
from cnnjobs.report.sections.factors import effects_in_short, effects_table
from cnnjobs.report.sections.ranking import is_ranked
from cnnjobs.report.sections.summary_table import summary_note, summary_table
from cnnjobs.report.sections.verdicts import notes
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible

ALSO_SHOWN = ("half_width", "sources", "best")
"""Tables that the terminal shows where the report has them."""

ALSO_SAID = (BEST,)
"""Sections whose notes the terminal shows also without a table."""


def table_lines(table: JobTable, only: Collection[str] = ()) -> Iterator[str]:
    """Yield the tables of a comparison, and its notes.

    Args:
        table: the comparison.
        only: variants whose rows are shown, beside the reference where they are compared with it; empty for all.
    """
    shown = _among(table, only) if only else table
    yield ""
    yield grid_text(*(shown_ranking(shown) if is_ranked(shown) else (summary_table(shown), summary_note(shown))))
    if shown.comparisons and not is_ranked(shown):
        yield grid_text(*shown_differences(shown))
        if shown.ruling is not None:
            yield from (visible(said) for said in (*decided_sentences(shown), ""))
    effects = None if only else effects_table(table)  # of a grid, all variants are needed
    if effects is not None:
        yield grid_text(effects, effects_in_short(table))
    for note in notes(shown):
        yield visible(f"note: {clause(note)}")


def _among(table: JobTable, only: Collection[str]) -> JobTable:
    """Return a comparison with the rows of some variants."""
    rows = [row for row in table.rows if row.name in only]
    compared = any(row.comparison is not None and row.comparison.difference.mean is not None for row in rows)
    beside = [row for row in table.rows if row.name in only or (compared and row.name == table.reference)]
    shown = tuple(beside) if compared else tuple(replace(row, comparison=None) for row in rows)
    others = {row.name for row in table.rows} - {row.name for row in shown}
    about = tuple(note for note in table.notes if not any(note.startswith(f"{name}: ") for name in others))
    return replace(table, rows=shown, notes=about)


def section_text(section: Section) -> Iterator[str]:
    """Yield the tables of a section, and what to know of them, if the terminal shows it at all."""
    shown = any(isinstance(element, ReportTable) and element.name in ALSO_SHOWN for element in section.elements)
    if not shown and section.title not in ALSO_SAID:
        return
    for element in section.elements:
        if isinstance(element, ReportTable):
            yield ""
            yield grid_text(element)
        elif isinstance(element, Text) and element.kind != "text":
            yield visible(f"note: {clause(element.text)}" if element.kind == "note" else element.text)


def grid_text(report_table: ReportTable, note: str = "") -> str:
    """Return a table in brief."""
    return table_text(report_table.title, report_table.compact.header, report_table.compact.cells, note)
