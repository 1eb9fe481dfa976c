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


@click.command(short_help="Tables, box plots, learning curves, confusion matrices, ROC of what is stored.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option(
    "--metric",
    metavar="NAME",
    callback=not_empty,
    help=f"What to compare: {', '.join(METRICS)}, with val_ before it of the validation rows; or, from stored "
    "predictions, macro_f1, balanced_accuracy, recall[CLASS], auroc, ece, top3_accuracy and others; an unknown name "
    "lists all. Another than the default has estimates and intervals, no verdict.  "
    "[default: accuracy; val_accuracy with folds]",
)
@click.option(
    "--reference",
    metavar="VARIANT",
    callback=not_empty,
    help="What the others are compared with; another than the default has no verdict.  [default: the job's first]",
)
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    help="A difference worth resolving, in percentage points or the metric's unit.  [default: 0.2 points, or one test "
    "image]",
)
@click.option(
    "--alpha",
    type=click.FloatRange(min=1e-6, max=0.5),
    callback=finite,
    default=0.05,
    show_default=True,
    help="How often a test may see a difference that is chance; intervals have the level 1 - alpha. Above "
    "0.05 there is no verdict.",
)
@click.option(
    "--curves",
    metavar="NAME",
    multiple=True,
    callback=_curves,
    help=f"What learning curves show: {', '.join(METRICS)}, or what variants watch; may be given several times.  "
    f"[default: {', '.join(CURVES)}, and all that variants watch]",
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
    "--best",
    is_flag=True,
    help="Say how probable it is of each variant that it is the best: a posterior over the paired runs, no verdict.",
)
@click.option(
    "--output",
    metavar="DIR",
    callback=not_empty,
    help="Where the report goes; with several jobs, a folder a job below it.  [default: report/ of each job]",
)
@click.option(
    "--formats",
    metavar="KIND,...",
    callback=_formats,
    help="What every figure is written as beside SVG: png, pdf, or png,pdf; svg for nothing else. Later reports in the "
    "same folder keep to it.  [default: SVG alone, and PNG of the box plot]",
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
