"""Figures of a comparison: a box plot over repeats with every repeat drawn, and the paired differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context

from cnnjobs.analysis.drawing import COLORS, STYLE, short, text, wrapped
from cnnjobs.analysis.measures import axis_label, difference_label, measure
from cnnjobs.analysis.tables import JobTable

LEAST_FOR_BOX = 5
"""Below this many runs quartiles say nothing: dots and a tick at the mean are drawn instead."""


def box_plot(table: JobTable) -> Figure:
    """Return a figure with a box a variant over its runs, every run drawn on it, and n under its name."""
    rows = [row for row in table.rows if row.values]
    with context(STYLE):
        figure = Figure(figsize=(max(5.0, 1.5 + 1.15 * len(rows)), 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="x")
        for place, row in enumerate(rows):
            values = np.array(list(row.values.values())) * measure(table.metric).factor
            _one_box(axes, place, values, COLORS[place % len(COLORS)])
        labels = [f"{wrapped(row.name)}\nn = {len(row.values)}" for row in rows]
        axes.set_xticks(range(len(rows)), labels)
        axes.set_xlim(-0.6, max(len(rows), 1) - 0.4)
        axes.set_ylabel(axis_label(table.metric))
        runs = "folds" if table.job["protocol"]["folds"] else "repeats"
        axes.set_title(
            f"{text(str(table.job['name']))}: {axis_label(table.metric)} over {runs}", loc="left", fontsize=11
        )
        figure.supxlabel(_legend_text(rows), fontsize=8, color="#555555")
    return figure


def _legend_text(rows: Sequence[Any]) -> str:
    counts = [len(row.values) for row in rows]
    parts = []
    if any(count >= LEAST_FOR_BOX for count in counts):
        parts.append("box: quartiles and median, whiskers to 1.5 IQR; dots: every run")
    if any(count < LEAST_FOR_BOX for count in counts):
        parts.append(f"fewer than {LEAST_FOR_BOX} runs: dots, and a bar at their mean")
    return "; ".join(parts)


def _one_box(axes: Axes, place: int, values: np.ndarray[Any, Any], color: str) -> None:
    if len(values) >= LEAST_FOR_BOX:
        axes.boxplot(
            values,
            positions=[place],
            widths=0.55,
            showfliers=False,  # every run is drawn anyway
            patch_artist=True,
            boxprops={"facecolor": (color, 0.18), "edgecolor": color},
            medianprops={"color": color, "linewidth": 2},
            whiskerprops={"color": color},
            capprops={"color": color},
        )
    else:
        axes.hlines(values.mean(), place - 0.2, place + 0.2, colors=color, linewidth=2)
    axes.plot(place + _spread(len(values)), values, "o", color=color, markersize=5, markeredgecolor="white", alpha=0.9)


def _spread(count: int) -> np.ndarray[Any, Any]:
    """Return sideways places that keep dots apart, the same ones every time."""
    return np.zeros(1) if count == 1 else 0.14 * np.sin(2.4 * np.arange(count))


def difference_plot(table: JobTable) -> Figure | None:
    """Return the paired differences to the reference with their intervals; None if there are none."""
    rows = [row for row in table.rows if row.difference is not None and row.difference.mean is not None]
    if not rows:
        return None
    factor = measure(table.metric).factor
    with context(STYLE):
        labels = [f"{wrapped(row.name, 30)} ({row.difference.n if row.difference else 0})" for row in reversed(rows)]
        lines = sum(label.count("\n") + 1 for label in labels)
        figure = Figure(figsize=(7.0, 1.5 + 0.28 * len(rows) + 0.16 * lines), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color="#444444", linewidth=1)
        for place, row in enumerate(reversed(rows)):
            d = row.difference
            assert d is not None and d.mean is not None
            resolved = row.comparison is not None and row.comparison.resolved(table.alpha)
            color = "tab:blue" if resolved else "#888888"
            if d.low is not None and d.high is not None:
                axes.hlines(place, factor * d.low, factor * d.high, colors=color, linewidth=2)
            axes.plot(factor * d.mean, place, "o" if resolved else "D", color=color, markersize=6)
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel(f"{difference_label(table.metric, short(table.reference))}; mean and {table.level} interval")
        figure.supxlabel(
            "blue: resolved among all of them (Holm), grey diamond: not; in brackets: pairs",
            fontsize=8,
            color="#555555",
        )
    return figure
