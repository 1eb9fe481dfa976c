"""Shows and writes the comparison of one job: what `submit` ends with and `aggregate` does."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnjobs.spec.metrics import CURVES
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    from cnnjobs.analysis.document import Grid
    from cnnjobs.analysis.tables import JobTable
    from cnnjobs.analysis.writing import Written


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a person wants to see of a job.

    Args:
        metric: a column of `trials`; None for the job's own.
        reference: a variant; None for the job's own.
        curves: metrics that the learning curves show.
        alpha: of tests; one minus the level of intervals.
        margin: a difference worth resolving, in the unit in which differences are shown.
        with_predictions: whether to read the stored predictions.
    """

    metric: str | None = None
    reference: str | None = None
    curves: Sequence[str] = CURVES
    alpha: float = 0.05
    margin: float | None = None
    with_predictions: bool = True


def show_comparison(store: Store, asked: Asked, folder: Files | None = None) -> "JobTable":
    """Print a job's tables, write its report, print where it is, and return the comparison.

    Args:
        store: the job's.
        asked: what to show.
        folder: of the report; None for the store's own.
    """
    import click

    from cnnjobs.analysis.differences_grid import differences_grid
    from cnnjobs.analysis.report import job_document
    from cnnjobs.analysis.report_comparison import adjustment
    from cnnjobs.analysis.summary_grid import summary_grid
    from cnnjobs.analysis.tables import job_table
    from cnnjobs.analysis.writing import write_document
    from cnnjobs.cli.progress import Waiting

    table = job_table(store, asked.metric, asked.reference, asked.alpha, asked.margin)
    click.echo()
    _show_grid(summary_grid(table), "SD: ddof=1")
    if table.comparisons:
        corrected = ", corrected for the rows that folds share" if table.job["protocol"]["folds"] else ""
        note = f"Paired by repeat and fold; t intervals{corrected}. {adjustment(table)}"
        _show_grid(differences_grid(table), note)
    notes = list(table.notes)
    if table.stale:
        notes.append(f"{table.stale} stored trials are of settings the job no longer has: left out")
    for note in notes:
        click.echo(f"note: {note}")
    waiting = Waiting()
    document = job_document(store, table, waiting, asked.curves, with_predictions=asked.with_predictions)
    show_written(write_document(folder or store.files.below("report"), document, waiting))
    if not asked.with_predictions:
        click.echo(f"classes:  cnnjobs aggregate {shlex.quote(store.files.location)}")
    return table


def show_written(written: "Written") -> None:
    """Print where a report is, and what it could not read."""
    import click

    for name in written.damaged:
        click.echo(f"note: not readable, missing in the figures: {name}")
    if written.box_plot:
        click.echo(f"box plot: {written.box_plot}")
    click.echo(f"report:   {written.page}")


def _show_grid(grid: "Grid", note: str) -> None:
    from cnnjobs.cli.tables import show_table

    show_table(grid.title, grid.in_brief.header, grid.in_brief.cells, note)


def show_overlay(results: str, names: Sequence[str], curves: Sequence[str]) -> None:
    """Write the figure of several models into `overlay/`, and print where it is.

    Raises:
        StoreError: for a name that is no model.
    """
    import click

    from cnnjobs.analysis.overlay import choose, overlay_chart, read_histories
    from cnnjobs.analysis.writing import write_chart
    from cnnjobs.store.results import open_stores

    stores, _ = open_stores(results)
    folder = Files(results).below("overlay")
    histories, damaged = read_histories(choose(stores, names))
    chart = overlay_chart(histories, curves)
    write_chart(folder, chart)
    for name in damaged:
        click.echo(f"note: not readable, missing in the overlay: {name}")
    click.echo(f"overlay:  {folder.location}/{chart.name}.png")
