"""What `cnnjobs aggregate` computes, as data frames: the door for scripts and notebooks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cnnjobs.analysis.comparisons import Comparison
from cnnjobs.analysis.statistics import ALPHA, quartiles
from cnnjobs.analysis.tables import JobTable, VariantRow, job_table
from cnnjobs.analysis.together import NotTogether, Together, compare_over_datasets
from cnnjobs.spec.metrics import METRICS
from cnnjobs.store.results import Results

SUMMARY_COLUMNS = (
    *("job", "metric", "variant", "n", "expected", "diverged", "failed", "not_finite", "mean", "sd", "median"),
    *("min", "max", "lower_quartile", "upper_quartile", "ci_low", "ci_high", "sd_ci_low", "sd_ci_high"),
    *("cpu_hours", "gpu_hours"),
)
"""Of `Comparisons.summary`; accuracies are fractions, as everywhere in the store."""

DIFFERENCE_COLUMNS = (
    *("job", "metric", "variant", "reference", "pairs", "unmatched", "mean", "sd", "ci_low", "ci_high", "d_z", "t"),
    *("p", "p_holm", "family", "resolved", "sign_flip_p", "p_above", "p_above_low", "p_above_high", "why"),
)
"""Of `Comparisons.differences`: variant minus reference; `why` says why there is no p, or what it cannot do."""

RUN_COLUMNS = ("job", "metric", "variant", "repeat", "fold", "value")
"""Of `Comparisons.runs`; repeat and fold count from 0, as in `trials`."""

RANK_COLUMNS = ("variant", "mean_rank", "datasets", "critical_difference", "friedman_p", "iman_davenport_p")
"""Of `Comparisons.ranks`."""

METRIC_COLUMNS = tuple(f"{part}_{metric}" for part in ("test", "val", "train") for metric in METRICS)
"""Columns of `trials` that variants can be compared on."""

Line = dict[str, Any]


@dataclass(frozen=True)
class Comparisons:
    """The comparison of each job's variants, and of all jobs over data sets; values as stored, not rounded.

    Args:
        tables: one a job: all that reports are made of.
    """

    tables: tuple[JobTable, ...]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a job and variant: its runs, mean, SD and their intervals; quartiles from five runs on."""
        return self._frame(SUMMARY_COLUMNS, _summary)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """A row a job and variant that is compared with the reference, with every test of the difference."""
        return self._frame(DIFFERENCE_COLUMNS, _differences)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a completed run whose metric is finite: what means are taken of and box plots draw."""
        return self._frame(RUN_COLUMNS, _runs)

    @cached_property
    def together(self) -> Together | NotTogether:
        """The variants that jobs on different data sets share, compared over data sets; or why they are not."""
        return compare_over_datasets(self.tables)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """A row a variant compared over data sets, the best mean rank first; none where there is no such comparison."""
        found = self.together
        rows = list(_ranks(found)) if isinstance(found, Together) else []
        return pd.DataFrame(rows, columns=list(RANK_COLUMNS)).sort_values("mean_rank", ignore_index=True)

    @property
    def notes(self) -> Mapping[str, tuple[str, ...]]:
        """Job -> what one should know before trusting its numbers."""
        return {str(table.job["name"]): table.notes for table in self.tables}

    def _frame(self, columns: tuple[str, ...], lines: Callable[[JobTable], Iterator[Line]]) -> pd.DataFrame:
        rows = [
            {"job": table.job["name"], "metric": table.metric} | line for table in self.tables for line in lines(table)
        ]
        return pd.DataFrame(rows, columns=list(columns))


def compare(
    results: Results,
    *,
    metric: str | None = None,
    reference: str | None = None,
    alpha: float = ALPHA,
    margin: float | None = None,
) -> Comparisons:
    """Return what `cnnjobs aggregate` computes of results, as data frames.

    Args:
        results: of `cnnjobs.load_results`.
        metric: a column of `trials`; None for test accuracy, with folds for fold accuracy.
        reference: name of the variant that others are compared with; None for each job's own.
        alpha: of tests; one minus the level of intervals.
        margin: the difference one would like to resolve, in percentage points of accuracy or the metric's unit; it
            is kept in the tables, for the planning of repeats.

    Raises:
        StoreError: if the reference is no variant of a job.
        ValueError: if `metric` is no metric, or `alpha` or `margin` out of range.

    Example:
        >>> import cnnjobs
        >>> found = cnnjobs.compare(cnnjobs.load_results("results/digits"))
        >>> found.differences[["variant", "pairs", "p_holm", "resolved"]].round(4).to_dict("records")
        [{'variant': 'dropout', 'pairs': 5, 'p_holm': 0.0008, 'resolved': True}]
    """
    if metric is not None and metric not in METRIC_COLUMNS:
        raise ValueError(f"`metric` must be one of {', '.join(METRIC_COLUMNS)}. Received: metric={metric!r}.")
    if not 0 < alpha < 1:
        raise ValueError(f"`alpha` must lie between 0 and 1. Received: alpha={alpha!r}. The usual one is 0.05.")
    if margin is not None and not margin > 0:
        raise ValueError(f"`margin` must be above 0. Received: margin={margin!r}. Leave it out for 0.2 points.")
    return Comparisons(tuple(job_table(store, metric, reference, alpha, margin) for store in results.stores))


def _summary(table: JobTable) -> Iterator[Line]:
    for row in table.rows:
        counts = {"n": len(row.values), "expected": row.expected}
        counts |= {name: getattr(row, name) for name in ("diverged", "failed", "not_finite")}
        hours = {"cpu_hours": row.cpu_hours, "gpu_hours": row.gpu_hours}
        yield {"variant": row.name} | counts | _numbers(row) | hours


def _numbers(row: VariantRow) -> Line:
    s = row.summary
    if s is None:
        return {}
    found = {"mean": s.mean, "sd": s.sd, "median": s.median, "min": s.minimum, "max": s.maximum}
    found |= {"ci_low": s.low, "ci_high": s.high, "sd_ci_low": s.sd_low, "sd_ci_high": s.sd_high}
    low, _, high = quartiles(list(row.values.values())) or (None, None, None)
    return found | {"lower_quartile": low, "upper_quartile": high}


def _differences(table: JobTable) -> Iterator[Line]:
    for name, one in table.comparisons.items():
        yield {"variant": name, "reference": table.reference} | _difference(one, table.alpha)


def _difference(one: Comparison, alpha: float) -> Line:
    d, above = one.difference, one.superiority
    found: Line = {"pairs": d.n, "unmatched": d.unmatched, "mean": d.mean, "sd": d.sd}
    found |= {"ci_low": d.low, "ci_high": d.high, "d_z": d.d_z, "t": d.t.statistic, "p": d.t.p, "why": d.t.why}
    found |= {"p_holm": one.holm, "family": one.family, "resolved": one.resolved(alpha)}
    found |= {"sign_flip_p": one.sign_flip.p}
    if above is not None:
        found |= {"p_above": above.share, "p_above_low": above.interval.low, "p_above_high": above.interval.high}
    return found


def _runs(table: JobTable) -> Iterator[Line]:
    for row in table.rows:
        for (repeat, fold), value in row.values.items():
            yield {"variant": row.name, "repeat": repeat, "fold": fold, "value": value}


def _ranks(found: Together) -> Iterator[Line]:
    tests = {"friedman_p": found.friedman.chi_squared.p, "iman_davenport_p": found.friedman.f.p}
    for name, rank in zip(found.variants, found.friedman.ranks, strict=True):
        about = {"datasets": len(found.blocks), "critical_difference": found.critical_difference}
        yield {"variant": name, "mean_rank": rank} | about | tests
