"""The reliability diagram: accuracy of predictions by their confidence."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cnnjobs.report.figure_colors import SOFT
from cnnjobs.report.figures.lettering import FONT, WIDTH
from cnnjobs.report.figures.small_panels import MOST_PANELS, MOST_TOGETHER, SmallPanels, left_out
from cnnjobs.report.figures.style import drawing_variant, foot, head, named, styled
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.scoring.calibration import Point

CONFIDENCE = "confidence: probability of the predicted class"

Points = Mapping[str, Sequence[Point]]
"""Variant -> the points of its diagram, at least one."""


def reliability_plot(job: str, points: Points, styles: Mapping[str, VariantStyle], labels: Mapping[str, str]) -> Figure:
    """Return accuracy by confidence: of few variants with the share of predictions below it, of many a panel each.

    Args:
        job: name, for the title.
        points: of at least one variant, in the order in which they are drawn.
        styles: variant -> how it is drawn.
        labels: variant -> what the figure calls it.
    """
    return (_together if len(points) <= MOST_TOGETHER else _apart)(f"{job}: reliability", points, styles, labels)


def _together(title: str, points: Points, styles: Mapping[str, VariantStyle], labels: Mapping[str, str]) -> Figure:
    with styled():
        figure = Figure(figsize=(WIDTH, 5.0 + 0.2 * len(points)), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        _scale(above, points)
        handles = []
        for name, own in points.items():
            with drawing_variant(above, name):
                handles += _draw(above, own, styles[name], size=5)
            with drawing_variant(below, name):
                for one in own:
                    below.hlines(one.share, one.low, one.high, colors=styles[name].color, linewidth=1.6)
        above.set_ylabel("accuracy")
        below.set_ylabel("share of\npredictions")
        below.set_xlabel(CONFIDENCE)
        named(figure, title, {name: labels[name] for name in points}, handles)
        foot(figure, "dotted: calibrated; bands: one SD over the runs")
    return figure


def _apart(title: str, points: Points, styles: Mapping[str, VariantStyle], labels: Mapping[str, str]) -> Figure:
    shown = list(points)[:MOST_PANELS]
    small = SmallPanels(shown, [labels[name] for name in shown])
    depth = small.depth(1.2)
    with styled():
        figure = Figure(figsize=(WIDTH, 1.0 + depth), layout="constrained")
        for name, axes in small.panels(figure, "confidence"):
            _scale(axes, points)
            with drawing_variant(axes, name):
                _draw(axes, points[name], styles[name], size=0)
                _weigh(axes, points[name], styles[name])
        head(figure, title)
        figure.supylabel("accuracy", fontsize=FONT)
        words = f"{CONFIDENCE}; dotted: calibrated; bands: one SD over the runs; large marks: many predictions"
        foot(figure, "; ".join([words, *left_out(len(points))]))
    return figure


def _scale(axes: Axes, points: Points) -> None:
    """Draw where a calibrated network lies, over what there is of confidence."""
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=":")
    least = min(point.low for own in points.values() for point in own)
    axes.set_xlim(max(0.0, least - 0.02), 1.02)
    axes.set_ylim(-0.02, 1.03)


def _draw(axes: Axes, points: Sequence[Point], style: VariantStyle, size: float) -> list[Line2D]:
    """Draw accuracy by confidence with marks of that size, points; return the line."""
    confidence, accuracy = (np.array([getattr(one, name) for one in points]) for name in ("confidence", "accuracy"))
    spread = np.array([one.sd or 0.0 for one in points])
    lines = axes.plot(confidence, accuracy, f"{style.marker}-", color=style.color, linewidth=1.5, markersize=size)
    low, high = np.maximum(accuracy - spread, 0), np.minimum(accuracy + spread, 1)
    axes.fill_between(confidence, low, high, color=style.color, alpha=0.15, linewidth=0)
    return lines


def _weigh(axes: Axes, points: Sequence[Point], style: VariantStyle) -> None:
    """Draw marks whose areas are as the shares of predictions, down to a least size."""
    areas = [max(4.0, 90 * one.share) for one in points]
    axes.scatter(
        [one.confidence for one in points],
        [one.accuracy for one in points],
        s=areas,
        color=style.color,
        marker=style.marker,
        linewidths=0,
        zorder=3,
    )
