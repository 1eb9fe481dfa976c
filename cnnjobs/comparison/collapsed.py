"""Runs that a test of means does not speak of: those without a result, and those that collapsed.

Rare failures of one side defeat every t: where only the variant collapses, in 5% of its runs, and the means are equal,
a t test at 0.05 finds a difference in 38% of comparisons of ten pairs, because most of them see no failure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from cnnjobs.comparison.design import Key
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.metric_rows import rows_of
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.spec.metrics import Metric, compared_column
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import listed, repeat_label

FEWEST = 5
"""Below so many runs a side has none that lies far outside the rest."""

FENCE = 3
"""Interquartile ranges below the lower quartile where the outer fence lies (Tukey, Exploratory Data Analysis, 1977)."""

ERRORS = 3
"""Standard errors of an accuracy on so many rows that are taken for noise."""


@dataclass(frozen=True)
class Completion:
    """How many runs of the two sides of a comparison have a result.

    Args:
        lost: runs of the variant that diverged, or have no finite value.
        ended: all its runs that ended.
        reference_lost: as `lost`, of the reference.
        reference_ended: as `ended`.
    """

    lost: int
    ended: int
    reference_lost: int
    reference_ended: int

    @property
    def any(self) -> bool:
        """Whether either side has a run without a result."""
        return bool(self.lost or self.reference_lost)

    def when(self, reference: str) -> str:
        """Return under which condition a verdict holds: "when it completes"; empty where all runs have a result."""
        if self.lost and self.reference_lost:
            return "when both complete"
        return "when it completes" if self.lost else f"when {reference} completes" if self.reference_lost else ""

    @property
    def p(self) -> float:
        """Of Fisher's exact test, two-sided, that both lose as many."""
        from scipy import stats

        table = [[self.lost, self.ended - self.lost], [self.reference_lost, self.reference_ended - self.reference_lost]]
        return float(stats.fisher_exact(table).pvalue)


def completion(own: VariantRow, reference: VariantRow) -> Completion:
    """Return how many runs of a variant and of the reference have a result."""
    lost = (row.diverged + row.without_result for row in (own, reference))
    return Completion(next(lost), own.ended, next(lost), reference.ended)


def collapsed(
    job: StoredJob, own: Mapping[Key, float], reference: Mapping[Key, float]
) -> tuple[dict[Key, str], dict[Key, str]]:
    """Return the collapsed runs of a variant and of the reference, each with why, by their accuracies.

    Near chance: no more than the share of the largest class of the test rows (where `job.json` does not keep that, of
    one class) and three standard errors of such a share. Far outside the rest, from five runs a side on: beyond the
    outer fence of Tukey, three interquartile ranges below the lower quartile of the distances of all runs of both sides
    from the median of their own side, and by more than three standard errors of a share of so many rows, because
    accuracies on few images differ by whole images. Where most runs are not as far again above chance none has
    collapsed: little was learned there.

    Of comparisons of normal runs without a failure, with five runs a side on 10,000 images and an SD of 0.2 points,
    0.7% have a run that is far outside, with ten 0.5%, on 359 images none (1,500 simulated each).

    Args:
        job: as `job.json` keeps it.
        own: (repeat, fold) -> accuracy of each run of the variant, as `accuracy_of` a job.
        reference: as well, of the reference.
    """
    sides = (own, reference)
    limit, noise = _chance(job)
    if not (own and reference) or float(np.median([*own.values(), *reference.values()])) <= limit + noise:
        return {}, {}
    found = [
        {
            key: "near chance" if value <= limit else "far below the rest"
            for key, value in side.items()
            if value <= limit or key in outside
        }
        for side, outside in zip(sides, _far_outside(job, sides), strict=True)
    ]
    return found[0], found[1]


def accuracy_of(job: StoredJob) -> Metric:
    """Return the metric that tells whether a run collapsed, whatever variants are compared on."""
    return metric_format(compared_column(job.protocol.folds))


def _chance(job: StoredJob) -> tuple[float, float]:
    """Return up to where an accuracy is that of chance, and the noise in that; 0 where that cannot be told."""
    rows = rows_of(job, accuracy_of(job))
    share = job.dataset.largest_class or 1 / job.dataset.classes
    noise = _noise(share, rows)
    return (share + noise if rows else 0.0), noise


def _far_outside(job: StoredJob, sides: Sequence[Mapping[Key, float]]) -> list[set[Key]]:
    """Return the runs of each side that lie below the outer fence."""
    if min(map(len, sides)) < FEWEST:
        return [set() for _ in sides]
    middles = [float(np.median(list(side.values()))) for side in sides]
    apart = [{key: value - middle for key, value in side.items()} for side, middle in zip(sides, middles, strict=True)]
    low, high = np.quantile([distance for side in apart for distance in side.values()], [0.25, 0.75])
    fence, rows = float(low - FENCE * (high - low)), rows_of(job, accuracy_of(job))
    return [
        {key for key, distance in side.items() if distance < min(fence, -_noise(middle, rows))}
        for side, middle in zip(apart, middles, strict=True)
    ]


def _noise(share: float, rows: int | None) -> float:
    """Return how far a share of so many rows strays by chance."""
    return ERRORS * sqrt(max(0.0, share * (1 - share)) / rows) if rows else 0.0


def completion_text(name: str, against: str, of: Completion) -> str:
    """Return both rates of runs without a result, in words.

    Args:
        name: of the variant.
        against: the reference.
        of: how many have none.
    """
    rates = f"{of.lost} of {of.ended} runs of {name} and {of.reference_lost} of {of.reference_ended} of {against}"
    return f"{rates} diverged or have no finite value (Fisher's exact p = {of.p:.2g})"


def collapsed_notes(job: StoredJob, own: VariantRow, reference: VariantRow) -> Iterator[str]:
    """Yield which runs of a comparison collapsed, if any, of both sides.

    Args:
        job: as `job.json` keeps it.
        own: runs of the variant.
        reference: runs of the reference.
    """
    mine, other = collapsed(job, own.accuracies, reference.accuracies)
    if mine or other:
        folds = bool(job.protocol.folds)
        yield (
            f"Runs that stand out: {_named(own, mine, folds=folds)}, and {_named(reference, other, folds=folds)}. "
            "Tests of means do not cover rare failures: inspect these runs before you trust a verdict"
        )


def _named(row: VariantRow, runs: Mapping[Key, str], *, folds: bool) -> str:
    """Return how many runs of a variant collapsed, and which."""
    count = f"{len(runs)} of {len(row.accuracies)} runs of {row.name}"
    named = [f"{repeat_label(repeat, fold if folds else None, ' ')} {why}" for (repeat, fold), why in runs.items()]
    return f"{count} ({listed(named)})" if runs else count
