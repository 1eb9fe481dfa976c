"""Figures of how one variant classifies the test set: confusion matrices and ROC curves, means over its runs."""

import math
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cnnjobs.report.figure_colors import HEAT, INK, ON_DARK, RULE, SOFT
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, broken, fitted, width_of
from cnnjobs.report.figures.style import foot, head, styled
from cnnjobs.report.sections.class_tables import ClassTable, mean_and_sd, runs_text
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.scoring.classification import GRID, SCORES, Reals

MOST_NUMBERS = 20
"""Up to this many classes the cells of a confusion matrix have numbers."""

MOST_LABELS = 100
"""Up to this many classes each has its name at the axes."""

NAMES = 1.3
"""Room for the names of classes, inches."""

DARK = 0.53
"""From this share of the largest value on the numbers in the cells are white: the ground below them is dark."""

WORST: tuple[tuple[int, tuple[int, ...]], ...] = ((0, (1, 1)), (0, (4, 1)), (0, (5, 1, 1, 1)))
"""The ROC curves of so many classes are named, those with the least areas, and drawn with these dashes."""

ZOOM = 0.2
"""The second panel shows false positive rates up to this."""

CLEAR = LinearSegmentedColormap.from_list("clear", [(*to_rgb(HEAT), 0), (*to_rgb(HEAT), 1)])
"""From the ground, whichever that is, to the colour of the largest values."""


def counts_plot(table: ClassTable) -> Figure:
    """Return the confusion matrix in test images."""
    return _confusion_plot(table, table.runs.mean.counts, "test images", ".0f" if table.runs.n == 1 else ".1f")


def shares_plot(table: ClassTable) -> Figure:
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
    size = float(np.interp(count, [12, 20, 50, 100], [SMALL_FONT, 8, 7, 5.5]))  # points
    names = [fitted(name, NAMES, size) for name in table.classes]
    room = min(NAMES, max(width_of(name, size) for name in table.classes))
    side = float(np.interp(count, [12, 20, 50, 100], [WIDTH - 0.5 - room, 6.0, 7.5, 9.4]))  # inches
    level = max(width_of(name, size) for name in table.classes) < side / count - 0.03
    with styled():
        height = side + (0.25 if level else room + 0.1) + (0.85 if count <= MOST_NUMBERS else 1.5)
        figure = Figure(figsize=(side + room + 0.5, height), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False)
        axes.spines[:].set(visible=True, color=RULE)
        image = axes.imshow(cells, cmap=CLEAR, norm=PowerNorm(0.5, vmin=0), interpolation="nearest")
        every = math.ceil(count / MOST_LABELS)
        axes.set_xticks(range(0, count, every), names[::every], fontsize=size, rotation=0 if level else 90)
        axes.set_yticks(range(0, count, every), names[::every], fontsize=size)
        axes.tick_params(length=2)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        head(figure, f"{table.job}: {table.variant}\n{unit}, {_runs_text(table.runs.n)}")
        if count <= MOST_NUMBERS:
            _write_numbers(axes, cells, size, digits)
        else:
            figure.colorbar(image, ax=axes, location="bottom", shrink=0.5, aspect=40, label=unit)
        foot(figure, "colours by the square root")
    return figure


def _write_numbers(axes: Axes, cells: Reals, size: float, digits: str) -> None:
    """Write the numbers into their cells, white on dark ones; a cell that is 0 stays empty."""
    for (row, column), value in np.ndenumerate(cells):
        if value > 0:
            color = ON_DARK if value > DARK * cells.max() else INK
            number = axes.text(
                column,
                row,
                f"{value:{digits}}".replace("100.0", "100"),
                ha="center",
                va="center",
                fontsize=size,
                color=color,
            )
            number.set_in_layout(False)  # it lies within the axes, and there may be 400


def _runs_text(count: int) -> str:
    return runs_text(count) if count == 1 else f"mean of {runs_text(count)}"


def roc_plot(table: ClassTable, style: VariantStyle) -> Figure:
    """Return the ROC curves, whole and for false positive rates below `ZOOM`, with areas under them.

    Args:
        table: the classes.
        style: of the variant.
    """
    worst = worst_classes(table)
    with styled():
        figure = Figure(figsize=(WIDTH, 3.5 + 0.2 * (3 + len(worst))), layout="constrained")
        whole, zoom = figure.subplots(1, 2)
        for axes in (whole, zoom):
            handles = [
                *_average_curves(axes, table, style),
                *_worst_curves(axes, table, worst),
                *_other_curves(axes, table, worst),
            ]
            axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=":")
            axes.set_xlabel("false positive rate")
        whole.set_xlim(-0.01, 1)
        whole.set_ylim(0, 1.01)
        whole.set_ylabel("true positive rate")
        zoom.set_xlim(-0.002, ZOOM)
        zoom.set_ylim(_zoom_from(table), 1.002)
        zoom.set_title(f"rates below {ZOOM}", loc="left", fontsize=FONT)
        zoom.set_xticks(np.linspace(0, ZOOM, 3))
        head(figure, f"{table.job}: {table.variant}\nROC, one class against the rest, {_runs_text(table.runs.n)}")
        names = [fitted(str(line.get_label()), WIDTH - 0.8, SMALL_FONT) for line in handles]
        figure.legend(
            handles, names, loc="outside lower left", borderpad=0.1, handlelength=3, title="area under it (AUC)",
            title_fontsize=SMALL_FONT, alignment="left",
        )  # fmt: skip
    return figure


def worst_classes(table: ClassTable) -> list[int]:
    """Return the classes with the least areas below their ROC curves, the least first."""
    areas = table.runs.mean.scores[: len(table.classes), SCORES.index("auc")]
    known = np.flatnonzero(~np.isnan(areas))
    return [int(index) for index in known[np.argsort(areas[known], kind="stable")][: len(WORST)]]


def _average_curves(axes: Axes, table: ClassTable, style: VariantStyle) -> list[Line2D]:
    """Draw the macro and the micro average with a band of one SD; return them."""
    runs, count = table.runs, len(table.classes)
    lines = []
    for row, name, line in ((count, "macro", "-"), (count + 1, "micro", "--")):
        mean, sd = runs.mean.curves[row], runs.sd.curves[row]
        label = f"{name} average: {_area(table, row)}"
        lines += axes.plot(GRID, mean, color=style.color, linewidth=2, linestyle=line, label=label, zorder=3)
        axes.fill_between(GRID, mean - sd, np.minimum(mean + sd, 1), color=style.color, alpha=0.15, linewidth=0)
    return lines


def _worst_curves(axes: Axes, table: ClassTable, worst: list[int]) -> list[Line2D]:
    """Draw the curves of the classes that are named; return them."""
    draw = partial(axes.plot, GRID, color=INK, linewidth=1.2)
    return [
        line
        for index, dashes in zip(worst, WORST, strict=False)
        for line in draw(table.runs.mean.curves[index], linestyle=dashes, label=_class_label(table, index))
    ]


def _other_curves(axes: Axes, table: ClassTable, worst: list[int]) -> list[Line2D]:
    """Draw the curves of all other classes, thin and grey; return one of them, for the legend."""
    areas = table.runs.mean.scores[: len(table.classes), SCORES.index("auc")]
    others = [index for index in np.flatnonzero(~np.isnan(areas)).tolist() if index not in worst]
    lines: list[Line2D] = []
    for index in others:
        lines += axes.plot(GRID, table.runs.mean.curves[index], color=SOFT, linewidth=0.5, alpha=0.7)
    label = f"each of the {len(others)} other classes" if len(others) > 1 else ""
    for line in lines[:1]:
        line.set_label(label or _class_label(table, others[0]))
    return lines[:1]


def _class_label(table: ClassTable, index: int) -> str:
    return f"{broken(table.classes[index], 2.2, SMALL_FONT, 1)[0]}: {_area(table, index)}"


def _area(table: ClassTable, row: int) -> str:
    column = SCORES.index("auc")
    return mean_and_sd(table.runs.mean.scores[row, column], table.runs.sd.scores[row, column])


def _zoom_from(table: ClassTable) -> float:
    """Return where the zoom's axis of true positive rates begins: it shows where the averages bend."""
    averages = table.runs.mean.curves[len(table.classes) :]
    return min(0.8, math.floor(10 * np.nanmin(averages[:, np.searchsorted(GRID, 0.01)])) / 10)
