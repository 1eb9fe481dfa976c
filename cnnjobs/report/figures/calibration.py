"""The reliability diagram: accuracy of predictions by their confidence."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnjobs.report.figures.style import short, styled
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.scoring.calibration import Point

MOST_COLORS = 10
"""Up to this many variants each has a colour and a line in the legend; above, all are thin and grey."""

GREY = VariantStyle("#888888", "o")


def reliability_plot(job: str, points: Mapping[str, Sequence[Point]], styles: Mapping[str, VariantStyle]) -> Figure:
    """Return accuracy by confidence above, and the share of predictions by confidence below it, a line a variant.

    Args:
        job: name, for the title.
        points: variant -> the points of its diagram, at least one; of at least one variant.
        styles: variant -> how it is drawn.
    """
    with styled():
        figure = Figure(figsize=(8.6, 6.4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
        many = len(points) > MOST_COLORS
        for index, (name, own) in enumerate(points.items()):
            style = GREY if many else styles[name]
            label = (f"each of {len(points)} variants" if not index else None) if many else short(name, 40)
            _draw(above, below, own, style, label, thin=many)
        least = min(point.low for own in points.values() for point in own)
        above.set_xlim(max(0.0, least - 0.02), 1.01)
        above.set_ylim(-0.02, 1.02)
        above.set_ylabel("accuracy")
        below.set_ylabel("share of predictions")
        below.set_xlabel("confidence: probability of the predicted class")
        above.set_title(f"{short(job, 50)}: reliability", loc="left", fontsize=11)
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
        figure.supxlabel("dotted: calibrated; bands: one SD over the runs", fontsize=8, color="#555555")
    return figure


def _draw(
    above: Axes, below: Axes, points: Sequence[Point], style: VariantStyle, label: str | None, *, thin: bool
) -> None:
    """Draw one variant into both panels."""
    confidence, accuracy = (np.array([getattr(one, name) for one in points]) for name in ("confidence", "accuracy"))
    color, line = style.color, f"{style.marker}-"
    width, size = (0.6, 0) if thin else (1.4, 4)
    spread = np.array([one.sd or 0.0 for one in points])
    above.plot(confidence, accuracy, line, color=color, linewidth=width, markersize=size, label=label)
    if not thin:
        low, high = np.maximum(accuracy - spread, 0), np.minimum(accuracy + spread, 1)
        above.fill_between(confidence, low, high, color=color, alpha=0.15, linewidth=0)
    for one in points:
        below.hlines(one.share, one.low, one.high, colors=color, linewidth=width)
