"""Metrics that variants watch, as they are stored, a map a row, and as ordinary columns."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.spec.metrics import WATCHED


def watched_in(table: pa.Table) -> list[str]:
    """Return the columns that the maps of a table hold: `val_macro_f1`."""
    keys = [chunk.drop_null().keys for chunk in table[WATCHED].chunks]
    return sorted(pc.unique(pa.chunked_array(keys, pa.string())).to_pylist())


def with_watched(table: pa.Table, names: Sequence[str] | None = None) -> pa.Table:
    """Return a table with a column a name in place of the maps; null where a row has no such value.

    Args:
        table: rows of `trials` or `epochs`, with `WATCHED`.
        names: which; None for all that there are.
    """
    names = watched_in(table) if names is None else names
    place = table.column_names.index(WATCHED)
    maps, table = table[WATCHED], table.remove_column(place)
    for offset, name in enumerate(names):
        table = table.add_column(place + offset, name, pc.map_lookup(maps, name, "first"))
    return table
