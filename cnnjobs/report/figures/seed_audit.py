"""The figure of a seed audit: SD of runs with one source of chance varying at a time."""

from collections.abc import Sequence

from cnnjobs.planning.audit_names import ALL
from cnnjobs.report.figures.style import Figure, styled, text
from cnnjobs.report.model import Row
from cnnjobs.report.variant_styles import COLORS
from cnnjobs.spec.metrics import Metric


def sd_plot(metric: Metric, level: str, rows: Sequence[Row]) -> Figure:
    """Draw one dot a source with its interval, and a band for that of all sources.

    Args:
        metric: whose SD it is.
        level: of the intervals, in words.
        rows: of the report's table.
    """
    with styled():
        figure = Figure(figsize=(7.0, 1.5 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        for place, row in enumerate(reversed(rows)):
            color = COLORS[0] if row["source"] == ALL else COLORS[1]
            if row["sd_low"] is not None:
                low, high = metric.factor * row["sd_low"], metric.factor * row["sd_high"]
                axes.hlines(place, low, high, colors=color, linewidth=2)
                if row["source"] == ALL:
                    axes.axvspan(low, high, color=color, alpha=0.1, linewidth=0)
            if row["sd"] is not None:
                marker = "D" if row["source"] == ALL else "o"
                axes.plot(metric.factor * row["sd"], place, marker, color=color, markersize=6, clip_on=False, zorder=3)
        axes.set_yticks(range(len(rows)), [f"{text(row['source'])} ({row['repeats']})" for row in reversed(rows)])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(left=0)
        unit = f", {metric.unit_of_difference}" if metric.unit_of_difference else ""
        axes.set_xlabel(
            f"SD of {metric.words}{unit}; with {level} chi-squared interval\n"
            "diamond and band: all sources; in brackets: repeats"
        )
    return figure
