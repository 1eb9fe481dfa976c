"""`cnnjobs aggregate RESULTS`: tables, figures and reports of what is stored."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from cnnjobs.cli.options import DEFAULT_RESULTS, finite, not_empty
from cnnjobs.cli.stores import for_each_store
from cnnjobs.spec.metrics import CURVES, METRICS

if TYPE_CHECKING:
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store


@click.command(short_help="Tables, box plots, learning curves, confusion matrices, ROC of what is stored.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    type=click.Choice([f"{part}_{metric}" for part in ("test", "val") for metric in METRICS]),
    help="What to compare.  [default: test_accuracy; val_accuracy with folds]",
)
@click.option(
    "--reference",
    metavar="VARIANT",
    callback=not_empty,
    help="What the others are compared with.  [default: the job's first]",
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    help="A difference worth resolving, in percentage points or the metric's unit.  [default: 0.2 points]",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=1e-6, max=0.5),
    callback=finite,
    default=0.05,
    show_default=True,
    help="How often a test may see a difference that is chance; intervals have the level 1 - alpha.",
)
@click.option(
    "--curves",
    type=click.Choice(METRICS),
    multiple=True,
    default=CURVES,
    show_default=True,
    help="What learning curves show; may be given several times.",
)
@click.option(
    "--overlay",
    metavar="JOB:VARIANT",
    multiple=True,
    help="Draw the curves of this model and of others in one figure; give it twice or more. JOB: may be left out "
    "where RESULTS is one job.",
)
@click.option(
    "--predictions/--no-predictions",
    default=True,
    show_default=True,
    help="Read the stored predictions: classes, what the test set adds to chance, ensembles, hardest examples.",
)
@click.option(
    "--output",
    metavar="DIR",
    callback=not_empty,
    help="Where the report goes; with several jobs, a folder a job below it.  [default: report/ of each job]",
)
def aggregate(
    results: str,
    *,
    metric: str | None,
    reference: str | None,
    margin: float | None,
    alpha: float,
    curves: Sequence[str],
    overlay: Sequence[str],
    predictions: bool,
    output: str | None,
) -> None:
    """Compare the variants in RESULTS, a job's folder or a folder of jobs, and write a report for each job."""
    from cnnjobs.cli.comparison import Asked, show_comparison, show_overlay, show_together
    from cnnjobs.store.files import Files
    from cnnjobs.store.results import open_stores

    place = Files(output or results)
    if output is not None:
        _check_output(place)
    if overlay:
        show_overlay(results, overlay, curves, place.below("overlay"))
    asked = Asked(
        metric=metric,
        reference=reference,
        curves=curves,
        alpha=alpha,
        margin=margin,
        with_predictions=predictions,
        others=[store.job for store in open_stores(results)[0] if store.job is not None],
    )
    folder_of = _folders(results, output)
    if output is not None:
        for folder in (*(folder_of(store) for store in open_stores(results)[0]), place.below("report")):
            if folder is not None:
                _check_output(folder)
    for_each_store(
        results,
        lambda store: show_comparison(store, asked, folder_of(store)),
        lambda tables: show_together(tables, place.below("report")),
    )


def _folders(results: str, output: str | None) -> "Callable[[Store], Files | None]":
    """Return where the report of each job goes; None for the job's own folder."""
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    if output is None:
        return lambda store: None
    folder = Files(output)
    if Store(Files(results)).job is not None:
        return lambda store: folder
    return lambda store: folder.below(store.files.name)


def _check_output(folder: "Files") -> None:
    """Refuse a folder in which a report would write over what is not one.

    Raises:
        StoreError: if it is a job's, has pages that are no report's, or cannot be written.
    """
    from cnnjobs.errors import StoreError
    from cnnjobs.report.write import PAGES, is_report

    names = set(folder.names())
    taken = sorted(names & {"job.json", *(() if is_report(folder) else PAGES)})
    if taken:
        raise StoreError(
            f"`--output` must be a folder of its own for the report. Received: {folder.location}, which holds "
            f"{' and '.join(taken)} of something else. Name another, such as {folder.location.rstrip('/')}/report."
        )
    folder.check_writable()
