"""Tallies of predictions: sums over runs read one by one, in constant memory."""

import numpy as np
from numpy.typing import NDArray

from cnnjobs.scoring.calibration import Reliability, reliability
from cnnjobs.scoring.classification import Classification, Reals, Running, Whole
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.stats import ALPHA, Interval, Noise, Outcome, mcnemar, mean_interval
from cnnjobs.stats.agreement import churn_of_votes, ensemble_accuracy_of_sum
from cnnjobs.stats.examples import new_examples_interval_of_sums, noise_of_counts
from cnnjobs.stats.grouped_examples import grouped_mcnemar, new_groups_interval_of_sums, noise_of_groups


class GroupSums:
    """Sums over runs of what groups of examples come to.

    Args:
        groups: (examples,) number of the group of each, from 0.
    """

    def __init__(self, groups: NDArray[np.int32]) -> None:
        self._groups = groups
        self.sizes: Whole = np.bincount(groups).astype(np.int64)
        self.sums: Whole = np.zeros(len(self.sizes), np.int64)
        self.squares: Whole = np.zeros(len(self.sizes), np.int64)

    def add(self, values: NDArray[np.int64]) -> None:
        """Take in the values of a run, (examples,) whole numbers."""
        totals = np.bincount(self._groups, weights=values, minlength=len(self.sizes)).astype(np.int64)
        self.sums += totals
        self.squares += totals**2


class Tally:
    """What the runs of one variant predict, in memory that does not grow with their number.

    Args:
        labels: (examples,) int32, the truth, in [0, classes).
        classes: how many there are.
        groups: (examples,) number of the group of each, whose errors go together; None where no groups are known.
    """

    def __init__(self, labels: NDArray[np.int32], classes: int, groups: NDArray[np.int32] | None = None) -> None:
        self.labels = labels
        self._grouped = None if groups is None else GroupSums(groups)
        self.votes: NDArray[np.int32] = np.zeros((len(labels), classes), np.int32)
        """(examples, classes) runs that predict the class."""
        self._probabilities: Reals = np.zeros((len(labels), classes))
        self._wrong: list[int] = []
        self.figures = Running()
        self.reliabilities: list[Reliability] = []
        """Of each run."""

    def add(self, run: Predicted, figures: Classification) -> None:
        """Take in a run, and how it classifies."""
        self.votes[np.arange(len(self.labels)), run.classes] += 1
        self._probabilities += run.probabilities
        self._wrong.append(int(run.wrong.sum()))
        if self._grouped is not None:
            self._grouped.add(run.wrong.astype(np.int64))
        self.figures.add(figures)
        self.reliabilities.append(reliability(run))

    @property
    def runs(self) -> int:
        """How many were taken in."""
        return len(self._wrong)

    @property
    def examples(self) -> int:
        """In the test set."""
        return len(self.labels)

    @property
    def wrong(self) -> Whole:
        """(examples,) runs that are wrong on each."""
        right = self.votes[np.arange(len(self.labels)), self.labels].astype(np.int64)
        return self.runs - right

    @property
    def true_probabilities(self) -> Reals:
        """(examples,) the probability of the true class, summed over the runs."""
        probabilities: Reals = self._probabilities[np.arange(len(self.labels)), self.labels]
        return probabilities

    @property
    def accuracy(self) -> float:
        """Mean of the single runs."""
        return 1 - sum(self._wrong) / (self.runs * self.examples)

    @property
    def ensemble_accuracy(self) -> float:
        """Of the mean of the runs' probabilities."""
        return ensemble_accuracy_of_sum(self._probabilities, self.labels)

    @property
    def churn(self) -> float | None:
        """Share of examples on which two runs predict different classes, over all pairs; None for one run."""
        return churn_of_votes(self.votes)

    def noise(self) -> Noise | None:
        """Return the spread of accuracy taken apart; None below two runs."""
        if self.runs < 2:
            return None
        if self._grouped is not None:
            return noise_of_groups(self._wrong, self._grouped.sums, self._grouped.squares, self.examples)
        return noise_of_counts(self._wrong, self.wrong)


class PairTally:
    """How the runs of a variant differ from the reference's with the same seeds and rows.

    Args:
        examples: in the test set.
        groups: (examples,) as of `Tally`.
    """

    def __init__(self, examples: int, groups: NDArray[np.int32] | None = None) -> None:
        self._grouped = None if groups is None else GroupSums(groups)
        self._by_repeat: list[int] = []
        self._by_example: Whole = np.zeros(examples, np.int64)
        self._squares = self._changed = 0
        self._table: Whole = np.zeros((2, 2), np.int64)

    def add(self, own: Predicted, reference: Predicted) -> None:
        """Take in a pair of runs."""
        d = reference.wrong.astype(np.int64) - own.wrong
        self._by_repeat.append(int(d.sum()))
        self._by_example += d
        if self._grouped is not None:
            self._grouped.add(d)
        self._squares += int(np.abs(d).sum())
        self._changed += int((own.classes != reference.classes).sum())
        self._table += np.bincount(2 * own.wrong + reference.wrong, minlength=4).reshape(2, 2)

    @property
    def pairs(self) -> int:
        """How many were taken in."""
        return len(self._by_repeat)

    @property
    def mean(self) -> float:
        """Accuracy of the variant minus the reference's, mean over the pairs."""
        return sum(self._by_repeat) / (self.pairs * len(self._by_example))

    @property
    def changed(self) -> float:
        """Share of examples on which the two of a pair predict different classes, mean over the pairs."""
        return self._changed / (self.pairs * len(self._by_example))

    def over_repeats(self, alpha: float = ALPHA) -> Interval:
        """Return the t interval of the mean over new repeats on these examples; empty below two pairs."""
        means = [total / len(self._by_example) for total in self._by_repeat]
        return Interval(*mean_interval(means, confidence=1 - alpha))

    def over_both(self, alpha: float = ALPHA) -> Interval:
        """Return the interval of the mean over new repeats and new examples, of new groups if groups are known."""
        if self._grouped is not None:
            sums, squares = self._grouped.sums, float(self._grouped.squares.sum())
            return new_groups_interval_of_sums(self._by_repeat, sums, squares, self._grouped.sizes, 1 - alpha)
        return new_examples_interval_of_sums(self._by_repeat, self._by_example, self._squares, 1 - alpha)

    def single(self) -> Outcome:
        """Return McNemar's test of two single models; none if there are several pairs."""
        if self.pairs != 1:
            return Outcome.none("McNemar's test is of one pair of models")
        if self._grouped is not None:
            return grouped_mcnemar(self._grouped.sums)
        return mcnemar(self._table)
