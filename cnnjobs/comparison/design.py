"""The design of a job's runs, independent or sharing rows, and the statistics that follow from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from cnnjobs.spec.metrics import VALIDATION
from cnnjobs.stats import Difference, Outcome, Summary, fold_means, mean_interval, paired_difference, summarize
from cnnjobs.stats.folds import ALIKE, FEWEST_FOLDS
from cnnjobs.store.stored_job import StoredJob

Key = tuple[int, int]
"""(repeat, fold), both counted from 0."""


@dataclass(frozen=True)
class Design:
    """How runs are summarised and compared.

    Args:
        overlap: validation rows over training rows where runs share training rows and validate on others; else 0.
        least: below so many runs there are estimates only.
        same_folds: whether every repeat has the same folds, whose repeats are averaged before anything else.
        confidence: level of the intervals.
        same_seeds: whether nothing varies from repeat to repeat, so that pairs are not independent.
    """

    overlap: float
    least: int
    same_folds: bool
    confidence: float
    same_seeds: bool = False

    def summary(self, values: Mapping[Key, float]) -> Summary | None:
        """Return the summary of the runs of one variant; None without a run."""
        if not values:
            return None
        own = list((fold_means(values) if self.same_folds else values).values())
        return summarize(own, self.overlap, self.least, self.confidence)

    def difference(self, of: Mapping[Key, float], reference: Mapping[Key, float]) -> Difference:
        """Return `of` minus `reference` in pairs; where folds are the same, in pairs of fold means over shared runs."""
        if not self.same_folds:
            paired = paired_difference(of, reference, self.overlap, self.least, self.confidence)
            alike = self.same_seeds and paired.sd == 0
            return replace(paired, t=Outcome.none(ALIKE)) if alike else paired
        shared = sorted(of.keys() & reference.keys())
        own, other = (fold_means({key: values[key] for key in shared}) for values in (of, reference))
        paired = paired_difference(own, other, self.overlap, self.least, self.confidence)
        return replace(paired, unmatched=len(of) + len(reference) - 2 * len(shared))

    def at_level(self, difference: Difference, confidence: float) -> Difference:
        """Return a difference in pairs with the interval of another level."""
        low, high = mean_interval(difference.values, self.overlap, self.least, confidence)
        return replace(difference, low=low, high=high)


def vary_of(job: StoredJob, variant: str) -> frozenset[str]:
    """Return the sources of chance that differ between the repeats of a variant."""
    return frozenset(job.vary_of(variant))


def overlap_of(trials: Iterable[Mapping[str, Any]]) -> float | None:
    """Return validation rows over training rows, mean over runs; None without a run that has both.

    Args:
        trials: with `train_rows` and `validation_rows`.
    """
    ratios = [
        trial["validation_rows"] / trial["train_rows"]
        for trial in trials
        if trial["train_rows"] and trial["validation_rows"]
    ]
    return fmean(ratios) if ratios else None


def design_of(
    job: StoredJob, variant: str, part: str, alpha: float, repeats: int, overlap: float | None = None
) -> Design:
    """Return the design of a variant's runs for a metric of some rows.

    Folds share training rows; so do validation hold-outs that are drawn anew each repeat. With "split" among the
    sources that vary, each repeat draws its own folds; else repeats have the same folds.

    Args:
        job: as `job.json` keeps it.
        variant: its name.
        part: of the rows that the metric is of.
        alpha: one minus the level of intervals.
        repeats: how many there are.
        overlap: validation rows over training rows of the runs, where whole groups make that differ from what was asked
            for; None for what was asked for.
    """
    folds, validation, varying = job.protocol.folds, job.protocol.validation, vary_of(job, variant)
    drawn_anew = "split" in varying
    if folds:
        return Design(overlap or 1 / (folds - 1), FEWEST_FOLDS, repeats > 1 and not drawn_anew, 1 - alpha)
    if part == VALIDATION and isinstance(validation, float) and drawn_anew:
        return Design(overlap or validation / (1 - validation), 2, False, 1 - alpha)
    return Design(0.0, 2, False, 1 - alpha, same_seeds=not varying)


def repeats_text(job: StoredJob) -> str:
    """Return how often variants are repeated, in words: "5 repeats", or "2 to 12 repeats" where they differ.

    Args:
        job: as `job.json` keeps it.
    """
    counts = {job.repeats_of(name) for name in job.variants}
    least, most = min(counts), max(counts)
    return (f"{least} to {most} repeats" if least < most else f"{most} repeat") + ("s" if least == most > 1 else "")
