"""Learning curves of several models: medians over their runs, with the bands that hold 80% of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cnnjobs.report.figure_colors import SOFT
from cnnjobs.report.figures.curves import metric_label, quantiles_over_runs, stacked_panels, values_of
from cnnjobs.report.figures.lettering import SMALL_FONT, WIDTH, fitted, width_of
from cnnjobs.report.figures.small_panels import MOST_PANELS, MOST_TOGETHER, SmallPanels, left_out
from cnnjobs.report.figures.style import drawing_variant, foot, head, named, styled
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.spec.metrics import VALIDATION, column_of

LINES: tuple[tuple[str, str, Literal["-", "--"]], ...] = (("validation", VALIDATION, "-"), ("train", "", "--"))
"""What is drawn of each model and metric: its name, the part in the names of its columns, how the line looks."""

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """The runs of a model in one metric.

    Args:
        epochs: (n,) from 1, those with a value.
        quantiles: (3, n) lower end of the band, median, upper end.
        runs: (n,) how many have a value.
    """

    epochs: NDArray[np.int64]
    quantiles: Reals
    runs: NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """What is drawn of a model.

    Args:
        variant: its name.
        label: what the figure calls it.
        style: how it is drawn.
        bands: (metric, one of `LINES`) -> its runs.
    """

    variant: str
    label: str
    style: VariantStyle
    bands: Mapping[tuple[str, str], Band]


def bands_of(epochs: pa.Table, metrics: Sequence[str]) -> dict[tuple[str, str], Band]:
    """Return the bands of metrics.

    Args:
        epochs: rows of `epochs` of one model.
        metrics: names without a part.
    """
    bands = {}
    for metric in metrics:
        for rows, part, _ in LINES:
            values = values_of(epochs, column_of(part, metric))
            numbers, quantiles = quantiles_over_runs(values)
            bands[metric, rows] = Band(numbers, quantiles, np.isfinite(values[:, numbers - 1]).sum(axis=0))
    return bands


def bands_plot(title: str, models: Sequence[Model], metrics: Sequence[str], behind: Model | None = None) -> Figure:
    """Return one panel per metric with all models where they are few, else one per model and metric.

    Args:
        title: over all.
        models: one or more.
        metrics: names without a part, of `Model.bands`; at least one.
        behind: a model that is drawn in every panel, behind the panel's own; None for none.
    """
    if len(models) <= MOST_TOGETHER:
        return _together(title, models, metrics)
    return _apart(title, models, metrics, behind)


def _together(title: str, models: Sequence[Model], metrics: Sequence[str]) -> Figure:
    with styled():
        figure, panels = stacked_panels(metrics, names=2 * len(models))
        for axes, metric in zip(panels, metrics, strict=True):
            for model in models:
                with drawing_variant(axes, model.variant):
                    _draw(axes, model, metric)
        handles = [
            Line2D([], [], color=model.style.color, marker=model.style.marker, markersize=5, linewidth=2)
            for model in models
        ]
        handles += [Line2D([], [], color=SOFT, linestyle=style, label=rows) for rows, _, style in LINES]
        side = all(width_of(model.label, SMALL_FONT) < WIDTH / 2 - 0.7 for model in models)
        named(figure, title, {model.variant: model.label for model in models}, handles, 2 if side else 1)
        foot(figure, "medians over the runs, bands: 10% to 90% of them")
    return figure


def _draw(axes: Axes, model: Model, metric: str) -> None:
    """Draw the lines of a model, the validation rows in front."""
    for rows, _, style in reversed(LINES):
        band = model.bands[metric, rows]
        low, middle, high = band.quantiles
        solid = style == "-"
        color = model.style.color
        axes.fill_between(band.epochs, low, high, color=color, alpha=0.18 if solid else 0.08, linewidth=0)
        alone = len(band.epochs) == 1
        axes.plot(
            band.epochs,
            middle,
            color=color,
            linestyle=style,
            linewidth=1.7 if solid else 1.2,
            marker=model.style.marker if solid or alone else None,
            markersize=4.5,
            markevery=slice(len(middle) - 1, None) if len(middle) else None,
        )


def _apart(title: str, models: Sequence[Model], metrics: Sequence[str], behind: Model | None) -> Figure:
    """Return small panels, a block of them a metric."""
    shown = models[:MOST_PANELS]
    small = SmallPanels([model.variant for model in shown], [model.label for model in shown])
    depth = small.depth(1.0)
    with styled():
        figure = Figure(figsize=(WIDTH, 1.2 + depth * len(metrics)), layout="constrained")
        head(figure, title)
        for block, metric in zip(figure.subfigures(len(metrics), 1, squeeze=False)[:, 0], metrics, strict=True):
            block.supylabel(fitted(metric_label(metric), depth - 0.3, SMALL_FONT, 2), fontsize=SMALL_FONT)
            for model, (_, axes) in zip(shown, small.panels(block, "epoch"), strict=True):
                if behind is not None and behind is not model:
                    band = behind.bands[metric, LINES[0][0]]
                    axes.plot(band.epochs, band.quantiles[1], color=SOFT, linewidth=1, linestyle=":")
                with drawing_variant(axes, model.variant):
                    _draw(axes, model, metric)
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
                axes.set_ylim(*_scale(shown, metric))
        foot(figure, _how_to_read(behind, len(models)))
    return figure


def _scale(models: Sequence[Model], metric: str) -> tuple[float, float] | tuple[None, None]:
    """Return the ends of a scale that holds what is drawn, but for single values far beyond all others."""
    drawn = np.concatenate([model.bands[metric, rows].quantiles.ravel() for model in models for rows, _, _ in LINES])
    if not drawn.size:
        return None, None
    low, high = drawn.min(), drawn.max()
    usual = np.quantile(drawn, 0.98)
    high = usual if high - low > 3 * (usual - low) > 0 else high
    edge = 0.05 * (high - low) or 0.5
    return low - edge, high + edge


def _how_to_read(behind: Model | None, count: int) -> str:
    parts = ["solid: validation, dashed: train; medians over the runs, bands: 10% to 90% of them"]
    parts += [] if behind is None else [f"dotted in grey: validation of the reference, {behind.variant}"]
    return "; ".join([*parts, *left_out(count)])
