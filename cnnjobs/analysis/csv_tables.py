"""Comparisons as CSV: the summary, the differences, and every run, unrounded."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from cnnjobs.analysis.tables import JobTable

SUMMARY_HEADER = ("variant", "n", "expected", "mean", "sd", "median", "min", "max", "ci95_low", "ci95_high")
DIFFERENCE_HEADER = ("variant", "reference", "pairs", "unmatched", "mean", "sd", "ci95_low", "ci95_high")
RUNS_HEADER = ("variant", "repeat", "fold", "value")


def summary_csv(table: JobTable) -> str:
    """Return the summary as CSV; values as stored, unrounded."""
    lines = []
    for row in table.rows:
        s = row.summary
        numbers = [s.mean, s.sd, s.median, s.minimum, s.maximum, s.low, s.high] if s else [None] * 7
        lines.append([row.name, s.n if s else 0, row.expected, *numbers])
    return csv_text(SUMMARY_HEADER, lines)


def differences_csv(table: JobTable) -> str:
    """Return the paired differences as CSV; values as stored, unrounded."""
    lines = []
    for row in table.rows:
        if row.difference is not None:
            d = row.difference
            lines.append([row.name, table.reference, d.n, d.unmatched, d.mean, d.sd, d.low, d.high])
    return csv_text(DIFFERENCE_HEADER, lines)


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
