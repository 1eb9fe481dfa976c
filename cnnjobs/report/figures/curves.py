"""Learning curves: metrics over the epochs of a variant's runs."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cnnjobs.comparison.metric_format import axis_label
from cnnjobs.report.figure_colors import SOFT
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, fitted, line_height
from cnnjobs.report.figures.style import head, styled
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.spec.metric_names import known_metric
from cnnjobs.spec.metrics import OBJECTIVE, TABLE, VALIDATION, Metric, column_of, part_of

Reals = NDArray[np.float64]

THIN_LINES = 10
"""Up to this many repeats each has its line; above, the median and the band that holds 80% of them."""

BAND = (0.1, 0.5, 0.9)
"""Quantiles over runs: lower end of the band, median, upper end."""


DIFFERS = 1e-4
"""From which difference, relative to the loss, the objective is drawn: above what float32 sums differ by."""


def drawable(metrics: Sequence[str], epochs: pa.Table, classes: int) -> list[str]:
    """Return those metrics that were stored and say something of so many classes, each once.

    Args:
        metrics: names without a part.
        epochs: rows of `epochs`.
        classes: of the data set.
    """
    telling = [name for name in dict.fromkeys(metrics) if classes >= least_classes(name)]
    return [name for name in telling if _has(epochs, name) or _has(epochs, column_of(VALIDATION, name))]


def with_objective(drawn: Sequence[str], epochs: pa.Table) -> list[str]:
    """Return these metrics, after the loss what was minimised where that is something else.

    Args:
        drawn: of `drawable`.
        epochs: rows of `epochs`, with the column of the objective.
    """
    if "loss" not in drawn:
        return list(drawn)
    loss, objective = (epochs[name].to_numpy() for name in ("loss", OBJECTIVE.name))
    differs = bool((np.abs(objective - loss) > DIFFERS * np.abs(loss)).any())  # false where one is not known
    place = drawn.index("loss") + 1
    return [*drawn[:place], *([OBJECTIVE.name] if differs else []), *drawn[place:]]


def least_classes(metric: str) -> int:
    """Return of how many classes a metric says something."""
    return TABLE[metric].least_classes if metric in TABLE else 2


def has_training(metric: str) -> bool:
    """Say whether a metric is told of training rows; what variants watch is not."""
    return metric in TABLE or metric == OBJECTIVE.name


def has_validation(metric: str) -> bool:
    """Say whether a metric is told of validation rows too."""
    return metric != OBJECTIVE.name


def _has(epochs: pa.Table, column: str) -> bool:
    return column in epochs.column_names and bool(np.isfinite(epochs[column].to_numpy()).any())


def _form(column: str) -> Metric:
    """Return how people read a column; a metric of the user's own as it is, by its name."""
    part = part_of(column)
    own = Metric(name=column, words=column.removeprefix(column_of(part, "")), higher_is_better=True)
    return (known_metric(column) or own).of_part(part)


def values_of(epochs: pa.Table, column: str) -> Reals:
    """Return a column as people read it, (runs, epochs); nan where a run had ended or the value is not finite.

    Args:
        epochs: rows of `epochs`, at least one.
        column: of a metric, nan where there is no such column; accuracies come out in percent.
    """
    trials, run = np.unique(epochs["trial_id"].to_numpy(), return_inverse=True)
    number = epochs["epoch"].to_numpy()
    by_run = np.full((len(trials), number.max()), np.nan)
    if column not in epochs.column_names:
        return by_run
    values = _form(column).factor * epochs[column].to_numpy()
    by_run[run, number - 1] = np.where(np.isfinite(values), values, np.nan)
    return by_run


def quantiles_over_runs(values: Reals) -> tuple[NDArray[np.int64], Reals]:
    """Return the epochs that have a value, from 1, (epochs,), and the quantiles `BAND` over their runs, (3, epochs).

    Args:
        values: (runs, epochs) as of `values_of`; a run that has ended no longer counts.
    """
    reached = np.flatnonzero(np.isfinite(values).any(axis=0))
    quantiles = np.nanquantile(values[:, reached], BAND, axis=0) if reached.size else np.empty((len(BAND), 0))
    return reached + 1, quantiles


def learning_curves(job: str, variant: str, epochs: pa.Table, metrics: Sequence[str], style: VariantStyle) -> Figure:
    """Return one panel per metric, one above the other, train dashed and validation solid, every repeat drawn.

    Args:
        job: name, for the title.
        variant: name, for the title.
        epochs: rows of `epochs` of that variant, at least one.
        metrics: of `drawable` or `with_objective`, at least one.
        style: of the variant.
    """
    with styled():
        figure, panels = stacked_panels(metrics)
        for axes, metric in zip(panels, metrics, strict=True):
            if has_training(metric):
                _curves(axes, values_of(epochs, metric), SOFT, "--", "train")
            if has_validation(metric):
                _curves(axes, values_of(epochs, column_of(VALIDATION, metric)), style.color, "-", "validation")
        panels[0].legend()
        runs = len(np.unique(epochs["trial_id"].to_numpy()))
        head(figure, f"{job}: {variant}, {_runs_text(runs)}")
    return figure


def stacked_panels(metrics: Sequence[str], names: int = 0) -> tuple[Figure, list[Axes]]:
    """Return a figure with one empty panel per metric over the same epochs, to be filled under `styled`.

    Args:
        metrics: names without a part.
        names: lines of names over them for which there is to be room.
    """
    height = 0.6 + 2.4 * len(metrics) + names * line_height(SMALL_FONT)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = list(figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0])
    for axes, metric in zip(panels, metrics, strict=True):
        axes.set_ylabel(fitted(metric_label(metric), 2.2, FONT, 2))
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    return figure, panels


def metric_label(metric: str) -> str:
    """Return what people call a metric, with its unit.

    Args:
        metric: name, without a part.
    """
    return axis_label(_form(metric))


def _runs_text(count: int) -> str:
    if count == 1:
        return "1 run"
    return f"{count} runs" if count <= THIN_LINES else f"median of {count} runs, band: 10% to 90%"


def _curves(axes: Axes, values: Reals, color: str, line: str, label: str) -> None:
    if len(values) > THIN_LINES:
        numbers, (low, middle, high) = quantiles_over_runs(values)
        axes.fill_between(numbers, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(numbers, middle, color=color, linestyle=line, linewidth=1.6, label=label)
        return
    numbers = np.arange(1, values.shape[1] + 1)
    for index, run in enumerate(values):
        marker = "o" if np.isfinite(run).sum() == 1 else None
        name = None if index else label
        axes.plot(numbers, run, color=color, linestyle=line, linewidth=1.1, marker=marker, markersize=4, label=name)
