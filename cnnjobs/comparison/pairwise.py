"""Comparisons of variants with one reference: the tests of each, with Holm's adjustment over the family."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnjobs.comparison.adjusted import Adjusted, Family, adjusted
from cnnjobs.comparison.design import Design
from cnnjobs.stats import Difference, Interval, Outcome, Superiority, sign_flip, superiority

SHARED = "runs share training rows"
SAME_SEEDS = "every repeat has the same seeds"
"""Why tests that need independent pairs say nothing."""

SEED = 0
"""Of what draws at random, so that the same runs give the same numbers."""


@dataclass(frozen=True)
class Comparison(Adjusted):
    """One variant against the reference.

    Args:
        sign_flip: exact test without normality.
        superiority: share of pairs in which the variant is above; None without a pair.
        equal_bits: whether every metric of every pair is equal to the bit: what the variants differ in has no effect.
    """

    sign_flip: Outcome
    superiority: Superiority | None
    equal_bits: bool = False


def compare(
    differences: Sequence[Difference | None], design: Design, family: Family, dependent: str = ""
) -> list[Comparison | None]:
    """Return the comparisons of a family; None for the reference itself stays None.

    Args:
        differences: one per variant.
        design: of their runs.
        family: what else decides.
        dependent: why pairs are not independent; empty if they are.
    """
    alpha, found = family.alpha, iter(adjusted([d for d in differences if d], design, family))
    return [
        Comparison(**vars(next(found)), sign_flip=_flips(d, alpha, dependent), superiority=above(d, alpha, dependent))
        if d
        else None
        for d in differences
    ]


def why_dependent(design: Design) -> str:
    """Return why the pairs of a design are not independent; empty if they are."""
    return SHARED if design.overlap else SAME_SEEDS if design.same_seeds else ""


def _flips(difference: Difference, alpha: float, dependent: str) -> Outcome:
    if not difference.values:
        return Outcome.none("no pairs")
    if dependent:
        return Outcome.none(dependent)
    return sign_flip(difference.values, np.random.default_rng(SEED), alpha)


def above(difference: Difference, alpha: float, dependent: str) -> Superiority | None:
    """Return P(A > B) of a difference in pairs; None without a pair.

    Args:
        difference: of A minus B.
        alpha: one minus the level of its interval.
        dependent: why pairs are not independent, and so without an interval; empty if they are.
    """
    if not difference.values:
        return None
    estimate = superiority(difference.values, np.random.default_rng(SEED), 1 - alpha)
    return Superiority(estimate.share, Interval.none(dependent)) if dependent else estimate
