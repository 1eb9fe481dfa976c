"""Calibration: whether predictions made with 80% confidence are right in 80% of the cases."""

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
