"""Shows and writes the comparison of one job: what `submit` ends with and `aggregate` does."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnjobs.run.calling_machine import EVENTS
from cnnjobs.spec.metrics import CURVES
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    from cnnjobs.comparison.table import JobTable
    from cnnjobs.report.model import Grid, Section
    from cnnjobs.report.write import Written


ALSO_SHOWN = ("half_width", "sources")
"""Tables that the terminal shows where the report has them."""

TOGETHER_SHOWN = ("ranks", "pairs")
"""Tables of several data sets that the terminal shows."""


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
        others: jobs of the same results folder, as in their `job.json`.
    """

    metric: str | None = None
    reference: str | None = None
    curves: Sequence[str] = CURVES
    alpha: float = 0.05
    margin: float | None = None
    with_predictions: bool = True
    others: Sequence[Mapping[str, Any]] = ()


def show_comparison(store: Store, asked: Asked, folder: Files | None = None) -> "JobTable":
    """Print a job's tables, write its report, print where it is, and return the comparison.

    Args:
        store: the job's.
        asked: what to show.
        folder: of the report; None for the store's own.
    """
    import click

    from cnnjobs.comparison.table import job_table
    from cnnjobs.report.build import job_document
    from cnnjobs.report.model import Grid
    from cnnjobs.report.sections.comparison import adjustment, pairing
    from cnnjobs.report.sections.differences_table import differences_grid
    from cnnjobs.report.sections.summary_table import summary_grid
    from cnnjobs.report.sections.verdicts import notes
    from cnnjobs.report.write import write_document
    from cnnjobs.run.progress import Waiting

    waiting = Waiting()
    table = job_table(store, asked.metric, asked.reference, asked.alpha, asked.margin, on_progress=waiting)
    click.echo()
    _show_grid(summary_grid(table), "SD: ddof=1")
    if table.comparisons:
        _show_grid(differences_grid(table), f"{pairing(table)} {adjustment(table)}")
    for note in notes(table):
        click.echo(f"note: {note}")
    document = job_document(
        store, table, waiting, asked.curves, with_predictions=asked.with_predictions, others=asked.others
    )
    for section in document.sections:
        if any(isinstance(block, Grid) and block.name in ALSO_SHOWN for block in section.blocks):
            _show_section(section)
    written = write_document(folder or store.files.below("report"), document, waiting)
    if os.environ.get(EVENTS) and store.files.is_local:
        return table  # it is read on another machine, where these paths lead nowhere
    show_written(written)
    if not asked.with_predictions:
        click.echo(f"classes:  cnnjobs aggregate {shlex.quote(store.files.address)}")
    return table


def show_together(tables: "Sequence[JobTable]", folder: Files) -> None:
    """Write the report of several jobs on several data sets, and print where it is, or why there is none.

    Args:
        tables: one a job.
        folder: of the report.
    """
    import click

    from cnnjobs.comparison.across_datasets import NotTogether, compare_over_datasets, dataset_of
    from cnnjobs.report.sections.across_datasets import together_document
    from cnnjobs.report.write import write_document
    from cnnjobs.run.progress import Waiting

    tables = [table for table in tables if "audit" not in table.job]
    if len({dataset_of(table) for table in tables}) < 2:
        return
    found = compare_over_datasets(tables)
    click.echo()
    if isinstance(found, NotTogether):
        click.echo(f"note: not compared over data sets: {found.why}")
        return
    document = together_document(found)
    for grid in document.grids:
        if grid.name in TOGETHER_SHOWN:
            _show_grid(grid, "")
    show_written(write_document(folder, document, Waiting()))


def show_written(written: "Written") -> None:
    """Print where a report is, and what it could not read."""
    import click

    for name in written.damaged:
        click.echo(f"note: not readable, missing in the figures: {name}")
    if written.box_plot:
        click.echo(f"box plot: {written.box_plot}")
    click.echo(f"report:   {written.page}")


def _show_section(section: "Section") -> None:
    """Print the tables of a section, and what a reader should know; the report has the rest."""
    import click

    from cnnjobs.report.model import Grid, Text

    for block in section.blocks:
        if isinstance(block, Grid):
            click.echo()
            _show_grid(block, "")
        elif isinstance(block, Text) and block.kind != "text":
            click.echo(f"note: {block.text}" if block.kind == "note" else block.text)


def _show_grid(grid: "Grid", note: str) -> None:
    from cnnjobs.cli.tables import show_table

    show_table(grid.title, grid.in_brief.header, grid.in_brief.cells, note)


def show_overlay(results: str, names: Sequence[str], curves: Sequence[str], folder: Files) -> None:
    """Write the figure of several models into a folder, and print where it is.

    Raises:
        StoreError: for a name that is no model.
    """
    import click

    from cnnjobs.report.overlay import choose, overlay_chart, read_histories
    from cnnjobs.report.write import chart_files
    from cnnjobs.store.results import open_stores

    stores, _ = open_stores(results)
    histories, damaged = read_histories(choose(stores, names))
    chart = overlay_chart(histories, curves)
    folder.write_all(chart_files(chart))
    for name in damaged:
        click.echo(f"note: not readable, missing in the overlay: {name}")
    click.echo(f"overlay:  {folder.location}/{chart.name}.png")
