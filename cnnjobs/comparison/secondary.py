"""Whether a comparison is the one that a job is for, on which there are verdicts, or a secondary one."""

from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import ALPHA
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.stored_job import StoredJob

WHY = 'where nothing differs, chance makes one of 4 such comparisons "better" in 17% of jobs, and one of 8 in 28%'
"""Measured with this project's tests, over metrics of the same runs."""


def secondary_of(job: StoredJob, metric: Metric, own: Metric, reference: str, alpha: float) -> str:
    """Return in what a comparison is another than the job's own; empty if it is that.

    Args:
        job: as `job.json` keeps it.
        metric: that it is on.
        own: that of the job.
        reference: that variants are compared with.
        alpha: of its tests; a smaller one than the usual is as good.
    """
    differs = []
    if metric.column != own.column:
        differs.append(f"on {metric.words} instead of {own.words}")
    if reference != job.reference:
        differs.append(f"with {reference} as reference instead of {job.reference}")
    if alpha > ALPHA:
        differs.append(f"at {alpha:g} instead of {ALPHA:g}")
    return ", ".join(differs)


def secondary_note(differs: str) -> list[str]:
    """Say of a secondary comparison that there is no verdict, and why.

    Args:
        differs: of `secondary_of`.
    """
    return [f"This is a secondary comparison, {differs}, without verdicts: {WHY}"] if differs else []


def rule_note(rule: DecisionRule, alpha: float, margin: float | None) -> list[str]:
    """Say that what was asked of a comparison does not change what a rule has decided.

    Args:
        rule: that decides.
        alpha: of the comparison, which intervals of single variants have.
        margin: that was asked for; None for none.
    """
    asked = [] if alpha in (ALPHA, rule.alpha) else [f"an alpha of {alpha:g}"]
    asked += [] if margin is None else ["a margin"]
    if not asked:
        return []
    own = f"alpha of {rule.alpha:g}" + ("" if rule.margin is None else " and margin")
    return [f"Decisions use the rule's own {own}. They are not changed by {' and '.join(asked)} given here"]
