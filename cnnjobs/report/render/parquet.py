"""Tables as Parquet, values unrounded."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cnnjobs.report.model import ReportTable


def table_parquet(report_table: ReportTable) -> bytes:
    """Return a table's values as a Parquet file with the table's title in its metadata.

    A column is text, truth, whole numbers or reals, by its values; one without a value is real.
    """
    columns = {name: [row[name] for row in report_table.rows] for name in report_table.columns}
    fields = [pa.field(name, column_type(values)) for name, values in columns.items()]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata={"title": report_table.title})), sink)
    return sink.getvalue()


def column_type(values: Sequence[Any]) -> pa.DataType:
    """Return the type that holds all of these values, each of which may be None."""
    kinds = {type(value) for value in values if value is not None}
    for kind, arrow_type in ((str, pa.string()), (float, pa.float64()), (int, pa.int64()), (bool, pa.bool_())):
        if kind in kinds:
            return arrow_type
    return pa.float64()
