"""The factorial reading of a comparison: main effects and two-way interactions of what its variants combine."""

from dataclasses import dataclass
from itertools import combinations

from cnnjobs.comparison.adjusted import Adjusted, Family, adjusted
from cnnjobs.comparison.design import vary_of
from cnnjobs.comparison.factors import Factorial, factorial_of
from cnnjobs.comparison.table import BY_RULE, JobTable
from cnnjobs.stats import Contrast, contrast_sides, contrasts
from cnnjobs.stats.pairs import untested

MOST_INTERACTIONS = 100
"""Of more, a table says nothing: main effects alone are computed."""


@dataclass(frozen=True)
class Effect(Adjusted):
    """A main effect or an interaction; its difference is over the repeats.

    Args:
        contrast: of which levels, and of which combinations.
        left_out: runs of its combinations that have no partner in another of them.
    """

    contrast: Contrast
    left_out: int

    @property
    def is_interaction(self) -> bool:
        """Whether it is of two factors."""
        return len(self.contrast.levels) == 2


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
        difference = table.design.difference(plus, minus)
        differences.append(untested(difference, BY_RULE) if table.ended_by_rule else difference)
        left_out.append(lost)
    family = Family(table.alpha, table.dropped, bool(table.secondary))  # a variant that went took one effect with it
    effects = [
        Effect(**vars(one), contrast=contrast, left_out=lost)
        for contrast, one, lost in zip(found, adjusted(differences, table.design, family), left_out, strict=True)
    ]
    return Effects(factorial, tuple(effects), interactions)
