"""Runs of each variant for a requested half width, and the half width reached."""

from dataclasses import dataclass

import numpy as np

from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.spec.half_width import LEAST_PILOT, HalfWidth
from cnnjobs.stats import Interval, stein_interval, stein_repeats
from cnnjobs.store.store import Store

SMALL_PILOT = 5
"""Below so many runs the pilot knows its SD badly, and the rule asks for many runs to make up for it."""


@dataclass(frozen=True)
class Precision:
    """What one variant needs for the half width, and has.

    Args:
        variant: its name.
        pilot: runs of the pilot that have the metric.
        sd: of these, ddof=1; None below two, and while the pilot is not over.
        needed: runs in all by the rule; None where the pilot cannot say, or is not over.
        repeats: to be run for that, one more for each of the pilot without the metric, but not more than allowed;
            those of the pilot where it cannot say.
        left: of the repeats, those still to run.
        extra: stored repeats beyond those.
        runs: there are with the metric.
        mean: of all of them; None without one.
        interval: of the mean, by the pilot's SD; none while the pilot is not over.
        reached: whether that is as narrow as asked for.
        why: it is not; empty if it is.
    """

    variant: str
    pilot: int
    sd: float | None
    needed: int | None
    repeats: int
    left: int
    extra: int
    runs: int
    mean: float | None
    interval: Interval
    reached: bool
    why: str

    @property
    def half_width(self) -> float | None:
        """That is reached; None without an interval."""
        if self.interval.low is None or self.interval.high is None:
            return None
        return (self.interval.high - self.interval.low) / 2


def precisions(store: Store, table: JobTable, rule: HalfWidth) -> tuple[Precision, ...]:
    """Return what each variant needs and has, in the order of the job.

    Args:
        store: the job's folder, for which of the runs are the pilot's, however they ended.
        table: the comparison on the rule's metric.
        rule: for the repeats of each variant.
    """
    stored = store.read("trials", columns=["trial_id", "repeat"]).table.to_pylist()
    pilots = {run["trial_id"] for run in stored if run["repeat"] < rule.pilot}
    return tuple(_precision(row, rule.pilot - len(pilots.intersection(row.trials)), rule) for row in table.rows)


def _precision(row: VariantRow, waiting: int, rule: HalfWidth) -> Precision:
    """Return what one variant needs and has.

    Args:
        row: of the comparison.
        waiting: repeats of the pilot that have not ended.
        rule: for the repeats.
    """
    values = [value for _, value in sorted(row.values.items())]
    pilot = sum(repeat < rule.pilot for repeat, _ in row.values)
    sd = float(np.std(values[:pilot], ddof=1)) if pilot >= LEAST_PILOT and not waiting else None
    interval = _interval(row, values, pilot, waiting, rule)
    needed = _needed(sd, pilot, rule) if sd is not None and interval.low is not None else None
    wanted = rule.pilot if needed is None else needed + rule.pilot - pilot
    repeats = min(wanted, rule.most)
    left = waiting or max(0, repeats - len(row.trials))
    reached = needed is not None and len(values) >= needed
    return Precision(
        variant=row.name,
        pilot=pilot,
        sd=sd,
        needed=needed,
        repeats=repeats,
        left=left,
        extra=max(0, len(row.trials) - repeats),
        runs=len(values),
        mean=float(np.mean(values)) if values else None,
        interval=interval,
        reached=reached,
        why="" if reached else interval.why or _why(row, left, repeats, wanted),
    )


def _interval(row: VariantRow, values: list[float], pilot: int, waiting: int, rule: HalfWidth) -> Interval:
    """Return the interval of the mean, or why the pilot gives none."""
    if waiting:
        return Interval.none(f"the pilot lacks {waiting} of {rule.pilot} repeats")
    if not pilot:
        lost = "diverged, failed or have no finite value" if row.not_finite else "diverged or failed"
        return Interval.none(f"all {rule.pilot} runs of the pilot {lost}: cannot plan")
    interval = stein_interval(values, pilot, rule.confidence)
    return interval if interval.low is not None else Interval.none(f"{interval.why}: cannot plan")


def _needed(sd: float, pilot: int, rule: HalfWidth) -> int | None:
    return stein_repeats(sd, pilot, rule.half_width, rule.confidence)


def _why(row: VariantRow, left: int, repeats: int, wanted: int) -> str:
    """Say why the half width is not reached, although the pilot is over and can plan."""
    if left:
        return f"{left} still to run"
    if wanted > repeats:
        return f"stopped at {repeats} repeats, the most allowed"
    return f"{row.diverged + row.failed + row.not_finite} of its runs diverged or failed"


def asked_for(rule: HalfWidth) -> str:
    """Return the half width for people: 0.2 points of test accuracy."""
    notation = metric_format(rule.metric)
    return f"{notation.factor * rule.half_width:g} {notation.unit_of_difference} of {notation.words}"


def small_pilot(rule: HalfWidth) -> str:
    """Say what a small pilot costs."""
    return (
        f"A pilot of {rule.pilot} repeats estimates the SD poorly, and the rule asks for many more runs to make up for "
        f"it; {SMALL_PILOT} or more repeats are better."
    )
