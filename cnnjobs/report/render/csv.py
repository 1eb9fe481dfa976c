"""Tables as CSV, values unrounded."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from cnnjobs.report.model import ReportTable


def table_csv(report_table: ReportTable) -> str:
    """Return a table's values as CSV."""
    return csv_text(
        report_table.columns, ([row[column] for column in report_table.columns] for row in report_table.rows)
    )


def csv_text(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; None is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return sink.getvalue()
