"""Comparisons as CSV: the summary, the differences, and every run, unrounded."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from cnnjobs.analysis.cells import verdict
from cnnjobs.analysis.comparisons import SEED, SHARED, Comparison
from cnnjobs.analysis.statistics import Interval, bootstrap_interval
from cnnjobs.analysis.tables import JobTable, VariantRow

RUNS_HEADER = ("variant", "repeat", "fold", "value")


def summary_csv(table: JobTable) -> str:
    """Return the summary as CSV; values as stored, unrounded. The median's interval is a bootstrap, from 20 runs on."""
    ci = _ci(table)
    header = ["variant", "n", "expected", "diverged", "mean", "sd", "median", "min", "max", f"{ci}_low", f"{ci}_high"]
    header += [f"{of}_{ci}_{end}" for of in ("sd", "median") for end in ("low", "high")]
    return csv_text(header, [_summary_line(table, row) for row in table.rows])


def _summary_line(table: JobTable, row: VariantRow) -> list[Any]:
    s = row.summary
    head = [row.name, len(row.values), row.expected, row.diverged]
    if s is None:
        return head + [None] * 11
    median = _median_interval(table, row)
    numbers = [s.mean, s.sd, s.median, s.minimum, s.maximum, s.low, s.high, s.sd_low, s.sd_high]
    return [*head, *numbers, median.low, median.high]


def _median_interval(table: JobTable, row: VariantRow) -> Interval:
    if table.design.overlap:
        return Interval.none(SHARED)
    return bootstrap_interval(
        list(row.values.values()), np.median, np.random.default_rng(SEED), table.design.confidence
    )


def differences_csv(table: JobTable) -> str:
    """Return the paired differences as CSV; values as stored, unrounded."""
    ci = _ci(table)
    header = ["variant", "reference", "pairs", "unmatched", "mean", "sd", f"{ci}_low", f"{ci}_high", "d_z", "t", "p"]
    header += ["p_holm", "family", "sign_flip_p", "p_above", f"p_above_{ci}_low", f"p_above_{ci}_high", "verdict"]
    lines = []
    for name, one in table.comparisons.items():
        d = one.difference
        line = [name, table.reference, d.n, d.unmatched, d.mean, d.sd, d.low, d.high, d.d_z, d.t.statistic, d.t.p]
        lines.append([*line, one.holm, one.family, one.sign_flip.p, *_above(one), verdict(table, one)])
    return csv_text(header, lines)


def _above(one: Comparison) -> tuple[float | None, ...]:
    found = one.superiority
    return (found.share, found.interval.low, found.interval.high) if found else (None, None, None)


def _ci(table: JobTable) -> str:
    """Return how columns of intervals begin: ci95."""
    return f"ci{table.level.removesuffix('%')}"


def runs_csv(table: JobTable) -> str:
    """Return every run as CSV: what the box plot draws. Repeat and fold count from 1."""
    lines = [
        [row.name, repeat + 1, fold + 1, value] for row in table.rows for (repeat, fold), value in row.values.items()
    ]
    return csv_text(RUNS_HEADER, lines)


def csv_text(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; None is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return sink.getvalue()
