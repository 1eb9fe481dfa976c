"""The figure of a seed audit: SD of runs with one source of chance varying at a time."""

from collections.abc import Mapping, Sequence

from cnnjobs.planning.audit_names import ALL
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, fitted, text
from cnnjobs.report.figures.style import Figure, drawing_variant, foot, of_variant, sideways, styled
from cnnjobs.report.model import Row
from cnnjobs.report.variant_styles import VariantStyle
from cnnjobs.spec.metrics import Metric


def sd_plot(metric: Metric, level: str, rows: Sequence[Row], styles: Mapping[str, VariantStyle]) -> Figure:
    """Draw one mark a source with its interval, and a band for that of all sources.

    Args:
        metric: whose SD it is.
        level: of the intervals, in words.
        rows: of the report's table.
        styles: source -> how it is drawn, as in other figures of the audit.
    """
    with styled():
        figure = sideways(1.6 + 0.42 * len(rows))
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        for place, row in enumerate(reversed(rows)):
            style = styles[row["source"]]
            with drawing_variant(axes, row["source"]):
                if row["sd_low"] is not None:
                    low, high = metric.factor * row["sd_low"], metric.factor * row["sd_high"]
                    axes.hlines(place, low, high, colors=style.color, linewidth=2)
                    if row["source"] == ALL:
                        axes.axvspan(low, high, color=style.color, alpha=0.1, linewidth=0)
                if row["sd"] is not None:
                    sd = metric.factor * row["sd"]
                    axes.plot(sd, place, style.marker, color=style.color, markersize=7, clip_on=False, zorder=3)
        labels = [f"{text(row['source'])} ({row['repeats']})" for row in reversed(rows)]
        axes.set_yticks(range(len(rows)), labels, fontsize=SMALL_FONT)
        for row, label in zip(reversed(rows), axes.get_yticklabels(), strict=True):
            of_variant(row["source"], label)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(left=0)
        unit = f", {metric.unit_of_difference}" if metric.unit_of_difference else ""
        axes.set_xlabel(fitted(f"SD of {metric.words}{unit}", WIDTH - 2.0, FONT, 3))
        foot(figure, f"with {level} chi-squared interval; band: that of all sources; in brackets: repeats")
    return figure
