"""Tables as CSV, values unrounded."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from cnnjobs.report.model import Grid


def grid_csv(grid: Grid) -> str:
    """Return a table's values as CSV."""
    return csv_text(grid.columns, ([row[column] for column in grid.columns] for row in grid.rows))


def csv_text(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV; None is empty."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return sink.getvalue()
