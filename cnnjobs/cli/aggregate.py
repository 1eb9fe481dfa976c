"""`cnnjobs aggregate RESULTS`: tables, box plots and learning curves of what is stored."""

import click

from cnnjobs.cli.options import DEFAULT_RESULTS


@click.command()
@click.argument("results", metavar="RESULTS", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    type=click.Choice(["test_accuracy", "test_loss", "val_accuracy", "val_loss"]),
    help="What to compare.  [default: test_accuracy; val_accuracy with folds]",
)
@click.option("--reference", metavar="VARIANT", help="What the others are compared with.  [default: the job's first]")
def aggregate(results: str, *, metric: str | None, reference: str | None) -> None:
    """Compare the variants in RESULTS, a job's folder or a folder of jobs, and write a report for each job."""
    from cnnjobs.cli.comparison import show_comparison
    from cnnjobs.store.results import open_stores

    for store in open_stores(results):
        show_comparison(store, metric, reference)
