"""Comparisons as data frames, for scripts and notebooks: the computations of `cnnjobs aggregate`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from cnnjobs.comparison.across_datasets import AcrossDatasets, compare_over_datasets
from cnnjobs.comparison.shown import shown_table
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.build import job_document
from cnnjobs.report.figure_files import chosen_formats
from cnnjobs.report.model import Document, Row
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.render.text import plain
from cnnjobs.report.sections.best import BEST_COLUMNS, best_rows
from cnnjobs.report.sections.decisions import DECISION_COLUMNS, decision_row
from cnnjobs.report.sections.differences_table import DIFFERENCE_COLUMNS, differences_table
from cnnjobs.report.sections.factors import EFFECT_COLUMNS, effects_table
from cnnjobs.report.sections.pairs import PAIR_COLUMNS, pair_rows
from cnnjobs.report.sections.summary_table import SUMMARY_COLUMNS, summary_table
from cnnjobs.report.write import write_document
from cnnjobs.scoring.prediction_metrics import chosen_metric
from cnnjobs.spec import OwnMetric
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.stats import ALPHA
from cnnjobs.store.files import Files
from cnnjobs.store.results import Results
from cnnjobs.store.store import Store

RUN_COLUMNS = ("variant", "repeat", "fold", "value")
"""Columns of `Comparisons.runs`; repeat and fold count from 0, as in `trials`."""

RANK_COLUMNS = ("variant", "mean_rank", "datasets", "critical_difference", "friedman_p", "iman_davenport_p")
"""Columns of `Comparisons.ranks`."""

Line = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Comparisons:
    """The comparison of each job's variants, and of all jobs over data sets; values are as stored, not rounded.

    `print` shows the tables of the terminal; a notebook shows tables and box plots.

    Args:
        tables: one per job, from which reports are made.
        stores: one per job, its folder of results.
    """

    tables: tuple[JobTable, ...]
    stores: tuple[Store, ...]

    def report(
        self,
        output: str | None = None,
        *,
        predictions: bool = True,
        formats: str | Sequence[str] | None = None,
        best: bool = False,
    ) -> tuple[str, ...]:
        """Write the report of each job, and return the paths of the HTML files, one per job.

        Args:
            output: folder or URI; with several jobs, each has its own folder below it. None for `report/` of each job.
            predictions: whether stored predictions are read, for the sections on classes, the variance of the finite
                test set, ensembles and hardest examples.
            formats: file formats of the figures besides SVG: "png", "pdf" or both. None for those of the existing
                report.
            best: whether the report gives the probability that each variant is the best.

        Raises:
            StoreError: if it cannot be written.
            SpecError: for other formats.
        """
        asked = chosen_formats(formats)
        return tuple(
            write_document(
                _folder(store, output, len(self.stores)),
                self._document(table, store, predictions, best),
                _silent,
                asked,
            ).page
            for table, store in zip(self.tables, self.stores, strict=True)
        )

    def _document(self, table: JobTable, store: Store, predictions: bool, best: bool) -> Document:
        others = [other.job for other in self.stores if other.job is not None]
        options = ReportOptions(
            metric=table.metric,
            reference=table.reference,
            alpha=table.alpha,
            margin=table.margin,
            with_predictions=predictions,
            best=best,
            others=others,
        )
        return job_document(store, table, _silent, options)

    def __str__(self) -> str:
        """Return the tables of the terminal."""
        return plain("\n".join(line for table in self.tables for line in table_lines(table)))

    __repr__ = __str__  # at the prompt it is read

    def _repr_html_(self) -> str:
        """Return tables and box plots for a notebook."""
        return "\n".join(comparison_html(table) for table in self.tables)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per job and variant: number of runs, mean and SD with intervals; quartiles from five runs on."""
        return self._frame(SUMMARY_COLUMNS, lambda table: summary_table(table).rows)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row per job and variant except the reference: its difference from the reference, with all tests.

        If a rule ended the repeats, there is no test: verdict and interval are those of the rule.
        """
        return self._frame(DIFFERENCE_COLUMNS, lambda table: differences_table(table).rows)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per job and pair of variants: their difference, paired by repeat and fold; exploratory, no verdict.

        The difference is the first variant minus the second. `p_holm` is adjusted over all pairs of the job's variants,
        and `p_above` is P(A > B) with its interval. The frame is empty for audits, and if a rule ended the repeats,
        because the usual tests are not valid for such runs.
        """
        return self._frame(PAIR_COLUMNS, pair_rows)

    @cached_property
    def best(self) -> pd.DataFrame:
        """One row per job and variant: the probability that its mean is the best, the highest first; no verdict.

        It is computed from a posterior over the paired runs (`cnnjobs.statistics.best_chances`), and needs five repeats
        that all variants have; without a probability, `why` gives the reason.
        """
        return self._frame(BEST_COLUMNS, best_rows)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row per variant of each job whose repeats end by a rule: the decision, and the pairs that it rests on."""
        return self._frame(DECISION_COLUMNS, _decisions)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One row per main effect or two-way interaction, for jobs with all combinations of several factors' levels."""
        return self._frame(EFFECT_COLUMNS, lambda table: found.rows if (found := effects_table(table)) else ())

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per completed run with a finite metric: the values behind means and box plots."""
        return self._frame(RUN_COLUMNS, _runs)

    @cached_property
    def across_datasets(self) -> AcrossDatasets | str:
        """The comparison over data sets of the variants that several jobs share, or the reason for its absence."""
        return compare_over_datasets(self.tables)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """One row per variant compared over data sets, the best mean rank first; empty without such a comparison."""
        across = self.across_datasets
        rows = list(_ranks(across)) if isinstance(across, AcrossDatasets) else []
        return pd.DataFrame(rows, columns=list(RANK_COLUMNS)).sort_values("mean_rank", ignore_index=True)

    @property
    def notes(self) -> Mapping[str, tuple[str, ...]]:
        """Mapping from jobs to warnings about their runs: too few, unpaired, diverged, or of mixed versions."""
        return {table.job.name: table.notes for table in self.tables}

    def _frame(self, columns: Sequence[str], lines: Callable[[JobTable], Iterable[Row]]) -> pd.DataFrame:
        """Return a frame of the lines of every job."""
        rows = [{**_which(table), **line} for table in self.tables for line in lines(table)]
        return pd.DataFrame(rows, columns=["job", "metric", *columns])


@arguments_named
def compare(
    results: Results,
    *,
    metric: str | OwnMetric | None = None,
    reference: str | None = None,
    alpha: float = ALPHA,
    margin: float | None = None,
) -> Comparisons:
    """Return the comparison of the variants in results, as `cnnjobs aggregate` computes it.

    With another metric or reference than the job's own, or an `alpha` above 0.05, there are estimates and intervals but
    no verdict. Each comparison that is shown is recorded beside the results; if a verdict is reached after several such
    looks while repeats were added, the comparison says so: docs/verdicts.md.

    Args:
        results: the return value of `cnnjobs.load_results`.
        metric: a column of `trials`, such as "test_loss" or "val_accuracy"; a metric that is computed from stored
            predictions of the test set, such as "macro_f1", "recall[cat]" or "top3_accuracy"; your own metric, made by
            `cnnjobs.metric`; or a metric of the validation rows that variants watch, such as "val_macro_f1". None for
            test accuracy, or with folds for fold accuracy.
        reference: name of the variant with which others are compared; None for each job's own.
        alpha: significance level of tests, in (0, 1); intervals have the level 1 - alpha.
        margin: smallest difference of interest, in percentage points of accuracy or in the metric's unit, above 0; used
            for planning the number of repeats. None for 0.2 points, or for one test image if that is more.

    Raises:
        StoreError: if the reference is not a variant of a job, or the metric is of a class that a data set does not
            have.
        UserError: if your own metric fails.
        TypeError: if `results` is of another type.
        ValueError: if `metric` is not a metric, or `alpha` or `margin` is out of range.

    Example:
        >>> import cnnjobs
        >>> found = cnnjobs.compare(cnnjobs.load_results("results/digits"))
        >>> found.differences[["variant", "pairs", "p_holm", "resolved"]].round(4).to_dict("records")
        [{'variant': 'dropout', 'pairs': 5, 'p_holm': 0.0008, 'resolved': True}]
    """
    if not isinstance(results, Results):
        raise TypeError(
            f"`results` must be what `load_results` returns. Received: results={results!r}. Use "
            "`compare(load_results('results/'))`."
        )
    chosen = None if metric is None else chosen_metric(metric)
    if not 0 < alpha < 1:
        raise ValueError(f"`alpha` must lie between 0 and 1. Received: alpha={alpha!r}. The usual one is 0.05.")
    if margin is not None and not margin > 0:
        raise ValueError(f"`margin` must be above 0. Received: margin={margin!r}. Leave it out for 0.2 points.")
    tables = (shown_table(store, chosen, reference, alpha, margin) for store in results.stores)
    return Comparisons(tuple(tables), results.stores)


def comparison_of(store: Store) -> Comparisons:
    """Return the comparison of one job's variants, on the job's own metric and reference."""
    return Comparisons((shown_table(store),), (store,))


def _folder(store: Store, output: str | None, jobs: int) -> Files:
    """Return where the report of a job goes."""
    if output is None:
        return store.files.below("report")
    return Files(output) if jobs == 1 else Files(output).below(store.files.name)


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing of how far something is."""


def _which(table: JobTable) -> Line:
    return {"job": table.job.name, "metric": table.metric.column}


def _decisions(table: JobTable) -> list[Row]:
    ruling = table.ruling
    return [] if ruling is None else [decision_row(ruling, name) for name in ruling.decisions]


def _runs(table: JobTable) -> Iterator[Line]:
    for row in table.rows:
        for (repeat, fold), value in row.values.items():
            yield {"variant": row.name, "repeat": repeat, "fold": fold, "value": value}


def _ranks(across: AcrossDatasets) -> Iterator[Line]:
    tests = {"friedman_p": across.friedman.chi_squared.p, "iman_davenport_p": across.friedman.f.p}
    for name, rank in zip(across.variants, across.friedman.ranks, strict=True):
        about = {"datasets": len(across.blocks), "critical_difference": across.critical_difference}
        yield {"variant": name, "mean_rank": rank} | about | tests
