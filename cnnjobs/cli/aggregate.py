"""`cnnjobs aggregate RESULTS`: tables, figures and reports of what is stored."""

from collections.abc import Sequence

import click

from cnnjobs.cli.formats import end_with, explained, format_option
from cnnjobs.cli.options import DEFAULT_RESULTS, finite, not_empty
from cnnjobs.spec.metric_names import find_metric, near, without_quotes
from cnnjobs.spec.metrics import CURVES, METRICS
from cnnjobs.wording.terminal import unsaid


def _curves(context: click.Context, option: click.Parameter, values: Sequence[str]) -> list[str]:
    """Return names of metrics without `val_`: curves are of training and validation rows, where there are both."""
    names = [without_quotes(value.removeprefix("val_")) for value in values]
    for name, value in zip(names, values, strict=True):
        if find_metric(name) is None:
            raise click.BadParameter(f"{value!r} is no metric.{near(name)}")
    return names


def _formats(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Return what figures are written as."""
    from cnnjobs.errors import SpecError
    from cnnjobs.report.figure_files import chosen_formats

    try:
        return chosen_formats(value)
    except SpecError as error:
        raise click.BadParameter(str(error).removeprefix("`formats` ")) from error


@click.command(short_help="Write tables, figures and a report of stored results.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    metavar="NAME",
    callback=not_empty,
    help=f"The metric to compare: {', '.join(METRICS)}, on the validation set with the prefix val_; or, computed from "
    "stored predictions, macro_f1, balanced_accuracy, recall[CLASS], auroc, ece, top3_accuracy and others (an unknown "
    "name lists them all). A metric other than the default gets estimates and intervals, but no verdict.  "
    "[default: accuracy; val_accuracy with folds]",
)
@click.option(
    "--reference",
    metavar="VARIANT",
    callback=not_empty,
    help="The variant that the others are compared with. One other than the default gets no verdict.  "
    "[default: the job's first]",
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    help="The smallest difference of interest, in percentage points or in the metric's unit.  [default: 0.2 points, or "
    "one test image]",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=1e-6, max=0.5),
    callback=finite,
    default=0.05,
    show_default=True,
    help="The error rate of the tests; intervals have the level 1 - alpha. Above 0.05 there is no verdict.",
)
@click.option(
    "--curves",
    metavar="NAME",
    multiple=True,
    callback=_curves,
    help=f"A metric of the learning curves: {', '.join(METRICS)}, or one that variants watch. May be given several "
    f"times.  [default: {', '.join(CURVES)}, and all that variants watch]",
)
@click.option(
    "--overlay",
    metavar="JOB:VARIANT",
    multiple=True,
    help="Draw the learning curves of several models in one figure: give this option twice or more. JOB: may be left "
    "out if RESULTS is one job.",
)
@click.option(
    "--predictions/--no-predictions",
    default=True,
    show_default=True,
    help="Read the stored predictions, for scores of each class, the part of the spread that is due to the test set, "
    "ensembles and the hardest images.",
)
@click.option(
    "--best",
    is_flag=True,
    help="Add the probability that each variant is the best: a posterior over the paired runs, not a verdict.",
)
@click.option(
    "--output",
    metavar="DIR",
    callback=not_empty,
    help="The folder of the report; with several jobs, each has a folder below it.  [default: report/ of each job]",
)
@click.option(
    "--formats",
    metavar="KIND,...",
    callback=_formats,
    help="File formats of the figures in addition to SVG: png, pdf, or png,pdf; svg for none. Later reports in the "
    "same folder keep them.  [default: none, and PNG for the box plot]",
)
@format_option()
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
    best: bool,
    output: str | None,
    formats: Sequence[str] | None,
    form: str,
) -> None:
    """Compare the variants in RESULTS, a job's folder or a folder of jobs, and write a report for each job."""
    from cnnjobs.report.options import ReportOptions
    from cnnjobs.run.aggregate import Aggregation
    from cnnjobs.scoring.prediction_metrics import metric_named

    options = ReportOptions(
        metric=None if metric is None else metric_named(metric),
        reference=reference,
        curves=curves,
        alpha=alpha,
        margin=margin,
        with_predictions=predictions,
        best=best,
    )
    if form == "text":
        Aggregation(results, options, output, formats=formats).run(overlay).refuse_incomplete()
        return
    from cnnjobs.run.documents.comparison import aggregate_document

    aggregated = Aggregation(results, options, output, unsaid, formats).run(overlay)
    end_with(aggregate_document(aggregated, explained(aggregated.broken)))
    aggregated.refuse_incomplete()
