"""Charts of a data set: pictures of each class, sizes of pictures, files that were passed over."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from cnnjobs.report.figures.dataset_view import DatasetView, class_label
from cnnjobs.report.figures.lettering import fitted
from cnnjobs.report.figures.tiles import Box
from cnnjobs.report.variant_styles import COLORS

SMALL = 8
"""Size of most text, points."""

GREY = "#555555"
"""Colour of what is said beside pictures and bars."""


def axes_at(figure: Figure, box: Box) -> Axes:
    """Return axes at (left, top, width, height) inches from the upper left corner."""
    left, top, width, height = box
    across, down = figure.get_figwidth(), figure.get_figheight()
    axes: Axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.tick_params(labelsize=SMALL - 1, length=2)
    return axes


def draw_bars(axes: Axes, view: DatasetView, labels: Sequence[int]) -> None:
    """Draw pictures of each class, a bar a part; between the largest and the smallest stands what is left out."""
    left_out = len(view.class_names) - len(labels)
    split = len(labels) // 2 if left_out else len(labels)
    places = np.arange(len(labels)) + (np.arange(len(labels)) >= split)
    thick = 0.8 / len(view.counts)
    most = max(int(counts[labels].max()) for counts in view.counts.values())
    for number, (part, counts) in enumerate(view.counts.items()):
        where = places - 0.4 + thick * (number + 0.5)
        axes.barh(where, counts[labels], thick, color=COLORS[number], label=part, edgecolor="white", linewidth=0.3)
        for place, count in zip(where, counts[labels], strict=True):
            axes.text(count + most / 150, place, f"{count:,}", va="center", fontsize=max(4.5, 9 * thick), color=GREY)
    names = [fitted(class_label(view, label), 1.35, SMALL - 1) for label in labels]
    axes.set_yticks(places, names, fontsize=SMALL - 1)
    if left_out:
        axes.text(
            0, split, f"   {left_out:,} classes between", va="center", fontsize=SMALL - 1, style="italic", color=GREY
        )
    axes.set(xlim=(0, 1.12 * most), ylim=(places[-1] + 0.6, -0.6))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("pictures", fontsize=SMALL)
    axes.grid(visible=False, axis="y")
    axes.legend(fontsize=SMALL - 1, frameon=False, ncols=len(view.counts), loc="lower right", bbox_to_anchor=(1, 1))


def draw_sizes(axes: Axes, sizes: NDArray[np.int64], trained: tuple[int, int]) -> None:
    """Draw the sizes that pictures have where they come from, and the one that they are trained on in."""
    heights, widths = sizes.T
    height, width = trained
    axes.scatter(widths, heights, s=9, color=COLORS[0], alpha=0.4, linewidths=0, label="as they are")
    axes.scatter([width], [height], s=36, color=COLORS[2], marker="x", label=f"as trained on, {height} x {width}")
    for axis, scale, sides, side in (
        (axes.xaxis, axes.set_xscale, widths, width),
        (axes.yaxis, axes.set_yscale, heights, height),
    ):
        low, high = min(sides.min(), side), max(sides.max(), side)
        if high > 8 * low:
            scale("log")
            axis.set_major_locator(LogLocator(subs=(1.0,) if high > 200 * low else (1.0, 3.0)))
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axis.set_minor_formatter(NullFormatter())
    axes.set_title("Sizes", fontsize=9, weight="bold", loc="left")
    axes.set_xlabel("width, pixels", fontsize=SMALL)
    axes.set_ylabel("height, pixels", fontsize=SMALL)
    axes.legend(
        fontsize=SMALL - 1,
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1.02, 0.98),
        ncols=2,
        handletextpad=0.2,
        columnspacing=0.8,
        borderpad=0,
    )


def draw_passed_over(axes: Axes, counts: Mapping[str, int]) -> None:
    """Draw how many files were passed over, by reason."""
    places = np.arange(len(counts))
    axes.barh(places, list(counts.values()), 0.7, color=COLORS[3])
    for place, count in enumerate(counts.values()):
        axes.text(count, place, f" {count:,}", va="center", fontsize=SMALL - 1, color=GREY)
    axes.set_yticks(places, [fitted(reason, 1.1, SMALL - 1) for reason in counts], fontsize=SMALL - 1)
    axes.set(xlim=(0, 1.15 * max(counts.values())), ylim=(len(counts) - 0.5, -0.5))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_title("Files passed over", fontsize=9, weight="bold", loc="left")
    axes.grid(visible=False, axis="y")
