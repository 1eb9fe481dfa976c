"""Which variant of a job is the best, as a posterior over the means of their paired runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cnnjobs.comparison.design import Key, vary_of
from cnnjobs.comparison.pairwise import SAME_SEEDS, SEED
from cnnjobs.comparison.table import BY_RULE, OTHER_SOURCES, JobTable
from cnnjobs.stats import BestChance, best_chances, fold_means
from cnnjobs.stats.folds import ALIKE
from cnnjobs.stats.outcomes import Reals
from cnnjobs.stats.pairs import DECIMALS, FEWEST_PAIRS

NO_RUNS = "no run with a result"


@dataclass(frozen=True)
class BestOf:
    """The probabilities that variants are the best, or why there are none.

    Args:
        chances: variant -> its probabilities, of those that are compared; empty if there are none.
        left_out: variant -> why it is not among them.
        rows: repeats that all compared variants have; of repeats of the same folds, folds.
        runs_left_out: runs of the compared variants that lack a partner in another of them.
        margin: differences up to it count as none, as stored; 0 where none is named.
        why: there are no probabilities; empty if there are.
    """

    chances: Mapping[str, BestChance]
    left_out: Mapping[str, str]
    rows: int
    runs_left_out: int
    margin: float
    why: str = ""


def best_of(table: JobTable) -> BestOf:
    """Return the probability of each variant that its mean is the best.

    Args:
        table: the comparison of a job.
    """
    margin = table.margin or 0.0
    varying = vary_of(table.job, table.reference)
    left_out = {row.name: NO_RUNS for row in table.rows if not row.values}
    left_out |= {row.name: OTHER_SOURCES for row in table.rows if vary_of(table.job, row.name) != varying}
    values = {row.name: row.values for row in table.rows if row.name not in left_out}
    shared = _shared(list(values.values()))
    x = _matrix(table, values, shared)
    why = _why_not(table, values, x)
    lost = sum(map(len, values.values())) - len(values) * len(shared)
    if why:
        return BestOf({}, left_out, len(x), lost, margin, why)
    found = best_chances(
        x,
        np.random.default_rng(SEED),
        overlap=table.design.overlap,
        margin=margin,
        higher_is_better=table.higher_is_better,
    )
    return BestOf(dict(zip(values, found, strict=True)), left_out, len(x), lost, margin)


def _shared(values: Sequence[Mapping[Key, float]]) -> list[Key]:
    """Return the runs, (repeat, fold), that all variants have."""
    counts = Counter(key for own in values for key in own)
    return sorted(key for key, count in counts.items() if count == len(values))


def _matrix(table: JobTable, values: Mapping[str, Mapping[Key, float]], shared: Sequence[Key]) -> Reals:
    """Return the values of the shared runs, (repeats, variants); of the same folds their means over repeats."""
    runs = [{key: own[key] for key in shared} for own in values.values()]
    columns = [list((fold_means(own) if table.design.same_folds else own).values()) for own in runs]
    return np.array(columns, dtype=np.float64).T


def _why_not(table: JobTable, values: Mapping[str, Mapping[Key, float]], x: Reals) -> str:
    if table.ended_by_rule:
        return BY_RULE
    if table.job.audit is not None:
        return "the variants of an audit are sources of chance"
    if table.design.same_seeds:
        return SAME_SEEDS
    if len(values) < 2:
        return "fewer than two variants have a run with a result"
    if len(x) < FEWEST_PAIRS:
        what = "folds" if table.design.overlap else "repeats"
        fewest = min(values, key=lambda name: len(values[name]))
        return (
            f"it needs five {what} that all {len(values)} variants have, and there are {len(x)} ({fewest} has the "
            "fewest runs)"
        )
    for (one, a), (other, b) in combinations(zip(values, x.T, strict=True), 2):
        d = np.round(a - b, DECIMALS)
        if d.any() and np.ptp(d) == 0:
            return f"{other} and {one}: {ALIKE}"
    return ""
