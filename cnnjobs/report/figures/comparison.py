"""Figures of a comparison: a box plot over repeats with every repeat drawn, and the paired differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnjobs.comparison.all_pairs import best_first
from cnnjobs.comparison.metric_format import axis_label, difference_label, within_bounds
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import looks_text
from cnnjobs.report.figure_colors import GROUND, INK, SOFT
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, fits, fitted, line_height
from cnnjobs.report.figures.style import drawing_variant, foot, head, of_variant, sideways, styled
from cnnjobs.report.variant_styles import VariantStyle, variant_styles
from cnnjobs.stats.summary import FEWEST_FOR_QUARTILES
from cnnjobs.wording.labels import count_label

MOST_UPRIGHT = 4
"""Up to so many boxes stand beside each other, in the order of the job; more lie one above the other, best on top."""

NAMES = 2.2
"""Room for names beside boxes and differences, inches."""

LINES = 3
"""A name has at most so many lines."""

TICKS = 6
"""Intervals of an axis at the foot, at most. Were their number to follow from its length, which follows from the room
that the labels of its ticks need, the layout would not settle, and the last label be cut."""


def box_plot(table: JobTable) -> Figure:
    """Return a figure with a box a variant over its runs, every run drawn on it, and how many there are."""
    rows = [row for row in table.rows if row.values]
    upright = _upright(rows)
    rows = rows if upright else [row for row in best_first(table) if row.values]
    styles = variant_styles(table.job.variants)
    labels = _labels(table, rows, upright=upright)
    with styled():
        figure = sideways(4.4 if upright else 1.6 + _depth(labels))
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="x" if upright else "y")
        for place, row in enumerate(rows):
            values = np.array(list(row.values.values())) * table.metric.factor
            with drawing_variant(axes, row.name):
                _one_box(axes, place, values, styles[row.name], upright=upright)
        _reference_line(axes, table, rows, upright=upright)
        _name_boxes(axes, table, labels, upright=upright)
        for row, label in zip(rows, (axes.xaxis if upright else axes.yaxis).get_ticklabels(), strict=True):
            of_variant(row.name, label)
        runs = "folds" if table.job.protocol.folds else "repeats"
        head(figure, f"{table.job.name}: {axis_label(table.metric)} over {runs}")
        foot(figure, _how_to_read(table, rows, upright=upright))
    return figure


def _upright(rows: Sequence[VariantRow]) -> bool:
    return len(rows) <= MOST_UPRIGHT and all(fits(row.name, _column(rows), SMALL_FONT, LINES) for row in rows)


def _column(rows: Sequence[VariantRow]) -> float:
    """Return the room for a name below an upright box, inches."""
    return (WIDTH - 0.8) / max(len(rows), 1) - 0.1


def _mean(row: VariantRow) -> float:
    return float(np.mean(list(row.values.values())))


def _labels(table: JobTable, rows: Sequence[VariantRow], *, upright: bool) -> list[str]:
    """Return the names of boxes: which is the reference, and how many runs there are where that is not said below."""
    each = None if upright else _count_of_all(rows)
    labels = []
    for row in rows:
        about = ["reference"] * (row.name == table.reference and len(table.rows) > 1)
        about += [f"n = {_count(row)}"] * (each is None)
        name = fitted(row.name, _column(rows) if upright else NAMES, SMALL_FONT, LINES)
        labels.append("\n".join([name, ", ".join(about)] if about else [name]))
    return labels


def _depth(labels: Sequence[str]) -> float:
    """Return how deep rows are that have these labels, inches."""
    return sum(0.17 + line_height(SMALL_FONT) * max(label.count("\n") + 1, 1.6) for label in labels)


def _name_boxes(axes: Axes, table: JobTable, labels: Sequence[str], *, upright: bool) -> None:
    words = axis_label(table.metric)
    if upright:
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlim(-0.6, max(len(labels), 1) - 0.4)
        axes.set_ylabel(fitted(words, 2.8, FONT, 2))
    else:
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.locator_params(axis="x", nbins=TICKS)
        axes.set_xlabel(fitted(words, WIDTH - NAMES - 0.4, FONT, 3))


def _count(row: VariantRow) -> str:
    return count_label(len(row.values), row.folds)


def _count_of_all(rows: Sequence[VariantRow]) -> str | None:
    """Return how many runs each variant has; None where they differ."""
    counts = {_count(row) for row in rows}
    return counts.pop() if len(counts) == 1 else None


def _reference_line(axes: Axes, table: JobTable, rows: Sequence[VariantRow], *, upright: bool) -> None:
    """Draw the mean of the reference across the others."""
    for row in rows:
        if row.name == table.reference and len(rows) > 1:
            across = axes.axhline if upright else axes.axvline
            across(table.metric.factor * _mean(row), color=SOFT, linewidth=1, linestyle=":", zorder=0.9)


def _how_to_read(table: JobTable, rows: Sequence[VariantRow], *, upright: bool) -> str:
    counts = [len(row.values) for row in rows]
    parts = []
    each = _count_of_all(rows)
    if not upright and each is not None:
        parts.append(f"n = {each} each")
    if any(count >= FEWEST_FOR_QUARTILES for count in counts):
        parts.append("box: quartiles and median, whiskers to 1.5 IQR; dashed in it: mean")
    if any(count < FEWEST_FOR_QUARTILES for count in counts):
        parts.append(f"fewer than {FEWEST_FOR_QUARTILES} runs: a bar at their mean")
    parts.append("marks: every run")
    if any(row.name == table.reference for row in rows) and len(rows) > 1:
        parts.append("dotted: mean of the reference")
    return "; ".join(parts)


def _one_box(axes: Axes, place: int, values: np.ndarray[Any, Any], style: VariantStyle, *, upright: bool) -> None:
    color = style.color
    if len(values) >= FEWEST_FOR_QUARTILES:
        axes.boxplot(
            values,
            positions=[place],
            orientation="vertical" if upright else "horizontal",
            widths=0.55,
            showfliers=False,  # every run is drawn anyway
            showmeans=True,
            meanline=True,
            patch_artist=True,
            boxprops={"facecolor": (color, 0.18), "edgecolor": color},
            medianprops={"color": color, "linewidth": 2},
            meanprops={"color": INK, "linewidth": 1, "linestyle": (0, (2, 1.5))},
            whiskerprops={"color": color},
            capprops={"color": color},
        )
    else:
        mean = axes.hlines if upright else axes.vlines
        mean(values.mean(), place - 0.2, place + 0.2, colors=color, linewidth=2)
    points = (place + _spread(len(values)), values)
    axes.plot(
        *(points if upright else points[::-1]),
        style.marker,
        color=color,
        markersize=5.5,
        markeredgecolor=GROUND,
        markeredgewidth=0.7,
    )


def _spread(count: int) -> np.ndarray[Any, Any]:
    """Return sideways places that keep dots apart, the same ones every time."""
    return np.zeros(1) if count == 1 else 0.14 * np.sin(2.4 * np.arange(count))


DIFFERENCE_PLOT_COLUMNS = ("variant", "pairs", "mean", "low", "high", "resolved", "level", "looks")


def drawn_differences(table: JobTable) -> list[VariantRow]:
    """Return the variants that have a difference to draw: few in the order of the job, many with the best on top."""
    rows = [row for row in table.rows if row.difference is not None and row.difference.mean is not None]
    if len(rows) < MOST_UPRIGHT:
        return rows
    drawn = {row.name: row for row in rows}
    return [drawn[row.name] for row in best_first(table) if row.name in drawn]


def difference_rows(table: JobTable) -> list[tuple[Any, ...]]:
    """Return what the figure of differences draws, as people read it: accuracies in points, within what can be."""
    factor = table.metric.factor
    rows: list[tuple[Any, ...]] = []
    for row in drawn_differences(table):
        assert row.comparison is not None
        d = row.comparison.difference
        ends = (d.low, d.high)
        if d.low is not None and d.high is not None:
            ends = within_bounds(table.metric, d.low, d.high, difference=True)
        mean, low, high = (None if value is None else factor * value for value in (d.mean, *ends))
        about = (row.comparison.resolved(table.alpha), row.comparison.level, table.looked.times(row.name))
        rows.append((row.name, d.n, mean, low, high, *about))
    return rows


def difference_plot(table: JobTable) -> Figure:
    """Return the paired differences to the reference with their intervals, of a table that has some."""
    rows = difference_rows(table)[::-1]
    styles = variant_styles(table.job.variants)
    pairs = {row[1] for row in rows}
    with styled():
        labels = [
            fitted(name, NAMES, SMALL_FONT, LINES) + (f"\n{count} pairs" if len(pairs) > 1 else "")
            for name, count, *_ in rows
        ]
        figure = sideways(1.75 + _depth(labels))
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color=INK, linewidth=1)
        for place, (name, _, mean, low, high, resolved, *_) in enumerate(rows):
            with drawing_variant(axes, name):
                _difference(axes, place, (mean, low, high), styles[name], resolved=resolved)
        axes.set_yticks(range(len(rows)), labels)
        for row, label in zip(rows, axes.get_yticklabels(), strict=True):
            of_variant(row[0], label)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        less = "" if table.higher_is_better else " (less is better)"
        words = f"{difference_label(table.metric, table.reference)}{less}"
        axes.locator_params(axis="x", nbins=TICKS)
        axes.set_xlabel(fitted(words, WIDTH - NAMES - 0.4, FONT, 4))
        each = f"{pairs.pop()} pairs each; " if len(pairs) == 1 else ""
        foot(
            figure,
            f"{each}mean and interval, {table.level} or the level at which Holm resolved it; thick and filled: "
            f"resolved{looks_text(table.looked.most)}; thin and hollow: not",
        )
    return figure


def _difference(
    axes: Axes,
    place: int,
    drawn: tuple[float, float | None, float | None],
    style: VariantStyle,
    *,
    resolved: bool,
) -> None:
    mean, low, high = drawn
    if low is not None and high is not None:
        axes.hlines(place, low, high, colors=style.color, linewidth=3 if resolved else 1.2)
    axes.plot(
        mean,
        place,
        style.marker,
        color=style.color,
        markerfacecolor=style.color if resolved else GROUND,
        markeredgewidth=1.5,
        markersize=8,
    )
