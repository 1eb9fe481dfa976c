"""Differences of a family, as Holm's adjustment leaves them, and what allows no verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnjobs.comparison.design import Design
from cnnjobs.stats import Difference, holm, holm_levels
from cnnjobs.stats.pairs import FEWEST_PAIRS

SECONDARY = "secondary, no verdict"
"""Of a comparison on another metric, reference or level than the job's own."""


@dataclass(frozen=True)
class Family:
    """What decides in a family of differences, beside their runs.

    Args:
        alpha: family-wise error rate.
        dropped: differences that belong to the family and are listed no longer.
        secondary: whether they are of another metric, reference or level than the job's own.
    """

    alpha: float
    dropped: int = 0
    secondary: bool = False


@dataclass(frozen=True)
class Adjusted:
    """A difference of a family.

    Args:
        difference: with the (corrected) t test; its interval has the level at which Holm resolved it, and where it is
            not resolved one minus alpha.
        level: of that interval.
        holm: p of that test adjusted over the family; None where there is no verdict.
        family: differences that the adjustment counts: all of them, also those that allow no verdict or were dropped.
        no_verdict: why there is none; empty if there is one.
    """

    difference: Difference
    level: float
    holm: float | None
    family: int
    no_verdict: str

    def resolved(self, alpha: float) -> bool:
        """Whether the difference stands among all of the family."""
        return self.holm is not None and self.holm < alpha


def adjusted(differences: Sequence[Difference], design: Design, family: Family) -> list[Adjusted]:
    """Return each difference with what Holm's adjustment over all of them says.

    Args:
        differences: all that are listed.
        design: of their runs.
        family: what else decides.
    """
    whys = [SECONDARY if family.secondary else no_verdict(difference) for difference in differences]
    ps = [None if why else difference.t.p for difference, why in zip(differences, whys, strict=True)]
    levels, size = holm_levels(ps, family.alpha, family.dropped), len(ps) + family.dropped
    return [
        Adjusted(own if level == family.alpha else design.at_level(own, 1 - level), 1 - level, p, size, why)
        for own, level, p, why in zip(differences, levels, holm(ps, family.dropped), whys, strict=True)
    ]


def no_verdict(difference: Difference) -> str:
    """Return why a difference allows no verdict; empty if it allows one."""
    if difference.t.p is None:
        return difference.t.why
    if difference.n < FEWEST_PAIRS:
        pairs = {0: "no pairs", 1: "1 pair"}.get(difference.n, f"{difference.n} pairs")
        return f"{pairs}: a verdict needs five"
    return ""
