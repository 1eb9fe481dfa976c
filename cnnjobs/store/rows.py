"""Chooses and orders rows of a table by trial."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc


def rows_of(table: pa.Table, trials: Collection[str], *, invert: bool = False) -> pa.Table:
    """Return the rows of those trials, or of all others."""
    own = pc.is_in(table["trial_id"], pa.array(sorted(trials), pa.string()))
    return table.filter(pc.invert(own) if invert else own)


def ordered(table: pa.Table) -> pa.Table:
    """Return the rows ordered by trial, and of each as they were; the same for compacted and loose files."""
    names = table["trial_id"].combine_chunks().dictionary_encode()
    rank = pc.rank(names.dictionary).cast(pa.int32())
    order = pc.array_sort_indices(rank.take(names.indices))
    return table.take(order)
