"""What a person wants to see of a job."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import ALPHA
from cnnjobs.store.stored_job import StoredJob


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What a person wants to see of a job.

    Args:
        metric: what variants are compared on; None for the job's own.
        reference: a variant; None for the job's own.
        curves: metrics that the learning curves show; empty for `CURVES` and what variants watch.
        alpha: of tests; one minus the level of intervals.
        margin: a difference worth resolving, in the unit in which differences are shown.
        with_predictions: whether to read the stored predictions, which takes seconds per variant.
        best: whether to say how probable it is of each variant that it is the best.
        others: jobs of the same results folder, as their `job.json` keeps them.
    """

    metric: Metric | None = None
    reference: str | None = None
    curves: Sequence[str] = ()
    alpha: float = ALPHA
    margin: float | None = None
    with_predictions: bool = True
    best: bool = False
    others: Sequence[StoredJob] = ()

    def among(self, others: Sequence[StoredJob]) -> "ReportOptions":
        """Return the same of a job that lies beside others."""
        return replace(self, others=others)
