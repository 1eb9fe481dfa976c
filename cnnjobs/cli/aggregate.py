"""`cnnjobs aggregate RESULTS`: tables, figures and reports of what is stored."""

from collections.abc import Sequence

import click

from cnnjobs.cli.options import DEFAULT_RESULTS
from cnnjobs.cli.stores import for_each_store
from cnnjobs.spec.metrics import CURVES, METRICS


@click.command(short_help="Tables, box plots, learning curves, confusion matrices, ROC of what is stored.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    type=click.Choice([f"{part}_{metric}" for part in ("test", "val") for metric in METRICS]),
    help="What to compare.  [default: test_accuracy; val_accuracy with folds]",
)
@click.option("--reference", metavar="VARIANT", help="What the others are compared with.  [default: the job's first]")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    help="A difference worth resolving, in percentage points or the metric's unit.  [default: 0.2 points]",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
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
def aggregate(
    results: str,
    *,
    metric: str | None,
    reference: str | None,
    margin: float | None,
    alpha: float,
    curves: Sequence[str],
    overlay: Sequence[str],
) -> None:
    """Compare the variants in RESULTS, a job's folder or a folder of jobs, and write a report for each job."""
    from cnnjobs.cli.comparison import show_comparison, show_overlay

    if overlay:
        show_overlay(results, overlay, curves)
    for_each_store(results, lambda store: show_comparison(store, metric, reference, curves, alpha=alpha, margin=margin))
