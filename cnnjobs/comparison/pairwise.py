"""Comparisons of variants with one reference: the tests of each, with Holm's adjustment over the family."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnjobs.stats import Difference, Interval, Outcome, Superiority, holm, sign_flip, superiority

SHARED = "runs share training rows"
SAME_SEEDS = "every repeat has the same seeds"
"""Why tests that need independent pairs say nothing."""

SEED = 0
"""Of what draws at random, so that the same runs give the same numbers."""


@dataclass(frozen=True)
class Comparison:
    """One variant against the reference.

    Args:
        difference: variant minus reference, with the (corrected) t test.
        holm: p of that test adjusted over the family; None without a p.
        family: comparisons that have a p.
        sign_flip: exact test without normality.
        superiority: share of pairs in which the variant is above; None without a pair.
        equal_bits: whether every metric of every pair is equal to the bit: what the variants differ in has no effect.
    """

    difference: Difference
    holm: float | None
    family: int
    sign_flip: Outcome
    superiority: Superiority | None
    equal_bits: bool = False

    def resolved(self, alpha: float) -> bool:
        """Whether the difference stands among all comparisons of the family."""
        return self.holm is not None and self.holm < alpha


def compare(differences: Sequence[Difference | None], alpha: float, dependent: str = "") -> list[Comparison | None]:
    """Return the comparisons of a family; None for the reference itself stays None.

    Args:
        differences: one a variant.
        alpha: of the tests.
        dependent: why pairs are not independent; empty if they are.
    """
    adjusted = holm([d.t.p if d else None for d in differences])
    family = sum(p is not None for p in adjusted)
    return [
        Comparison(d, p, family, _flips(d, alpha, dependent), _above(d, alpha, dependent)) if d else None
        for d, p in zip(differences, adjusted, strict=True)
    ]


def _flips(difference: Difference, alpha: float, dependent: str) -> Outcome:
    if not difference.values:
        return Outcome.none("no pairs")
    if dependent:
        return Outcome.none(dependent)
    return sign_flip(difference.values, np.random.default_rng(SEED), alpha)


def _above(difference: Difference, alpha: float, dependent: str) -> Superiority | None:
    if not difference.values:
        return None
    estimate = superiority(difference.values, np.random.default_rng(SEED), 1 - alpha)
    return Superiority(estimate.share, Interval.none(dependent)) if dependent else estimate
