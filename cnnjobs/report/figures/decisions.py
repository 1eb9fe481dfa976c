"""The figure of a decision: pairs, their mean, and the interval that holds at every look, over repeats."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from cnnjobs.comparison.decided_looks import Step
from cnnjobs.comparison.metric_format import show
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.figure_colors import GROUND, INK, SOFT
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, fitted, line_height
from cnnjobs.report.figures.style import Line2D, drawing_variant, of_variant, styled
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats.sequential import FIRST_LOOK, Decision, Verdict
from cnnjobs.wording.levels import level_text


@dataclass(frozen=True)
class Mark:
    """How the end of a variant's repeats is drawn.

    Args:
        words: what became of it.
        marker: its form: verdicts are told apart without colours, which are the variants'.
    """

    words: str
    marker: str


MARKS = {
    Verdict.BETTER: Mark("better", "^"),
    Verdict.WORSE: Mark("worse", "v"),
    Verdict.EQUAL: Mark("equal", "s"),
    Verdict.UNDECIDED: Mark("undecided", "D"),
    Verdict.GIVEN_UP: Mark("given up", "D"),
    Verdict.NO_PAIRS: Mark("undecided", "D"),
    Verdict.OPEN: Mark("open", "o"),
}

MOST_TOGETHER = 6
"""Up to so many variants are panels of one figure."""

ACROSS = 2
"""Panels beside each other."""

ALIKE = 3.0
"""Panels have one scale where the widest is at most so many times as wide as the narrowest."""

FEWEST_SHOWN = 8
"""Repeats that a panel has room for at least."""


@dataclass(frozen=True)
class Panel:
    """A variant to draw.

    Args:
        variant: name.
        decision: what the rule says of it.
        steps: how it came to that; at least one.
        style: how the variant is drawn.
    """

    variant: str
    decision: Decision
    steps: Sequence[Step]
    style: VariantStyle


def decision_plot(panels: Sequence[Panel], metric: Metric, reference: str, margin: float | None) -> Figure:
    """Return one panel per variant.

    Args:
        panels: one or more.
        metric: that decides.
        reference: name.
        margin: as the metric is stored; None for none.
    """
    across = min(len(panels), ACROSS)
    down = math.ceil(len(panels) / across)
    room = WIDTH / across - 0.75  # for the words over a panel
    titles = [_title(panel, metric, room) for panel in panels]
    lines = max(name.count("\n") + said.count("\n") + 2 for name, said in titles)
    height = 1.3 + down * ((2.6 if across == 1 else 2.0) + lines * line_height(SMALL_FONT))
    scales = [_scale(panel, metric, margin) for panel in panels]
    widths = [high - low for low, high in scales]
    if max(widths) <= ALIKE * min(widths):
        scales = [(min(low for low, _ in scales), max(high for _, high in scales))] * len(panels)
    last = max(FEWEST_SHOWN, *(len(panel.steps) for panel in panels))
    with styled():
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        places = list(figure.subplots(down, across, squeeze=False).flat)
        for axes in places[len(panels) :]:
            axes.set_visible(False)
        for place, (axes, panel, scale, title) in enumerate(zip(places, panels, scales, titles, strict=False)):
            with drawing_variant(axes, panel.variant):
                _panel(axes, panel, metric, margin)
                _write(axes, panel.variant, *title)
            axes.set_ylim(*scale)
            axes.set_xlim(0.4, last + 0.6)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=8 if across == 1 else 6, integer=True))
            if place + across >= len(panels):
                axes.set_xlabel("repeat")
        label = fitted(_label(metric, reference), height - 1.2, FONT, 4)
        figure.supylabel(label, fontsize=FONT, multialignment="center")
        figure.legend(
            handles=_legend(panels, metric, margin),
            loc="outside lower center",
            ncols=2,
            handlelength=1.6,
            columnspacing=1.4,
        )
    return figure


def _label(metric: Metric, reference: str) -> str:
    unit = f", {metric.unit_of_difference}" if metric.unit_of_difference else ""
    lower = "" if metric.higher_is_better else " (less is better)"
    return f"{metric.words}\nminus {reference}{unit}{lower}"


def _scale(panel: Panel, metric: Metric, margin: float | None) -> tuple[float, float]:
    """Return the ends of the vertical axis: zero, the margin, all pairs and intervals, and some room."""
    shown = [0.0, *([] if margin is None else [-margin, margin])]
    for step in panel.steps:
        shown += [value for value in (step.difference, step.interval.low, step.interval.high) if value is not None]
    low, high = metric.factor * min(shown), metric.factor * max(shown)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _panel(axes: Axes, panel: Panel, metric: Metric, margin: float | None) -> None:
    """Draw zero and margin, pairs, their mean, and the interval at every look."""
    factor, mark, color = metric.factor, MARKS[panel.decision.verdict], panel.style.color
    if margin is not None:
        axes.axhspan(-factor * margin, factor * margin, color=SOFT, alpha=0.12, linewidth=0)
        for end in (-margin, margin):
            axes.axhline(factor * end, color=SOFT, linewidth=1, linestyle=(0, (4, 2)))
    axes.axhline(0, color=INK, linewidth=1)
    looks = [step for step in panel.steps if step.interval.low is not None]
    at = [step.repeat for step in looks]
    low, high = ([factor * getattr(step.interval, name) for step in looks] for name in ("low", "high"))
    axes.fill_between(at, low, high, color=color, alpha=0.2, linewidth=0)
    for ends in (low, high):
        axes.plot(at, ends, color=color, linewidth=1.2, marker=".", markersize=3)
    means = [(step.repeat, factor * step.mean, step.pairs) for step in panel.steps if step.mean is not None]
    early = [(repeat, mean) for repeat, mean, pairs in means if pairs <= FIRST_LOOK]
    looked = [(repeat, mean) for repeat, mean, pairs in means if pairs >= FIRST_LOOK]
    for points, width, line in ((early, 1.0, ":"), (looked, 2.0, "-")):
        axes.plot(
            [repeat for repeat, _ in points], [mean for _, mean in points], color=color, linewidth=width, linestyle=line
        )
    known = [step for step in panel.steps if step.mean is not None]
    if known:
        _end(axes, known[-1], mark, factor)
    _pairs(axes, panel.steps, factor)


def _pairs(axes: Axes, steps: Sequence[Step], factor: float) -> None:
    """Draw every pair, those that are not used in grey, and where there is none."""
    for used, face, edge in ((True, GROUND, INK), (False, SOFT, SOFT)):
        own = [
            (one.repeat, factor * one.difference) for one in steps if one.used is used and one.difference is not None
        ]
        axes.plot(
            [repeat for repeat, _ in own],
            [value for _, value in own],
            "o",
            markersize=4,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=0.9,
            zorder=8,
        )
    lost = [one.repeat for one in steps if one.difference is None]
    axes.plot(lost, [0.03] * len(lost), "x", color=INK, markersize=5, transform=axes.get_xaxis_transform())


def _end(axes: Axes, last: Step, mark: Mark, factor: float) -> None:
    """Mark where the repeats of a variant ended, with the interval there."""
    assert last.mean is not None
    if last.interval.low is not None and last.interval.high is not None:
        low, high = factor * last.interval.low, factor * last.interval.high
        axes.vlines(last.repeat, low, high, color=INK, linewidth=2.4, zorder=4)
        axes.plot([last.repeat] * 2, [low, high], "_", color=INK, markersize=9, markeredgewidth=2.4, zorder=4)
    axes.plot(
        last.repeat,
        factor * last.mean,
        mark.marker,
        color=INK,
        markersize=10,
        markeredgecolor=GROUND,
        markeredgewidth=1,
        zorder=7,
    )


def _title(panel: Panel, metric: Metric, room: float) -> tuple[str, str]:
    """Return the variant's name, and what became of it in the numbers that the panel draws.

    Args:
        panel: whose.
        metric: that decides.
        room: for them, inches.
    """
    one, mark = panel.decision, MARKS[panel.decision.verdict]
    said = f"{mark.words}, {one.pairs} pair{'s' if one.pairs != 1 else ''}"
    if one.mean is not None:
        said += f": {show(metric, one.mean, signed=True)}"
    if one.interval.low is not None:
        said += (
            f", {level_text(1 - one.alpha)} {interval_cell(metric, one.interval.low, one.interval.high, signed=True)}"
        )
    return fitted(panel.variant, room, SMALL_FONT, 3, bold=True), fitted(said, room, SMALL_FONT, 3)


def _write(axes: Axes, variant: str, name: str, said: str) -> None:
    """Write the words of a panel over it."""
    of_variant(variant, axes.set_title(said, loc="left", fontsize=SMALL_FONT, pad=4))
    above = 8 + 72 * line_height(SMALL_FONT) * (said.count("\n") + 1)
    place: Any = {"xytext": (0, above), "xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(name, (0, 1), fontsize=SMALL_FONT, fontweight="bold", **place)


def _legend(panels: Sequence[Panel], metric: Metric, margin: float | None) -> list[Any]:
    steps = [step for panel in panels for step in panel.steps]
    color = panels[0].style.color if len(panels) == 1 else SOFT
    pair: dict[str, Any] = {"marker": "o", "linewidth": 0, "markersize": 4, "markeredgewidth": 0.9}
    handles: list[Any] = [
        Line2D([], [], color=INK, markerfacecolor=GROUND, label="a pair", **pair),
        Line2D([], [], color=color, linewidth=2, label="mean so far"),
    ]
    if any(step.interval.low is not None for step in steps):
        handles.append(Patch(facecolor=(color, 0.2), edgecolor=color, label="interval at every look"))
    if margin is not None:
        amount = f"{metric.factor * margin:g} {metric.unit_of_difference}".strip()
        handles.append(Patch(facecolor=(SOFT, 0.12), edgecolor=SOFT, linestyle="--", label=f"within {amount}"))
    if any(not step.used and step.difference is not None for step in steps):
        handles.append(Line2D([], [], color=SOFT, label="further pair, not used", **pair))
    if any(step.difference is None for step in steps):
        handles.append(Line2D([], [], marker="x", color=INK, linewidth=0, markersize=5, label="no pair: diverged"))
    return handles
