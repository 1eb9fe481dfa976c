"""What would resolve the margin: repeats at the level that Holm may ask for, and whether differences are within it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cnnjobs.comparison.pairwise import Comparison
from cnnjobs.comparison.table import JobTable
from cnnjobs.stats import Outcome, equivalence, holm, repeats_to_resolve, resolvable_difference, sd_interval

REPEATS = (10, 20, 50)
"""Of so many it is said which difference they resolve: where the margin is out of reach, that tells what is not."""


@dataclass(frozen=True)
class Need:
    """What a comparison needs.

    Args:
        level: of the test, alpha over the family: the one that Holm asks of the first.
        needed: repeats that resolve the margin at that level if the SD of pairs is what the runs say; None beyond a
            million, or without a spread.
        needed_low: at the lower end of the interval of that SD.
        needed_high: at its upper end.
        resolved: repeats -> the difference that they resolve at that level, as stored; empty without a spread.
        within: two one-sided tests that the difference is smaller than the margin.
        holm: their p adjusted over the family, also of comparisons without one; None where there is no verdict.
    """

    level: float
    needed: int | None
    needed_low: int | None
    needed_high: int | None
    resolved: Mapping[int, float]
    within: Outcome
    holm: float | None


def needs_of(table: JobTable, margin: float) -> dict[str, Need]:
    """Return what each comparison needs, of those with two pairs or more.

    Args:
        table: the comparison, whose pairs are independent.
        margin: the difference to resolve, as stored.
    """
    tests = {name: _within(one, margin) for name, one in table.comparisons.items()}
    ps = [None if table.comparisons[name].no_verdict else test.p for name, test in tests.items()]
    adjusted = dict(zip(tests, holm(ps, table.dropped), strict=True))
    return {
        name: _need(table, one, margin, tests[name], adjusted[name])
        for name, one in table.comparisons.items()
        if one.difference.n > 1
    }


def _within(comparison: Comparison, margin: float) -> Outcome:
    d = comparison.difference
    return equivalence(d.values, [0.0] * d.n, margin) if d.n else Outcome.none("no pairs")


def _need(table: JobTable, comparison: Comparison, margin: float, within: Outcome, holm: float | None) -> Need:
    d, level = comparison.difference, table.alpha / max(1, comparison.family)
    spread = sd_interval(d.values, table.design.confidence)
    here, low, high = (
        repeats_to_resolve(sd, margin, alpha=level) if sd else None for sd in (d.sd, spread.low, spread.high)
    )
    resolved = {n: resolvable_difference(d.sd, n, alpha=level) or 0.0 for n in REPEATS} if d.sd else {}
    return Need(level, here, low, high, resolved, within, holm)
