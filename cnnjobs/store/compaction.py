"""Merges the files of single trials into few larger ones, so that ten thousand trials stay readable."""

import contextlib
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import digest_of
from cnnjobs.messages import Status
from cnnjobs.store.files import Files
from cnnjobs.store.parquet import parquet
from cnnjobs.store.reading import COMPACT, COMPACTED, OnProgress, TableFiles
from cnnjobs.store.schemas import TABLES
from cnnjobs.store.store import Committed, Store

LOOSE = 256
"""So many files of single trials are left alone: reading them takes about half a second."""

BATCH_BYTES = 32 << 20
"""So much of rows is kept in memory at most until a larger file of them is written."""

TRIALS_A_FILE = 1000
"""Trials of one compacted file: of a hundred epochs each, it is made in about 0.3 GiB of memory."""

ORDER = [("condition_id", "ascending"), ("repeat", "ascending"), ("fold", "ascending")]
"""Of trials in a larger file."""


def compact(
    store: Store, least: int = LOOSE, on_progress: OnProgress | None = None, trials_a_file: int = TRIALS_A_FILE
) -> int:
    """Merge files of single finished trials into larger ones; return how many trials were merged.

    A larger file is complete and on the disk before the single ones are removed. Whoever is cut off in between leaves
    rows twice: this project's readers count them once, and the next call removes the single files. Trials that failed
    stay as they are, because another try replaces their file. Call it only under the claim of `StoreLock`.

    Args:
        store: the job's.
        least: below so many single files nothing is done.
        on_progress: is told (what, trials done, trials in all).
        trials_a_file: a larger file holds no more.

    Raises:
        StoreError: if the store cannot be written, or holds differing runs of a trial.
    """
    loose = {name.removesuffix(".parquet") for name in store.files_of("trials").loose()}
    if len(loose) < least:
        return 0
    columns = ["trial_id", "condition_id", "repeat", "fold", "status"]
    trials = store.read("trials", columns=columns).table
    finished = trials.filter(pc.and_(pc.not_equal(trials["status"], Status.FAILED), _among(trials, loose)))
    ids = finished.sort_by(ORDER)["trial_id"].to_pylist()
    for start in range(0, len(ids), trials_a_file):
        batch = ids[start : start + trials_a_file]
        for name in COMPACTED:
            _merge(store, name, batch)
        if on_progress is not None:
            on_progress(f"compacting {store.files.location}", start + len(batch), len(ids))
    return len(ids)


class Compactor:
    """Compacts trials while others run, from the rows that were committed: no file is read.

    As with `compact`, the single files are removed when the larger one is on the disk, so whoever is cut off at any
    moment loses no row. Use it only under the claim of `StoreLock`.

    Args:
        store: the job's.
        trials: so many make a larger file.
        most_bytes: so much of rows does as well.
    """

    def __init__(self, store: Store, trials: int = LOOSE, most_bytes: int = BATCH_BYTES) -> None:
        self._store, self._trials, self._most_bytes = store, trials, most_bytes
        self._waiting: list[Committed] = []
        self._bytes = 0

    def add(self, committed: Committed) -> None:
        """Take in a trial that was committed; a file that cannot be written is left to the next `compact`."""
        if committed.trials["status"][0].as_py() == Status.FAILED:
            return
        self._waiting.append(committed)
        self._bytes += sum(rows.nbytes for rows in (committed.trials, committed.epochs) if rows is not None)
        if len(self._waiting) >= self._trials or self._bytes >= self._most_bytes:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            with contextlib.suppress(StoreError):
                self._merge(waiting)

    def _merge(self, waiting: Sequence[Committed]) -> None:
        trials = pa.concat_tables([one.trials for one in waiting])
        order = trials.sort_by(ORDER)["trial_id"].to_pylist()
        tables = {"trials": trials}
        epochs = [one.epochs for one in waiting if one.epochs is not None]
        if epochs:
            tables["epochs"] = pa.concat_tables(epochs)
        for name in (name for name in COMPACTED if name in tables):
            folder, stored = self._store.files_of(name).folder, _in_order(tables[name], order)
            _write_compacted(folder, tables[name], stored)
            folder.remove_all(f"{trial}.parquet" for trial in stored)


def compact_if_possible(store: Store, on_progress: OnProgress | None = None) -> None:
    """Compact at the end of a run: should it fail, the trials are stored all the same, and the next run tries again."""
    with contextlib.suppress(StoreError):
        compact(store, on_progress=on_progress)


def _merge(store: Store, name: str, trials: Sequence[str]) -> None:
    """Write what these trials have in single files into one, then remove the single files."""
    files = store.files_of(name)
    read = files.read(trials)  # refuses single files that differ from compacted ones
    if any(f"/{COMPACT}" in place for place in read.damaged):
        return  # what it held may be in single files still
    rows, stored = read.table, _in_order(read.table, trials)
    single = {file.removesuffix(".parquet") for file in files.loose()}
    compacted = files.compacted()
    new = [trial for trial in stored if trial not in compacted]
    if new:
        _write_compacted(files.folder, rows.filter(_among(rows, new)), new)
    files.folder.remove_all(f"{trial}.parquet" for trial in stored if trial in single)


def rewrite_without(files: TableFiles, trials: Collection[str]) -> list[str]:
    """Write the rows of other trials that share compacted files with these anew; return the files to be removed then.

    Call it only under the claim of `StoreLock`.

    Args:
        files: of a table.
        trials: whose rows the new files are to lack.
    """
    holding, outdated = frozenset(trials), []
    for file, group in files.trials_of_compacted().items():
        if holding.isdisjoint(group):
            continue
        rows = files.rows_or_damage(file, frozenset(group) - holding, TABLES[files.name].names)
        if isinstance(rows, str):
            raise StoreError(f"{files.folder.location}/{file} is damaged ({rows}).")
        if rows.num_rows:
            _write_compacted(files.folder, rows, list(dict.fromkeys(rows["trial_id"].to_pylist())))
        outdated.append(file)
    return outdated


def _write_compacted(folder: Files, rows: pa.Table, trials: Sequence[str]) -> None:
    """Write the rows of trials, in that order, as one file named after its content."""
    content = _encoded(rows, trials)
    folder.write(f"{COMPACT}{digest_of(content)[:16]}.parquet", content)


def _in_order(rows: pa.Table, trials: Sequence[str]) -> list[str]:
    stored = set(rows["trial_id"].unique().to_pylist())
    return [trial for trial in trials if trial in stored]


def _among(table: pa.Table, trials: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(table["trial_id"], pa.array(sorted(trials), pa.string()))


def _encoded(rows: pa.Table, trials: Sequence[str]) -> bytes:
    """Return a file with one row group per variant, trials in that order: who reads one variant reads little else."""
    rank = pc.index_in(rows["trial_id"], pa.array(trials, pa.string())).combine_chunks()
    rows = rows.take(pc.array_sort_indices(rank))
    conditions = rows["condition_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    return parquet(rows, [0, *(np.flatnonzero(np.diff(conditions)) + 1)], compression="zstd")
