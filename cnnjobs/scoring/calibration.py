"""Calibration: whether predictions made with 80% confidence are right in 80% of the cases."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnjobs.scoring.classification import Reals
from cnnjobs.scoring.predicted import Predicted

BINS = 15
"""Intervals of equal width into which confidences are sorted (Guo et al., On Calibration of Modern Neural Networks,
2017)."""

EDGES: Reals = np.linspace(0, 1, BINS + 1)
"""Ends of the intervals; each holds its upper end."""


@dataclass(frozen=True)
class Reliability:
    """The predictions of a run, sorted by the probability of the predicted class, its confidence.

    Args:
        counts: (BINS,) predictions in each interval.
        confidence: (BINS,) sum of their confidences.
        right: (BINS,) how many of them are right.
    """

    counts: Reals
    confidence: Reals
    right: Reals

    @property
    def error(self) -> float:
        """The expected calibration error: the gap between accuracy and mean confidence, mean over the predictions."""
        return float(np.abs(self.right - self.confidence).sum() / self.counts.sum())

    @property
    def overconfidence(self) -> float:
        """Mean confidence minus accuracy; above 0 for a network that is surer than it is right."""
        return float((self.confidence - self.right).sum() / self.counts.sum())


def reliability(run: Predicted) -> Reliability:
    """Return the predictions of a run, sorted by confidence."""
    confidence = run.probabilities.max(axis=1).astype(np.float64)
    bins = np.clip(np.searchsorted(EDGES, confidence, side="left") - 1, 0, BINS - 1)
    counts, sums, right = (
        np.bincount(bins, weights, BINS).astype(np.float64) for weights in (None, confidence, ~run.wrong)
    )
    return Reliability(counts, sums, right)


@dataclass(frozen=True)
class Point:
    """One interval of confidence of a reliability diagram, over the runs that have predictions in it.

    Args:
        low: lower end.
        high: upper end, which belongs to it.
        runs: that have predictions in it.
        share: of all predictions that are in it.
        confidence: mean of the predictions in it.
        accuracy: of the predictions in it.
        sd: of the accuracy over those runs, ddof=1; None of one run.
    """

    low: float
    high: float
    runs: int
    share: float
    confidence: float
    accuracy: float
    sd: float | None


def diagram(runs: Sequence[Reliability]) -> list[Point]:
    """Return the points of a reliability diagram: of each interval that has predictions.

    Args:
        runs: at least one.
    """
    counts, confidence, right = (
        np.stack([getattr(run, name) for run in runs]) for name in ("counts", "confidence", "right")
    )
    points = []
    for place in np.flatnonzero(counts.sum(axis=0)):
        there = counts[:, place] > 0
        total = counts[:, place].sum()
        own = right[there, place] / counts[there, place]
        points.append(
            Point(
                low=float(EDGES[place]),
                high=float(EDGES[place + 1]),
                runs=int(there.sum()),
                share=float(total / counts.sum()),
                confidence=float(confidence[:, place].sum() / total),
                accuracy=float(right[:, place].sum() / total),
                sd=float(own.std(ddof=1)) if there.sum() > 1 else None,
            )
        )
    return points
