"""The factorial reading of a comparison: main effects and two-way interactions of what its variants combine."""

from dataclasses import dataclass
from itertools import combinations

from cnnjobs.comparison.design import vary_of
from cnnjobs.comparison.factors import Factorial, factorial_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.stats import Contrast, Difference, contrast_sides, contrasts, holm

MOST_INTERACTIONS = 100
"""Of more, a table says nothing: main effects alone are computed."""


@dataclass(frozen=True)
class Effect:
    """A main effect or an interaction.

    Args:
        contrast: of which levels, and of which combinations.
        difference: over the repeats, with the (corrected) t test.
        left_out: runs of its combinations that have no partner in another of them.
        holm: p adjusted over all effects; None without a p.
        family: effects that have a p.
    """

    contrast: Contrast
    difference: Difference
    left_out: int
    holm: float | None
    family: int

    @property
    def is_interaction(self) -> bool:
        """Whether it is of two factors."""
        return len(self.contrast.levels) == 2

    def resolved(self, alpha: float) -> bool:
        """Whether it stands among all effects."""
        return self.holm is not None and self.holm < alpha


@dataclass(frozen=True)
class Effects:
    """The effects of a full factorial.

    Args:
        factorial: its factors.
        effects: main effects, then interactions, in the order of the factors.
        interactions: how many there are, computed or not.
    """

    factorial: Factorial
    effects: tuple[Effect, ...]
    interactions: int


def effects_of(table: JobTable) -> Effects | None:
    """Return the effects of the factors that the variants of a job are all combinations of; None if they are not.

    Each is computed in each repeat, from the runs with the same seeds and rows, so that what repeats have in common
    falls out; its interval is that of paired differences.

    Args:
        table: the comparison; the levels of its reference are those that others are compared with.
    """
    job = table.job
    if job.audit is not None or len({vary_of(job, name) for name in job.variants}) > 1:
        return None
    factorial = factorial_of({name: one.settings for name, one in job.variants.items()}, table.reference)
    if factorial is None:
        return None
    values = {factorial.cells[row.name]: row.values for row in table.rows}
    sizes = [len(factor.levels) for factor in factorial.factors]
    interactions = sum((one - 1) * (other - 1) for one, other in combinations(sizes, 2))
    mains = sum(size - 1 for size in sizes)
    wanted = mains + (interactions if interactions <= MOST_INTERACTIONS else 0)
    found = [one for one, _ in zip(contrasts(sizes), range(wanted), strict=False)]
    differences, left_out = [], []
    for contrast in found:
        plus, minus, lost = contrast_sides(contrast, values)
        differences.append(table.design.difference(plus, minus))
        left_out.append(lost)
    adjusted = holm([one.t.p for one in differences])
    family = sum(p is not None for p in adjusted)
    effects = [
        Effect(contrast, difference, lost, p, family)
        for contrast, difference, lost, p in zip(found, differences, left_out, adjusted, strict=True)
    ]
    return Effects(factorial, tuple(effects), interactions)
