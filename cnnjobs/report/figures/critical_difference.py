"""The critical-difference diagram: mean ranks over data sets, with bars over variants without a difference."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from cnnjobs.comparison.across_datasets import AcrossDatasets
from cnnjobs.report.figure_colors import INK, SOFT
from cnnjobs.report.figures.lettering import SMALL_FONT, WIDTH, fitted, line_height, width_of
from cnnjobs.report.figures.style import EDGE, foot, head, styled

BAR = 0.13
"""Inches between two bars."""

NAMES = 1.25
"""Room for names on either side, inches."""

RANK = 0.55
"""Room for the rank between the axis and a name, inches."""

Group = tuple[int, int]
"""First and last place of a bar in the order of mean ranks."""


def groups(ranks: Sequence[float], limit: float) -> list[Group]:
    """Return the longest runs of two or more variants whose mean ranks differ by less than the critical difference.

    Args:
        ranks: (variants,) mean ranks, sorted.
        limit: the critical difference.
    """
    joined: list[Group] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank < limit)
        if last > first and (not joined or last > joined[-1][1]):
            joined.append((first, last))
    return joined


def order_and_groups(across: AcrossDatasets) -> tuple[list[int], list[Group]]:
    """Return indices of the variants, the best mean rank first, and the bars over this order."""
    order = sorted(range(len(across.variants)), key=lambda index: across.friedman.ranks[index])
    return order, groups([across.friedman.ranks[index] for index in order], across.critical_difference)


def critical_difference_plot(across: AcrossDatasets) -> Figure:
    """Return the diagram after Demsar (2006), Fig. 1: the best ranks to the right, names left and right of the axis.

    Args:
        across: the comparison.
    """
    order, bars = order_and_groups(across)
    ranks = [across.friedman.ranks[index] for index in order]
    names = [fitted(across.variants[index], NAMES, SMALL_FONT, 4) for index in order]
    step = 0.08 + line_height(SMALL_FONT) * max(name.count("\n") + 1 for name in names)
    right = (len(ranks) + 1) // 2  # the better half
    top = 0.3 + BAR * len(bars)
    with styled():
        depth = top + step * (right - 0.4)
        wide = max(width_of(line, SMALL_FONT) for name in names for line in name.split("\n"))
        figure, axes = _canvas(len(ranks), RANK + wide + EDGE, depth)
        _scale(axes, across, len(ranks))
        for place, (rank, name) in enumerate(zip(ranks, names, strict=True)):
            line = place if place < right else len(ranks) - 1 - place
            _stem(axes, rank, top + step * line, name, len(ranks), better=place < right)
        for number, (first, last) in enumerate(bars):
            _bar(axes, ranks[first], ranks[last], 0.2 + BAR * number)
        head(figure, _title(across))
        foot(figure, _legend(across, bars))
    return figure


def _canvas(variants: int, beside: float, depth: float) -> tuple[Figure, Axes]:
    """Return axes whose x are ranks, the best to the right, and whose y are inches below the line of ranks.

    Args:
        variants: how many.
        beside: room on either side, inches.
        depth: of the axes, inches.
    """
    above, below = 1.5, 0.65
    height = above + depth + below
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((beside / WIDTH, below / height, 1 - 2 * beside / WIDTH, depth / height))
    axes.set_xlim(variants, 1)
    axes.set_ylim(depth, 0)
    return figure, axes


def _scale(axes: Axes, across: AcrossDatasets, variants: int) -> None:
    """Draw the line of ranks, and above it how long the critical difference is."""
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.xaxis.set_ticks_position("top")
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.set_yticks([])
    limit = min(across.critical_difference, variants - 1)
    place = -0.5
    axes.plot([variants, variants - limit], [place] * 2, "|-", color=INK, markersize=9, clip_on=False)
    more = "" if limit == across.critical_difference else ", longer than the axis"
    label = f"critical difference {across.critical_difference:.2f}{more}"
    axes.text(variants, place - 0.09, label, fontsize=SMALL_FONT, color=INK, va="bottom", ha="left")


def _stem(axes: Axes, rank: float, depth: float, name: str, variants: int, *, better: bool) -> None:
    """Draw a line from a rank down and out to its name, the rank at its end."""
    edge, side = (1, 1) if better else (variants, -1)
    axes.plot([rank, rank, edge], [0, depth, depth], color=SOFT, linewidth=1, clip_on=False, solid_joinstyle="miter")
    for words, gap in ((f"{rank:.2f}", 5), (name, 72 * RANK)):
        axes.annotate(
            words,
            (edge, depth),
            xytext=(side * gap, 0),
            textcoords="offset points",
            ha="left" if better else "right",
            va="center",
            fontsize=SMALL_FONT,
            color=INK,
        )


def _bar(axes: Axes, low: float, high: float, depth: float) -> None:
    """Draw a bar a little beyond both ranks, so that a bar over equal ranks is seen."""
    beyond = 0.012 * abs(np.diff(axes.get_xlim())[0])
    axes.plot(
        [high + beyond, low - beyond],
        [depth] * 2,
        color=INK,
        linewidth=4,
        solid_capstyle="butt",
        clip_on=False,
        zorder=3,
    )


def _title(across: AcrossDatasets) -> str:
    return f"{across.metric.words}: ranks of {len(across.variants)} variants over {len(across.blocks)} data sets"


def _legend(across: AcrossDatasets, bars: Sequence[Group]) -> str:
    rate = f"Nemenyi's test at {across.alpha:g}"
    said = f"bars join variants that {rate} does not tell apart" if bars else f"{rate} tells every pair apart"
    return f"axis: mean rank, 1 is the best; {said}"
