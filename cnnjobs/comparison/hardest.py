"""The test examples most often misclassified, over the runs of all variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnjobs.comparison.tallies import Tally
from cnnjobs.scoring.classification import Reals, Whole

MOST = 20
"""How many examples the report names."""


@dataclass(frozen=True)
class Hard:
    """An example that runs get wrong.

    Args:
        example: its row of the test set, from 0.
        label: its class, from 0.
        wrong: runs that are wrong on it.
        probability: of its class, mean over the runs.
        taken_for: the class that most of the wrong runs take it for; the first of several.
        times: runs that take it for that.
        by_variant: name -> runs that are wrong on it.
    """

    example: int
    label: int
    wrong: int
    probability: float
    taken_for: int
    times: int
    by_variant: Mapping[str, int]


@dataclass(frozen=True)
class Hardest:
    """How often the examples are wrong, and those that are most often.

    Args:
        runs: of all variants together.
        examples: in the test set.
        ever: examples that at least one run gets wrong.
        always: examples that all runs get wrong.
        first: the hardest, at most so many as were asked for.
    """

    runs: int
    examples: int
    ever: int
    always: int
    first: tuple[Hard, ...]


def hardest(variants: Mapping[str, Tally], most: int = MOST) -> Hardest:
    """Return the examples on which most runs are wrong, the most first.

    Of those equally often wrong, the one whose class has the lower mean probability comes first.

    Args:
        variants: name -> tally of its runs, all of the same examples; of at least one run.
        most: how many at most; none that no run gets wrong is among them.
    """
    tallies = list(variants.values())
    runs = sum(tally.runs for tally in tallies)
    wrong: Whole = np.sum([tally.wrong for tally in tallies], axis=0)
    probabilities: Reals = np.sum([tally.true_probabilities for tally in tallies], axis=0) / runs
    order = [int(example) for example in np.lexsort((probabilities, -wrong))[:most] if wrong[example]]
    by_variant = {name: tally.wrong[order].tolist() for name, tally in variants.items()}
    first = [
        _hard(tallies, example, float(probabilities[example]), {name: own[place] for name, own in by_variant.items()})
        for place, example in enumerate(order)
    ]
    return Hardest(runs, len(wrong), int((wrong > 0).sum()), int((wrong == runs).sum()), tuple(first))


def _hard(tallies: Sequence[Tally], example: int, probability: float, by_variant: Mapping[str, int]) -> Hard:
    label = int(tallies[0].labels[example])
    votes = np.sum([tally.votes[example] for tally in tallies], axis=0)
    votes[label] = 0
    taken_for = int(votes.argmax())
    return Hard(example, label, int(votes.sum()), probability, taken_for, int(votes[taken_for]), by_variant)
