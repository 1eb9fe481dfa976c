"""Shows and writes the comparison of one job: what `submit` ends with and `aggregate` does."""

import shlex
from collections.abc import Sequence

from cnnjobs.spec.metrics import CURVES
from cnnjobs.store.store import Store


def show_comparison(
    store: Store,
    metric: str | None = None,
    reference: str | None = None,
    curves: Sequence[str] = CURVES,
    *,
    alpha: float = 0.05,
    margin: float | None = None,
    with_classes: bool = True,
) -> None:
    """Print a job's tables, write its report, and print where it is; without classes also how to have them."""
    import click

    from cnnjobs.analysis import cells
    from cnnjobs.analysis.measures import axis_label
    from cnnjobs.analysis.report import adjustment, write_report
    from cnnjobs.analysis.tables import job_table
    from cnnjobs.cli.progress import Waiting
    from cnnjobs.cli.tables import show_table

    table = job_table(store, metric, reference, alpha, margin)
    click.echo()
    header, rows = cells.summary_cells(table)
    show_table(f"{table.job['name']}: {axis_label(table.metric)} over the runs", header, rows, "SD: ddof=1")
    if len(table.rows) > 1:
        header, rows = cells.difference_cells(table)
        corrected = ", corrected for the rows that folds share" if table.job["protocol"]["folds"] else ""
        note = f"Paired by repeat and fold; t intervals{corrected}. {adjustment(table)}"
        show_table(f"Difference to {table.reference}", header, rows, note)
    notes = list(table.notes)
    if table.stale:
        notes.append(f"{table.stale} stored trials are of settings the job no longer has: left out")
    for note in notes:
        click.echo(f"note: {note}")
    written = write_report(store, table, curves, with_classes=with_classes, on_progress=Waiting())
    for name in written.damaged:
        click.echo(f"note: not readable, missing in the figures: {name}")
    if written.box_plot:
        click.echo(f"box plot: {written.box_plot}")
    click.echo(f"report:   {written.report}")
    if not with_classes:
        click.echo(f"classes:  cnnjobs aggregate {shlex.quote(store.files.location)}")


def show_overlay(results: str, names: Sequence[str], curves: Sequence[str]) -> None:
    """Write the figure of several models and print where it is: in a job's report, or beside the jobs in `overlay/`.

    Raises:
        StoreError: for a name that is no model.
    """
    import click

    from cnnjobs.analysis.overlay import choose, write_overlay
    from cnnjobs.store.files import Files
    from cnnjobs.store.results import open_stores

    stores, _ = open_stores(results)
    files = Files(results)
    folder = files.below("report" if Store(files).job is not None else "overlay")
    part = write_overlay(folder, choose(stores, names), curves)
    for name in part.damaged:
        click.echo(f"note: not readable, missing in the overlay: {name}")
    click.echo(f"overlay:  {folder.location}/{part.files[0]}")
