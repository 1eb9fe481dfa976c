"""The figures of what a rule decided: how each variant came to its verdict."""

from collections.abc import Iterator, Mapping
from typing import Any

from cnnjobs.comparison.decided_looks import Step, steps_of
from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.metric_format import capital, difference_label
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.file_names import plain_names
from cnnjobs.report.model import Chart
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.spec.metrics import Metric

STEP_COLUMNS = (
    *("variant", "repeat", "difference", "used", "pairs", "mean", "low", "high", "level", "sequential_p"),
    "sequential_p_equal",
)
"""What the figure draws, one row per variant and repeat, from 1; differences are as people read them, in points."""


def decision_charts(table: JobTable) -> Iterator[Chart]:
    """Yield the figures of variants that have ended a repeat: one figure where they are few, else one each.

    Args:
        table: the comparison of a job; without the word of a rule there is none.
    """
    ruling = table.ruling
    if ruling is None:
        return
    from cnnjobs.report.figures.decisions import MOST_TOGETHER

    steps = {name: steps_of(table, ruling, name) for name in ruling.decisions}
    drawn = {name: own for name, own in steps.items() if own}
    if len(drawn) <= MOST_TOGETHER:
        if drawn:
            yield _chart(table, ruling, "decisions", drawn)
        return
    names = plain_names(table.job.variants)
    for name, own in drawn.items():
        yield _chart(table, ruling, f"decision-{names[name]}", {name: own})


def _chart(table: JobTable, ruling: Ruling, name: str, steps: Mapping[str, list[Step]]) -> Chart:
    from cnnjobs.report.figures.decisions import Panel, decision_plot

    styles = variant_styles(table.job.variants)
    panels = [Panel(variant, ruling.decisions[variant], own, styles[variant]) for variant, own in steps.items()]
    said = "; ".join(f"{one.variant} {one.decision.verdict.value.replace('_', ' ')}" for one in panels)
    label = capital(difference_label(table.metric, table.reference))
    return Chart(
        name,
        f"{label}: every pair, their mean and the interval that holds at every look, over repeats ({said})",
        lambda: decision_plot(panels, table.metric, ruling.reference, ruling.rule.margin),
        STEP_COLUMNS,
        lambda: [row for variant, own in steps.items() for row in _step_rows(table.metric, variant, own)],
    )


def _step_rows(metric: Metric, variant: str, steps: list[Step]) -> Iterator[tuple[Any, ...]]:
    for one in steps:
        differences = (one.difference, one.mean, one.interval.low, one.interval.high)
        difference, mean, low, high = (None if value is None else metric.factor * value for value in differences)
        ps = (one.level, one.q, one.q_equal) if one.used else (None, None, None)
        yield (variant, one.repeat, difference, one.used, one.pairs, mean, low, high, *ps)
