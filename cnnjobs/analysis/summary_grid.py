"""The summary of each variant's runs as a table."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cnnjobs.analysis.cells import interval_cell
from cnnjobs.analysis.comparisons import SEED, SHARED
from cnnjobs.analysis.document import Grid, Row, Shown
from cnnjobs.analysis.measures import axis_label, show
from cnnjobs.analysis.statistics import Interval, bootstrap_interval
from cnnjobs.analysis.statistics.folds import FEWEST_FOLDS
from cnnjobs.analysis.tables import JobTable, VariantRow

FEWEST_FOR_QUARTILES = 5
"""Below this many runs quartiles say nothing: the runs themselves are shown."""

COUNTS = ("n", "expected", "diverged", "failed", "not_finite")
NUMBERS = ("mean", "sd", "median", "q1", "q3", "min", "max")


def summary_grid(table: JobTable) -> Grid:
    """Return the summary; the median's interval is a bootstrap, from 20 runs on."""
    ci = interval_prefix(table)
    ends = [f"{of}{ci}_{end}" for of in ("", "sd_", "median_") for end in ("low", "high")]
    rows = [_row(table, row, ends) for row in table.rows]
    shown = [*_brief(table, ci), *_rest(table, ci)]
    title = f"{table.job['name']}: {axis_label(table.metric)} over the runs"
    return Grid("summary", title, ("variant", *COUNTS, *NUMBERS, *ends, "no_interval"), rows, shown)


def interval_prefix(table: JobTable) -> str:
    """Return how columns of intervals begin: ci95."""
    return f"ci{table.level.removesuffix('%')}"


def runs_rows(table: JobTable) -> list[tuple[str, int, int, float]]:
    """Return every run, what the box plot draws: variant, repeat and fold from 1, value."""
    return [
        (row.name, repeat + 1, fold + 1, value) for row in table.rows for (repeat, fold), value in row.values.items()
    ]


def _row(table: JobTable, row: VariantRow, ends: list[str]) -> Row:
    counts = (len(row.values), row.expected, row.diverged, row.failed, row.not_finite)
    found: dict[str, Any] = {"variant": row.name, **dict(zip(COUNTS, counts, strict=True))}
    s = row.summary
    if s is None:
        return found | dict.fromkeys((*NUMBERS, *ends)) | {"no_interval": "no run yet"}
    values = list(row.values.values())
    quartiles = np.quantile(values, [0.25, 0.75]).tolist() if len(values) >= FEWEST_FOR_QUARTILES else (None, None)
    numbers = (s.mean, s.sd, s.median, *quartiles, s.minimum, s.maximum)
    median = _median_interval(table, values)
    intervals = (s.low, s.high, s.sd_low, s.sd_high, median.low, median.high)
    why = "" if s.low is not None else _why_no_interval(s.n, s.sd)
    return found | dict(zip((*NUMBERS, *ends), (*numbers, *intervals), strict=True)) | {"no_interval": why}


def _median_interval(table: JobTable, values: list[float]) -> Interval:
    if table.design.overlap:
        return Interval.none(SHARED)
    return bootstrap_interval(values, np.median, np.random.default_rng(SEED), table.design.confidence)


def _why_no_interval(n: int, sd: float | None) -> str:
    if n == 1:
        return "one repeat: no spread"
    return "all runs identical" if sd == 0 else f"below {FEWEST_FOLDS} folds"


def _brief(table: JobTable, ci: str) -> Iterator[Shown]:
    metric = table.metric
    yield Shown("variant", lambda row: str(row["variant"]))
    yield Shown("n", lambda row: f"{row['n']}/{row['expected']}", "n")
    yield Shown(
        "mean %" if table.is_accuracy else "mean",
        lambda row: "no run yet" if row["mean"] is None else show(metric, row["mean"]),
        "mean",
    )
    yield _value(metric, "SD", "sd")
    yield Shown(
        f"{table.level} CI of the mean",
        lambda row: interval_cell(metric, row[f"{ci}_low"], row[f"{ci}_high"], none=str(row["no_interval"])),
        f"{ci}_low",
    )


def _rest(table: JobTable, ci: str) -> Iterator[Shown]:
    metric = table.metric
    yield Shown(
        f"{table.level} CI of the SD",
        lambda row: interval_cell(metric, row[f"sd_{ci}_low"], row[f"sd_{ci}_high"]),
        f"sd_{ci}_low",
        brief=False,
    )
    for header, column in (("median", "median"), ("Q1", "q1"), ("Q3", "q3"), ("min", "min"), ("max", "max")):
        yield _value(metric, header, column, brief=False)


def _value(metric: str, header: str, column: str, *, brief: bool = True) -> Shown:
    return Shown(header, lambda row: show(metric, row[column]), column, brief)
