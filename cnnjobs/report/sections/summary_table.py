"""The summary of each variant's runs as a table."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnjobs.comparison.metric_format import axis_label, show, within_bounds
from cnnjobs.comparison.pairwise import SHARED
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import MedianInterval, median_interval, quartiles
from cnnjobs.stats.folds import FEWEST_FOLDS
from cnnjobs.wording.labels import count_label

COUNTS = ("n", "expected", "diverged", "failed", "not_finite")
NUMBERS = ("mean", "sd", "median", "lower_quartile", "upper_quartile", "min", "max")
ENDS = tuple(f"{of}ci_{end}" for of in ("", "sd_", "median_") for end in ("low", "high"))

SUMMARY_COLUMNS = (
    *("variant", *COUNTS, *NUMBERS, *ENDS, "median_level", "level", "cpu_hours", "gpu_hours", "why"),
    *("median_why", "folds"),
)
"""One row per variant; quartiles are given from five runs on. `level` is that of the intervals, `median_level` the one
that the interval of the median reaches, which is not below it; hours are the mean of a completed run, `why` and
`median_why` say why there is no interval of the mean or the median. `folds`: where repeats of the same folds are
averaged, over how many folds mean and SD are."""


def summary_table(table: JobTable) -> ReportTable:
    """Return the summary of each variant's runs."""
    title = f"{table.job.name}: {axis_label(table.metric)} over the runs"
    rows = [_row(table, row) for row in table.rows]
    return ReportTable("summary", title, SUMMARY_COLUMNS, rows, [*_compact(table), *_rest(table)])


def summary_note(table: JobTable) -> str:
    """Say in a few words how the summary is computed."""
    return f"SD: ddof=1{'; ' if (ends := cut_off(table)) else ''}{ends}"


def cut_off(table: JobTable) -> str:
    """Say that intervals of the mean are shown cut off where the metric ends; empty if none reaches beyond."""
    metric, ends = table.metric, set[float]()
    for row in table.rows:
        if row.summary is not None and row.summary.low is not None and row.summary.high is not None:
            computed = (row.summary.low, row.summary.high)
            shown = within_bounds(metric, *computed)
            ends |= {end for end, before in zip(shown, computed, strict=True) if end != before}
    if not ends:
        return ""
    at = " and ".join(f"{metric.factor * end:g}{'%' if table.in_percent else ''}" for end in sorted(ends))
    return f"intervals of the mean end at {at}, beyond which it cannot lie (as computed: summary.csv)"


def runs_rows(table: JobTable) -> list[tuple[str, int, int, float]]:
    """Return every run, what the box plot draws: variant, repeat and fold from 0, value."""
    return [(row.name, *key, value) for row in table.rows for key, value in row.values.items()]


def _row(table: JobTable, row: VariantRow) -> Row:
    counts = (len(row.values), row.expected, row.diverged, row.failed, row.not_finite)
    cells: dict[str, Any] = {"variant": row.name, **dict(zip(COUNTS, counts, strict=True))}
    cells |= dict.fromkeys((*NUMBERS, *ENDS)) | {"level": table.design.confidence}
    cells |= {"folds": row.folds, "cpu_hours": row.cost.cpu_hours_a_run, "gpu_hours": row.cost.gpu_hours_a_run}
    s = row.summary
    if s is None:
        why = why_no_interval(row)
        return cells | {"median_level": None, "why": why, "median_why": why}
    values = list(row.values.values())
    low, _, high = quartiles(values) or (None, None, None)
    median = _median_interval(row, values)
    numbers = (s.mean, s.sd, float(np.median(values)), low, high, min(values), max(values))
    intervals = (s.low, s.high, s.sd_low, s.sd_high, median.low, median.high)
    cells |= dict(zip((*NUMBERS, *ENDS), (*numbers, *intervals), strict=True))
    cells |= {"median_level": median.level, "median_why": median.why}
    return cells | {"why": "" if s.low is not None else why_no_interval(row)}


def _median_interval(row: VariantRow, values: list[float]) -> MedianInterval:
    if row.design.overlap:
        return MedianInterval(None, None, None, SHARED)
    return median_interval(values, row.design.confidence)


def why_no_interval(row: VariantRow) -> str:
    """Say why the mean of a variant has no interval."""
    s = row.summary
    if s is None:
        if not row.ended:
            return "no run yet"
        return f"all {row.ended} diverged" if row.ended == row.diverged else "no finite value"
    if s.n == 1:
        return "one run: no spread" if row.design.overlap or row.diverged else "one repeat: no spread"
    return "all repeats identical" if s.sd == 0 else f"below {FEWEST_FOLDS} folds"


def _none(row: Row) -> str:
    return "" if row["mean"] is None else str(row["why"])


def _compact(table: JobTable) -> Iterator[DisplayColumn]:
    metric = table.metric
    yield DisplayColumn("variant", lambda row: str(row["variant"]))
    yield DisplayColumn("n", lambda row: count_label(f"{row['n']}/{row['expected']}", row["folds"]), "n")
    yield DisplayColumn(
        "mean %" if table.in_percent else "mean",
        lambda row: str(row["why"]) if row["mean"] is None else show(metric, row["mean"]),
        "mean",
    )
    yield _value(metric, "SD", "sd")
    yield DisplayColumn(
        f"{table.level} CI of the mean",
        lambda row: interval_cell(metric, row["ci_low"], row["ci_high"], none=_none(row)),
        "ci_low",
    )


def _rest(table: JobTable) -> Iterator[DisplayColumn]:
    metric = table.metric
    yield DisplayColumn(
        f"{table.level} CI of the SD",
        lambda row: interval_cell(metric, row["sd_ci_low"], row["sd_ci_high"]),
        "sd_ci_low",
        compact=False,
    )
    yield _value(metric, "median", "median", compact=False)
    yield DisplayColumn(
        f"{table.level} CI of the median",
        lambda row: _median_cell(metric, row),
        "median_ci_low",
        compact=False,
    )
    for header, column in (
        ("Q1", "lower_quartile"),
        ("Q3", "upper_quartile"),
        ("min", "min"),
        ("max", "max"),
    ):
        yield _value(metric, header, column, compact=False)


def _median_cell(metric: Metric, row: Row) -> str:
    """Return the interval of the median with the level that it reaches."""
    interval = interval_cell(metric, row["median_ci_low"], row["median_ci_high"])
    return interval if row["median_level"] is None else f"{interval} ({_percent(row['median_level'])})"


def _percent(level: float) -> str:
    """Return a level, rounded down to a tenth of a percent, so that none is said to be higher than it is."""
    return f"{math.floor(1000 * level + 1e-9) / 10:.1f}%"


def _value(metric: Metric, header: str, column: str, *, compact: bool = True) -> DisplayColumn:
    return DisplayColumn(header, lambda row: show(metric, row[column]), column, compact)
