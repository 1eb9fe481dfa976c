"""A requested half width: the interval of the mean, and the largest number of repeats for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, number, whole
from cnnjobs.spec.job import Job
from cnnjobs.spec.metric_names import metric_of
from cnnjobs.spec.metrics import HEADLINE, TEST, column_of

MOST_REPEATS = 100
"""Default of the largest number of repeats of a variant for a half width."""

METRIC = column_of(TEST, HEADLINE)
"""The metric of the half width."""

CONFIDENCE = 0.95
"""Level of the interval."""

LEAST_PILOT = 2
"""Smallest pilot with an SD."""

LEAST_POINTS = 0.001
"""Smallest half width, percentage points: one image of a test set of a hundred thousand."""


@dataclass(frozen=True, kw_only=True)
class HalfWidth:
    """Stein's rule for the repeats of each variant, as stored in `job.json`.

    Args:
        half_width: half width of the interval of the mean, in the stored unit of the metric: 0.002 is 0.2 points.
        pilot: number of first repeats, whose SD determines the total number.
        most: largest number of repeats per variant.
        metric: a column of `trials`.
        confidence: confidence level of the interval.
        late: whether the pilot was chosen when more than its results were known: more repeats, or an earlier pilot.
    """

    half_width: float
    pilot: int
    most: int = MOST_REPEATS
    metric: str = METRIC
    confidence: float = CONFIDENCE
    late: bool = False

    def __post_init__(self) -> None:
        number("half_width", self.half_width, above=0, below=1)
        whole("pilot", self.pilot, least=LEAST_PILOT)
        if whole("most", self.most, least=1) < self.pilot:
            raise SpecError(
                f"`most_repeats` must be at least {self.pilot}, the repeats of the pilot. Received: "
                f"most_repeats={self.most}."
            )
        flag("late", self.late)


def half_width_of(job: Job, points: float, most: int | None = None) -> HalfWidth:
    """Return the rule for a job whose repeats are the pilot.

    Args:
        job: the job.
        points: half width in percentage points of test accuracy.
        most: largest number of repeats per variant; None for `MOST_REPEATS`.

    Raises:
        SpecError: if the rule is not valid for the job's runs, or there is no pilot.
    """
    number("half_width", points, "They are percentage points of test accuracy.", least=LEAST_POINTS, below=100)
    if job.folds is not None:
        raise SpecError(
            f"`half_width` needs independent repeats. Received: a job with folds={job.folds}, whose runs share "
            "training rows, so that more of them do not narrow the interval as the rule says. Use a job without folds."
        )
    if not all(job.vary_of(name) for name in job.variants):
        raise SpecError(
            "`half_width` needs repeats that differ. Received: a job with vary=(), whose repeats are all the same. "
            "Remove `vary` from the job."
        )
    most = MOST_REPEATS if most is None else most
    return HalfWidth(half_width=points / metric_of(METRIC).factor, pilot=_pilot(job), most=most)


def _pilot(job: Job) -> int:
    if isinstance(job.repeats, Mapping):
        raise SpecError(
            "`half_width` needs one number of repeats for all variants, its pilot. Received: "
            f"repeats={dict(job.repeats)}. Use `repeats=N`."
        )
    if job.repeats < LEAST_PILOT:
        raise SpecError(
            f"`half_width` needs a pilot of at least {LEAST_PILOT} repeats, better 5 or more. Received: "
            f"repeats={job.repeats}. Use `repeats=5`."
        )
    return job.repeats
