"""Figures of a comparison: a box plot over repeats with every repeat drawn, and the paired differences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnjobs.comparison.metric_format import axis_label, difference_label
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import looks_text
from cnnjobs.report.figures.style import drawing_variant, of_variant, short, styled, text, wrapped
from cnnjobs.report.variant_styles import VariantStyle, variant_styles
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats.summary import FEWEST_FOR_QUARTILES
from cnnjobs.wording.labels import count_label

MOST_UPRIGHT = 8
"""Up to this many boxes stand beside each other; more lie one above the other, where their names have room."""


def box_plot(table: JobTable) -> Figure:
    """Return a figure with a box a variant over its runs, every run drawn on it, and n with its name."""
    rows = [row for row in table.rows if row.values]
    upright = len(rows) <= MOST_UPRIGHT
    styles = variant_styles(table.job.variants)
    with styled():
        size = (max(5.0, 1.5 + 1.15 * len(rows)), 4.6) if upright else (7.0, 1.3 + 0.42 * len(rows))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="x" if upright else "y")
        for place, row in enumerate(rows):
            values = np.array(list(row.values.values())) * table.metric.factor
            with drawing_variant(axes, row.name):
                _one_box(axes, place, values, styles[row.name], upright=upright)
        _name_boxes(axes, rows, axis_label(_drawn(table.metric)), upright=upright)
        for row, label in zip(rows, (axes.xaxis if upright else axes.yaxis).get_ticklabels(), strict=True):
            of_variant(row.name, label)
        runs = "folds" if table.job.protocol.folds else "repeats"
        axes.set_title(
            f"{text(table.job.name)}: {axis_label(_drawn(table.metric))} over {runs}", loc="left", fontsize=11
        )
        figure.supxlabel(_legend_text(rows), fontsize=8, color="#555555")
    return figure


def _drawn(metric: Metric) -> Metric:
    """Return the metric as a figure names it: the name of a class may be long, and hold dollar signs."""
    return replace(metric, words=short(metric.words, 60))


def _name_boxes(axes: Axes, rows: Sequence[VariantRow], unit: str, *, upright: bool) -> None:
    if upright:
        axes.set_xticks(
            range(len(rows)), [f"{wrapped(row.name)}\nn = {count_label(len(row.values), row.folds)}" for row in rows]
        )
        axes.set_xlim(-0.6, max(len(rows), 1) - 0.4)
        axes.set_ylabel(unit)
    else:
        axes.set_yticks(
            range(len(rows)),
            [f"{wrapped(row.name, 30, 2)}, n = {_count(row)}" for row in rows],
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(unit)


def _count(row: VariantRow) -> str:
    return count_label(len(row.values), row.folds)


def _legend_text(rows: Sequence[Any]) -> str:
    counts = [len(row.values) for row in rows]
    parts = []
    if any(count >= FEWEST_FOR_QUARTILES for count in counts):
        parts.append("box: quartiles and median, whiskers to 1.5 IQR; dots: every run")
    if any(count < FEWEST_FOR_QUARTILES for count in counts):
        parts.append(f"fewer than {FEWEST_FOR_QUARTILES} runs: dots, and a bar at their mean")
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
            patch_artist=True,
            boxprops={"facecolor": (color, 0.18), "edgecolor": color},
            medianprops={"color": color, "linewidth": 2},
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
        markeredgecolor="white",
        markeredgewidth=0.7,
    )


def _spread(count: int) -> np.ndarray[Any, Any]:
    """Return sideways places that keep dots apart, the same ones every time."""
    return np.zeros(1) if count == 1 else 0.14 * np.sin(2.4 * np.arange(count))


DIFFERENCE_PLOT_COLUMNS = ("variant", "pairs", "mean", "low", "high", "resolved", "level", "looks")


def drawn_differences(table: JobTable) -> list[VariantRow]:
    """Return the variants that have a difference to draw."""
    return [row for row in table.rows if row.difference is not None and row.difference.mean is not None]


def difference_rows(table: JobTable) -> list[tuple[Any, ...]]:
    """Return what the figure of differences draws, as people read it: accuracies in points."""
    factor = table.metric.factor
    rows: list[tuple[Any, ...]] = []
    for row in drawn_differences(table):
        assert row.comparison is not None
        d = row.comparison.difference
        mean, low, high = (None if value is None else factor * value for value in (d.mean, d.low, d.high))
        about = (row.comparison.resolved(table.alpha), row.comparison.level, table.looked.times(row.name))
        rows.append((row.name, d.n, mean, low, high, *about))
    return rows


def difference_plot(table: JobTable) -> Figure:
    """Return the paired differences to the reference with their intervals, of a table that has some."""
    rows = difference_rows(table)[::-1]
    with styled():
        labels = [f"{wrapped(name, 30)} ({pairs})" for name, pairs, *_ in rows]
        lines = sum(label.count("\n") + 1 for label in labels)
        figure = Figure(figsize=(7.0, 1.5 + 0.28 * len(rows) + 0.16 * lines), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color="#444444", linewidth=1)
        for place, (name, _, mean, low, high, resolved, *_) in enumerate(rows):
            color = "tab:blue" if resolved else "#888888"
            with drawing_variant(axes, name):
                if low is not None:
                    axes.hlines(place, low, high, colors=color, linewidth=2)
                axes.plot(mean, place, "o" if resolved else "D", color=color, markersize=6)
        axes.set_yticks(range(len(rows)), labels)
        for row, label in zip(rows, axes.get_yticklabels(), strict=True):
            of_variant(row[0], label)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel(difference_label(_drawn(table.metric), short(table.reference)))
        figure.supxlabel(
            f"mean and interval, {table.level} or the level at which Holm resolved it; in brackets: pairs\n"
            f"blue: resolved{looks_text(table.looked.most)}; grey diamond: not",
            fontsize=8,
            color="#555555",
        )
    return figure
