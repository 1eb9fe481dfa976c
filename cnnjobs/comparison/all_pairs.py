"""Every two variants of a job compared with each other: exploration beside the comparison with the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from cnnjobs.comparison.adjusted import Adjusted, Family, adjusted
from cnnjobs.comparison.design import vary_of
from cnnjobs.comparison.pairwise import above, why_dependent
from cnnjobs.comparison.table import OTHER_SOURCES, JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.stats import Difference, Superiority, not_compared


@dataclass(frozen=True)
class VariantPair(Adjusted):
    """One variant minus another, in pairs of runs; Holm's adjustment is over all pairs of variants.

    Unlike elsewhere the interval is always that of this pair alone, at one minus alpha: there is no verdict that it has
    to agree with.

    Args:
        variant: the one that stands later in the job.
        other: the one that is subtracted.
        superiority: share of pairs in which the variant is above; None without a pair.
        run_pairs: pairs of runs; where repeats of the same folds are averaged, more than there are differences.
    """

    variant: str
    other: str
    superiority: Superiority | None
    run_pairs: int


def pairs_of(table: JobTable) -> int:
    """Return how many pairs of variants there are to compare; 0 where none may be.

    Args:
        table: the comparison of a job.
    """
    no_pairs = table.ended_by_rule or table.job.audit is not None
    return 0 if no_pairs else comb(len(table.rows), 2)


def all_pairs(table: JobTable) -> tuple[VariantPair, ...]:
    """Return the comparison of every two variants, in the order of the job.

    There is none where repeats ended by a rule that looks at results, whose tests and intervals do not hold for such
    runs, and none of an audit, whose variants are sources of chance.

    Args:
        table: the comparison of a job.
    """
    if not pairs_of(table):
        return ()
    two = [(later, earlier) for earlier, later in combinations(table.rows, 2)]
    differences = [_difference(table, *rows) for rows in two]
    variants = len(table.rows)
    family = Family(table.alpha, comb(variants + table.dropped, 2) - len(two), bool(table.secondary))
    found = adjusted(differences, table.design, family)
    return tuple(_pair(table, *rows, d, one) for rows, d, one in zip(two, differences, found, strict=True))


def best_first(table: JobTable) -> Sequence[VariantRow]:
    """Return the variants by their mean, the best first and those without a run last."""
    sign = -1 if table.higher_is_better else 1
    return sorted(
        table.rows, key=lambda row: (row.summary is None, 0.0 if row.summary is None else sign * row.summary.mean)
    )


def _difference(table: JobTable, variant: VariantRow, other: VariantRow) -> Difference:
    if vary_of(table.job, variant.name) != vary_of(table.job, other.name):
        return not_compared(OTHER_SOURCES)
    return variant.design.difference(variant.values, other.values)


def _pair(
    table: JobTable, variant: VariantRow, other: VariantRow, difference: Difference, found: Adjusted
) -> VariantPair:
    return VariantPair(
        difference=difference,
        level=1 - table.alpha,
        holm=found.holm,
        family=found.family,
        no_verdict=found.no_verdict,
        variant=variant.name,
        other=other.name,
        superiority=above(difference, table.alpha, why_dependent(variant.design)),
        run_pairs=len(variant.values.keys() & other.values.keys()) if variant.design.same_folds else difference.n,
    )
