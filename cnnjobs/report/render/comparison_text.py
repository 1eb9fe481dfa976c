"""The comparison of a job as text, for the terminal and Python's prompt."""

from collections.abc import Iterator

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


def table_lines(table: JobTable) -> Iterator[str]:
    """Yield the tables of a comparison, and its notes."""
    yield ""
    yield grid_text(*(shown_ranking(table) if is_ranked(table) else (summary_table(table), summary_note(table))))
    if table.comparisons and not is_ranked(table):
        yield grid_text(*shown_differences(table))
        if table.ruling is not None:
            yield from (visible(said) for said in (*decided_sentences(table), ""))
    effects = effects_table(table)
    if effects is not None:
        yield grid_text(effects, effects_in_short(table))
    for note in notes(table):
        yield visible(f"note: {clause(note)}")


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
