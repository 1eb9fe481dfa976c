"""The comparison of a job for a notebook: tables, notes and box plot, inline."""

import base64
from collections.abc import Iterator

from markupsafe import Markup, escape

from cnnjobs.comparison.settings import settings_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.figures.comparison import box_plot
from cnnjobs.report.figures.style import Figure, render
from cnnjobs.report.model import ReportTable
from cnnjobs.report.sections.comparison import shown_differences, shown_ranking
from cnnjobs.report.sections.decision_charts import decision_charts
from cnnjobs.report.sections.decisions import decided_sentences
from cnnjobs.report.sections.factors import effects_in_short, effects_table
from cnnjobs.report.sections.ranking import is_ranked
from cnnjobs.report.sections.setup import compared_text, question_of, variants_table
from cnnjobs.report.sections.summary_table import summary_note, summary_table
from cnnjobs.report.sections.verdicts import notes


def comparison_html(table: JobTable) -> Markup:
    """Return a job's tables and its box plot as HTML."""
    return Markup("\n").join(_parts(table))


def _parts(table: JobTable) -> Iterator[Markup]:
    if question := question_of(table.job):
        yield Markup("<p>{}</p>").format(question)
    differing = [setting for setting in settings_of(table.job) if setting.differs]
    if differing:
        yield _report_table(variants_table(table, differing), compared_text(table))
    yield _report_table(*(shown_ranking(table) if is_ranked(table) else (summary_table(table), summary_note(table))))
    if table.comparisons and not is_ranked(table):
        yield _report_table(*shown_differences(table))
        if table.ruling is not None:
            yield from (Markup("<p>{}</p>").format(said) for said in decided_sentences(table))
    effects = effects_table(table)
    if effects is not None:
        yield _report_table(effects, effects_in_short(table))
    for note in notes(table):
        yield Markup("<p>note: {}</p>").format(note)
    for chart in decision_charts(table):
        yield _picture(chart.draw(), chart.title)
    figure = box_plot(table)
    if figure is not None:
        yield _picture(figure, f"Box plot of {table.metric.words} over the runs of each variant of {table.job.name}")


def _picture(figure: Figure, title: str) -> Markup:
    picture = base64.b64encode(render(figure, "png")).decode("ascii")
    return Markup('<img style="max-width: 640px; background: white" alt="{}" src="data:image/png;base64,{}">').format(
        title, picture
    )


def _report_table(report_table: ReportTable, note: str) -> Markup:
    compact = report_table.compact
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in compact.header)
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
        for cells in compact.cells
    )
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table><p>{}</p>").format(
        report_table.title, head, rows, escape(note)
    )
