"""Tables as CSV, values unrounded; no cell is a formula where a spreadsheet opens the file."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from cnnjobs.report.model import ReportTable

FORMULA = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - Excel takes the wide ones for the others
"""What a cell begins with that a spreadsheet computes."""


def table_csv(report_table: ReportTable) -> str:
    """Return a table's values as CSV."""
    return csv_text(
        report_table.columns, ([row[column] for column in report_table.columns] for row in report_table.rows)
    )


def csv_text(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; None is empty, and a text that a spreadsheet would compute begins with an apostrophe."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in line] for line in lines)
    return sink.getvalue()


def _cell(value: Any) -> Any:
    """Return a value; names of classes, variants and files that look like formulas become text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
