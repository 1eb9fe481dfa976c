"""Numbers as text, for the cells of tables."""

import math

from cnnjobs.comparison.metric_format import ends_text
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import Outcome
from cnnjobs.wording.levels import p_text


def p_cell(p: float | None) -> str:
    """Return p for people."""
    if p is None or math.isnan(p):
        return "-"
    return p_text(p)


def p_or_why(p: float | None, why: str) -> str:
    """Return the p of a test, with what it cannot do; or why there is none."""
    if p is None:
        return why or "-"
    return f"{p_cell(p)} ({why})" if why else p_cell(p)


def outcome_cell(outcome: Outcome) -> str:
    """Return the p of a test as `p_or_why` does."""
    return p_or_why(outcome.p, outcome.why)


def looks_text(looks: int) -> str:
    """Say after how many looks a verdict was reached; empty for one."""
    return f", after {looks} looks" if looks > 1 else ""


def interval_cell(
    metric: Metric, low: float | None, high: float | None, *, signed: bool = False, none: str = "-"
) -> str:
    """Return an interval in the unit of the metric, within what that can be.

    Args:
        metric: which.
        low: lower end as stored; None if there is no interval.
        high: upper end.
        signed: whether it is of a difference.
        none: what stands for no interval.
    """
    if low is None or high is None:
        return none
    return ends_text(metric, low, high, signed=signed)
