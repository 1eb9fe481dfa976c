"""Figures: a box plot over repeats with every repeat drawn, and learning curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context, library

from cnnjobs.analysis.figures import STYLE, as_text
from cnnjobs.analysis.statistics import CONFIDENCE
from cnnjobs.analysis.tables import JobTable

TRAIN, VALIDATION = "tab:blue", "tab:orange"
LEAST_FOR_BOX = 5
"""Below this many runs quartiles say nothing: dots and a tick at the mean are drawn instead."""

THIN_LINES = 10
"""Up to this many repeats each has its line; above, the median and the band that holds 80% of them."""


def box_plot(table: JobTable) -> Figure:
    """Return a figure with a box a variant over its runs, every run drawn on it, and n under its name."""
    rows = [row for row in table.rows if row.values]
    scale = 100 if table.is_accuracy else 1
    colors = [str(entry["color"]) for entry in library["petroff10"]["axes.prop_cycle"]]
    with context(STYLE):
        figure = Figure(figsize=(max(5.0, 1.5 + 1.15 * len(rows)), 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="x")
        for place, row in enumerate(rows):
            values = np.array(list(row.values.values())) * scale
            _one_box(axes, place, values, colors[place % len(colors)])
        labels = [f"{_wrapped(as_text(row.name))}\nn = {len(row.values)}" for row in rows]
        axes.set_xticks(range(len(rows)), labels)
        axes.set_xlim(-0.6, max(len(rows), 1) - 0.4)
        axes.set_ylabel(axis_label(table.metric))
        runs = "folds" if table.job["protocol"]["folds"] else "repeats"
        axes.set_title(
            f"{as_text(str(table.job['name']))}: {axis_label(table.metric)} over {runs}", loc="left", fontsize=11
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


def learning_curves(job: str, variant: str, epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """Return loss above accuracy over epochs, train blue and validation orange, every repeat drawn.

    Args:
        job: name, for the title.
        variant: name, for the title.
        epochs: rows of `epochs` of that variant.
    """
    runs: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for row in sorted(epochs, key=lambda row: (row["repeat"], row["fold"], row["epoch"])):
        runs.setdefault((row["repeat"], row["fold"]), []).append(row)
    with context(STYLE):
        figure = Figure(figsize=(6.4, 6.0), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, metric in ((upper, "loss"), (lower, "accuracy")):
            _curves(axes, list(runs.values()), metric, TRAIN, "train")
            _curves(axes, list(runs.values()), f"val_{metric}", VALIDATION, "validation")
            axes.set_ylabel("loss (cross-entropy)" if metric == "loss" else "accuracy (%)")
        lower.set_xlabel("epoch")
        lower.xaxis.get_major_locator().set_params(integer=True)
        upper.legend(frameon=False)
        upper.set_title(f"{as_text(job)}: {as_text(variant)}, {_runs_text(len(runs))}", loc="left", fontsize=11)
    return figure


def _runs_text(count: int) -> str:
    if count == 1:
        return "1 run"
    return f"{count} runs" if count <= THIN_LINES else f"median of {count} runs, band: 10% to 90%"


def _curves(axes: Axes, runs: Sequence[Sequence[Mapping[str, Any]]], column: str, color: str, label: str) -> None:
    scale = 100 if column.endswith("accuracy") else 1
    if len(runs) <= THIN_LINES:
        for index, run in enumerate(runs):
            x, y = [row["epoch"] for row in run], [_value(row, column, scale) for row in run]
            marker = "o" if len(x) == 1 else None
            axes.plot(x, y, color=color, linewidth=1.1, alpha=0.75, marker=marker, label=None if index else label)
        return
    length = max(len(run) for run in runs)
    values = np.full((len(runs), length), np.nan)
    for index, run in enumerate(runs):
        values[index, : len(run)] = [_value(row, column, scale) for row in run]
    low, middle, high = np.nanquantile(values, [0.1, 0.5, 0.9], axis=0)
    numbers = np.arange(1, length + 1)
    axes.fill_between(numbers, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(numbers, middle, color=color, linewidth=1.6, label=label)


def difference_plot(table: JobTable) -> Figure | None:
    """Return the paired differences to the reference with their intervals; None if there are none."""
    rows = [row for row in table.rows if row.difference is not None and row.difference.mean is not None]
    if not rows:
        return None
    scale = 100 if table.is_accuracy else 1
    with context(STYLE):
        figure = Figure(figsize=(7.0, 1.5 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color="#444444", linewidth=1)
        for place, row in enumerate(reversed(rows)):
            d = row.difference
            assert d is not None and d.mean is not None
            color = "tab:blue" if d.resolved else "#888888"
            if d.low is not None and d.high is not None:
                axes.hlines(place, scale * d.low, scale * d.high, colors=color, linewidth=2)
            axes.plot(scale * d.mean, place, "o" if d.resolved else "D", color=color, markersize=6)
        labels = [f"{as_text(row.name)} ({row.difference.n if row.difference else 0})" for row in reversed(rows)]
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        unit = "points" if table.is_accuracy else "nats"
        what = f"{table.metric.replace('_', ' ')} minus {as_text(table.reference)}"
        axes.set_xlabel(
            f"{what}, {unit}; mean and {CONFIDENCE:.0%} interval\n"
            "blue: the interval leaves out 0, grey diamond: not resolved; in brackets: pairs"
        )
    return figure


def axis_label(metric: str) -> str:
    """Return the metric with its unit."""
    name = metric.replace("val_", "validation ").replace("_", " ")
    return f"{name} (%)" if metric.endswith("accuracy") else f"{name} (cross-entropy)"


def _value(row: Mapping[str, Any], column: str, scale: float) -> float:
    """Return a value of an epoch; a missing one leaves a gap."""
    return float("nan") if row[column] is None else scale * row[column]


def _wrapped(name: str, width: int = 14) -> str:
    """Break a long name at its spaces."""
    lines = [""]
    for word in name.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
