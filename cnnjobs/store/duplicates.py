"""Merges what several files hold of one trial: equal results are one run, differing ones an error."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cnnjobs.errors import StoreError
from cnnjobs.messages import Status
from cnnjobs.store.schemas import KEYS, PROVENANCE_COLUMNS, TABLES
from cnnjobs.wording.labels import run_label

PLACE = "place"
"""Column, beside those of the table, with the number of the file that a row is from."""


def merged(name: str, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Return the rows of several files, each once.

    A try that failed gives way to one that ended otherwise, and to a newer one. Of runs that differ in nothing but
    `PROVENANCE_COLUMNS`, the one that finished first counts. A value that one of them lacks (its file is older than the
    column) is no difference; values compare bit by bit, and nan is equal to nan.

    Args:
        name: of the table.
        tables: file -> its rows, all columns.

    Raises:
        StoreError: if results differ; it names the files, the column and both values.
    """
    both = pa.concat_tables(
        [
            table.append_column(PLACE, pa.repeat(pa.scalar(number, pa.int32()), table.num_rows))
            for number, table in enumerate(tables.values())
        ]
    )
    places = list(tables)
    if name == "trials":
        both = both.sort_by([("trial_id", "ascending"), ("finished_at", "ascending")])
        both = both.filter(_counts(both))
    else:
        both = both.sort_by([*((key, "ascending") for key in KEYS[name]), (PLACE, "ascending")])
        _refuse_lengths(name, both, places)
    first = _first_of_equal(both, KEYS[name])
    for column in TABLES[name].names:
        if column not in PROVENANCE_COLUMNS:
            _refuse_differing(both, first, column, places)
    return both.filter(pa.array(first == np.arange(len(first)))).drop_columns([PLACE])


def _counts(trials: pa.Table) -> pa.Array:
    """Return (rows,) whether each counts: failed tries only without another end, and of them the newest.

    Args:
        trials: ordered by trial, and of one trial by the time it ended.
    """
    failed = pc.equal(trials["status"], Status.FAILED).combine_chunks().to_numpy(zero_copy_only=False)
    ids = trials["trial_id"].combine_chunks()
    ended = pc.is_in(ids, ids.filter(pa.array(~failed))).to_numpy(zero_copy_only=False)
    codes = _codes(trials, "trial_id")
    newest = np.append(codes[1:] != codes[:-1], True)
    return pa.array(np.where(failed, ~ended & newest, True))


def _first_of_equal(table: pa.Table, keys: Sequence[str]) -> NDArray[np.int64]:
    """Return (rows,) the number of the first row with the same keys; the table is ordered by them."""
    starts = np.zeros(table.num_rows, dtype=bool)
    starts[:1] = True
    for key in keys:
        codes = _codes(table, key)
        starts[1:] |= codes[1:] != codes[:-1]
    return np.maximum.accumulate(np.where(starts, np.arange(table.num_rows), 0))


def _refuse_differing(table: pa.Table, first: NDArray[np.int64], column: str, places: Sequence[str]) -> None:
    codes = _codes(table, column)
    differs = np.flatnonzero((codes != codes[first]) & (codes >= 0) & (codes[first] >= 0))
    if differs.size:
        row, other = table.slice(first[differs[0]], 1).to_pylist()[0], table.slice(differs[0], 1).to_pylist()[0]
        where = f" in epoch {other['epoch']}" if "epoch" in other else ""
        text = f"{column}{where} is {row[column]!r} in the first, {other[column]!r} in the second"
        raise _refusal(row, other, text, places)


def _refuse_lengths(name: str, table: pa.Table, places: Sequence[str]) -> None:
    """Refuse files that hold differing numbers of rows of the same trial."""
    counts = table.group_by(["trial_id", PLACE], use_threads=False).aggregate([([], "count_all")]).to_pylist()
    seen: dict[str, dict[str, Any]] = {}
    for row in counts:
        before = seen.setdefault(row["trial_id"], row)
        if before["count_all"] != row["count_all"]:
            other = table.filter(pc.equal(table["trial_id"], row["trial_id"])).slice(0, 1).to_pylist()[0]
            text = f"the first has {before['count_all']} rows of {name}, the second {row['count_all']}"
            raise _refusal(other | before, other | row, text, places)


def _refusal(row: Mapping[str, Any], other: Mapping[str, Any], what: str, places: Sequence[str]) -> StoreError:
    versions = [
        f"{name} {row[name]} and {other[name]}"
        for name in row
        if name in PROVENANCE_COLUMNS
        and name.endswith(("_version", "device", "cpus", "gpus"))
        and row[name] != other[name]
    ]
    made = f" They were run with {', '.join(versions)}." if versions else ""
    which = run_label(row["variant"], row["repeat"], row["fold"])
    return StoreError(
        f"{places[row[PLACE]]} and {places[other[PLACE]]} hold the same trial {row['trial_id']} ({which}) "
        f"with different results: {what}.{made} Keep one: move the other file out of the store. (The trials of a "
        "compact- file that is moved away run again at the next submit.)"
    )


def _codes(table: pa.Table, column: str) -> NDArray[np.int64]:
    """Return (rows,) a number for each distinct value, -1 for null."""
    values = table[column].combine_chunks()
    if pa.types.is_map(values.type):
        values = pa.array([None if one is None else repr(one) for one in values.to_pylist()], pa.string())
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    codes: NDArray[np.int64] = values.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return codes
