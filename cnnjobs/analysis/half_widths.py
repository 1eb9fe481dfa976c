"""How many runs each variant needs for the half width asked for, and what it has reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnjobs.analysis.statistics import Interval, stein_interval, stein_repeats
from cnnjobs.analysis.tables import JobTable, VariantRow
from cnnjobs.errors import StoreError
from cnnjobs.spec.half_width import LEAST_PILOT, HalfWidth


@dataclass(frozen=True)
class Precision:
    """What one variant needs for the half width, and has.

    Args:
        variant: its name.
        pilot: runs of the pilot that have the metric.
        sd: of these, ddof=1; None below two.
        needed: runs in all by the rule; None where the pilot cannot say.
        repeats: to be run for that, one more for each of the pilot without the metric, but not more than allowed;
            those of the pilot where it cannot say.
        runs: there are with the metric.
        mean: of all of them; None without one.
        interval: of the mean, by the pilot's SD.
        reached: whether that is as narrow as asked for.
        why: it is not; empty if it is.
    """

    variant: str
    pilot: int
    sd: float | None
    needed: int | None
    repeats: int
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


def rule_of(job: Mapping[str, Any]) -> HalfWidth | None:
    """Return the rule that `job.json` keeps, or None if no half width was asked for.

    Raises:
        StoreError: if what it keeps is none.
    """
    kept = job.get("half_width")
    if kept is None:
        return None
    try:
        return HalfWidth(**kept)
    except TypeError as error:
        raise StoreError(f"job.json of {job['name']} has no sound `half_width`: {error}.") from error


def precisions(table: JobTable, rule: HalfWidth) -> tuple[Precision, ...]:
    """Return what each variant needs and has, in the order of the job.

    Args:
        table: the comparison on the rule's metric.
        rule: for the repeats of each variant.
    """
    return tuple(_precision(row, rule) for row in table.rows)


def _precision(row: VariantRow, rule: HalfWidth) -> Precision:
    values = [value for _, value in sorted(row.values.items())]
    pilot = sum(repeat < rule.pilot for repeat, _ in row.values)
    sd = float(np.std(values[:pilot], ddof=1)) if pilot >= LEAST_PILOT else None
    interval = stein_interval(values, pilot, rule.confidence) if values else Interval.none("no run yet")
    needed = _needed(sd, pilot, rule) if sd is not None and interval.low is not None else None
    repeats = rule.pilot if needed is None else min(needed + rule.pilot - pilot, rule.most)
    reached = needed is not None and len(values) >= needed
    mean = float(np.mean(values)) if values else None
    why = "" if reached else _why(row, rule, needed, repeats, interval)
    return Precision(row.name, pilot, sd, needed, repeats, len(values), mean, interval, reached, why)


def _needed(sd: float, pilot: int, rule: HalfWidth) -> int | None:
    return stein_repeats(sd, pilot, rule.half_width, rule.confidence)


def _why(row: VariantRow, rule: HalfWidth, needed: int | None, repeats: int, interval: Interval) -> str:
    """Say why the half width is not reached."""
    if needed is None:
        return f"{interval.why or 'no pilot'}: cannot plan"
    without = row.diverged + row.failed + row.not_finite
    if len(row.values) + without < repeats:
        return f"{repeats - len(row.values) - without} still to run"
    if needed + without > rule.most:
        return f"stopped at {repeats} repeats, the most allowed"
    return f"{without} of its runs diverged or failed"
