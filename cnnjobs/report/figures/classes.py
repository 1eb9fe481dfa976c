"""Figures of how one variant classifies the test set: confusion matrices and ROC curves, means over its runs."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from cnnjobs.report.figures.style import ON_DARK, ON_LIGHT, short, styled
from cnnjobs.report.sections.class_tables import ClassTable, mean_and_sd
from cnnjobs.report.variant_styles import COLORS
from cnnjobs.scoring.classification import GRID, SCORES, Reals

MOST_NUMBERS = 20
"""Up to this many classes the cells of a confusion matrix have numbers."""

MOST_LABELS = 100
"""Up to this many classes each has its name at the axes."""

MOST_COLORS = 10
"""Up to this many classes each has a ROC curve with a colour and a line in the legend; above, all are thin and grey."""

ZOOM = 0.2
"""The second panel shows false positive rates up to this."""


def counts_plot(table: ClassTable) -> Figure:
    """Return the confusion matrix in test images."""
    return _confusion_plot(table, table.runs.mean.counts, "test images", ".0f" if table.runs.n == 1 else ".1f")


def rates_plot(table: ClassTable) -> Figure:
    """Return the confusion matrix in percent of each row's class."""
    return _confusion_plot(table, 100 * table.runs.mean.rates, "% of the true class", ".1f")


def _confusion_plot(table: ClassTable, cells: Reals, unit: str, digits: str) -> Figure:
    """Return a heat map, true classes downwards, predicted ones to the right.

    Args:
        table: whose classes these are.
        cells: (classes, classes) not negative.
        unit: of the cells.
        digits: how numbers are written.
    """
    count = len(cells)
    side = float(np.interp(count, [2, 10, 20, 100], [2.0, 5.2, 9.0, 14.0]))  # inches; more classes, smaller cells
    size = float(np.interp(count, [10, 20, 50, 100], [9, 8, 7, 5.5]))  # points
    names = [short(name) for name in table.classes]
    room = 0.9 + max(len(name) for name in names) * size * 0.6 / 72
    with styled():
        figure = Figure(
            figsize=(max(side + room + 1.0, 6.0), side + room + 0.7), layout=ConstrainedLayoutEngine(w_pad=0.12)
        )
        axes = figure.add_subplot()
        axes.grid(visible=False)
        image = axes.imshow(cells, cmap="Blues", norm=PowerNorm(0.5, vmin=0))
        every = math.ceil(count / MOST_LABELS)
        axes.set_xticks(range(0, count, every), names[::every], fontsize=size, rotation=90 if count > 3 else 0)
        axes.set_yticks(range(0, count, every), names[::every], fontsize=size)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(f"{unit}, {_runs_text(table.runs.n)}", loc="left", fontsize=10)
        _name(figure, table)
        figure.colorbar(image, ax=axes, shrink=0.7, aspect=30, label=f"{unit} (colours by the square root)")
        if count <= MOST_NUMBERS:
            _write_numbers(axes, cells, size, digits)
    return figure


def _write_numbers(axes: Axes, cells: Reals, size: float, digits: str) -> None:
    """Write the numbers into their cells, white on dark ones; a cell that is 0 stays empty."""
    for (row, column), value in np.ndenumerate(cells):
        if value > 0:
            color = ON_DARK if value > 0.36 * cells.max() else ON_LIGHT
            number = axes.text(
                column, row, f"{value:{digits}}", ha="center", va="center", fontsize=size - 1, color=color
            )
            number.set_in_layout(False)  # it lies within the axes, and there may be 400


def _name(figure: Figure, table: ClassTable) -> None:
    """Write over a figure whose it is."""
    figure.suptitle(f"{short(table.job, 30)}: {short(table.variant, 40)}", x=0.01, ha="left", fontsize=11)


def _runs_text(count: int) -> str:
    return "1 run" if count == 1 else f"mean of {count} runs"


def roc_plot(table: ClassTable) -> Figure:
    """Return the ROC curves, whole and for false positive rates below `ZOOM`, with the areas under them."""
    with styled():
        figure = Figure(figsize=(11.5, 4.8), layout="constrained")
        whole, zoom = figure.subplots(1, 2)
        for axes in (whole, zoom):
            handles = _class_curves(axes, table) + _average_curves(axes, table)
            axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
            axes.set_xlabel("false positive rate")
        whole.set_xlim(-0.01, 1)
        whole.set_ylim(0, 1.01)
        whole.set_ylabel("true positive rate")
        whole.set_title(f"ROC, one class against the rest, {_runs_text(table.runs.n)}", loc="left", fontsize=10)
        zoom.set_xlim(-0.002, ZOOM)
        zoom.set_ylim(_zoom_from(table), 1.002)
        zoom.set_title(f"false positive rates below {ZOOM}", loc="left", fontsize=10)
        zoom.set_xticks(np.linspace(0, ZOOM, 5))
        _name(figure, table)
        labels = [str(handle.get_label()) for handle in handles]
        figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8, title="area (AUC)")
    return figure


def _class_curves(axes: Axes, table: ClassTable) -> list[Line2D]:
    """Draw the curve of each class against the rest; return what the legend names."""
    count = len(table.classes)
    areas = table.runs.mean.scores[:, SCORES.index("auc")], table.runs.sd.scores[:, SCORES.index("auc")]
    lines = []
    for index in np.flatnonzero(~np.isnan(areas[0][:count])):
        color, width = (COLORS[index], 1.2) if count <= MOST_COLORS else ("#888888", 0.4)
        label = f"{short(table.classes[index])}  {mean_and_sd(areas[0][index], areas[1][index])}"
        lines += axes.plot(GRID, table.runs.mean.curves[index], color=color, linewidth=width, label=label)
    if count <= MOST_COLORS or not lines:
        return lines
    lines[0].set_label(f"each of {len(lines)} classes")
    return lines[:1]


def _average_curves(axes: Axes, table: ClassTable) -> list[Line2D]:
    """Draw the macro and the micro average with a band of one SD; return them."""
    runs, count = table.runs, len(table.classes)
    lines = []
    for row, name, color, style in ((count, "macro", "black", "-"), (count + 1, "micro", "deeppink", "--")):
        mean, sd = runs.mean.curves[row], runs.sd.curves[row]
        area = mean_and_sd(runs.mean.scores[row, SCORES.index("auc")], runs.sd.scores[row, SCORES.index("auc")])
        label = f"{name} average  {area}"
        lines += axes.plot(GRID, mean, color=color, linewidth=1.8, linestyle=style, label=label)
        axes.fill_between(GRID, mean - sd, np.minimum(mean + sd, 1), color=color, alpha=0.15, linewidth=0)
    return lines


def _zoom_from(table: ClassTable) -> float:
    """Return where the zoom's axis of true positive rates begins: it shows where the averages bend."""
    averages = table.runs.mean.curves[len(table.classes) :]
    return min(0.8, math.floor(10 * np.nanmin(averages[:, np.searchsorted(GRID, 0.01)])) / 10)
