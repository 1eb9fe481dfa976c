"""`cnnjobs aggregate RESULTS`: tables, box plots and learning curves of what is stored."""

import click

from cnnjobs.cli.options import DEFAULT_RESULTS
from cnnjobs.cli.stores import for_each_store
from cnnjobs.spec.metrics import METRICS


@click.command(short_help="Tables, box plots and learning curves of what is stored.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    type=click.Choice([f"{part}_{metric}" for part in ("test", "val") for metric in METRICS]),
    help="What to compare.  [default: test_accuracy; val_accuracy with folds]",
)
@click.option("--reference", metavar="VARIANT", help="What the others are compared with.  [default: the job's first]")
def aggregate(results: str, *, metric: str | None, reference: str | None) -> None:
    """Compare the variants in RESULTS, a job's folder or a folder of jobs, and write a report for each job."""
    from cnnjobs.cli.comparison import show_comparison

    for_each_store(results, lambda store: show_comparison(store, metric, reference))
