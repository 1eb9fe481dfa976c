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
from cnnjobs.store.store import Store

LOOSE = 256
"""So many files of single trials are left alone: reading them takes about half a second."""

TRIALS_A_FILE = 1000
"""Trials of one compacted file: of a hundred epochs each, it is made in about 0.3 GiB of memory."""


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
    order = [("condition_id", "ascending"), ("repeat", "ascending"), ("fold", "ascending")]
    ids = finished.sort_by(order)["trial_id"].to_pylist()
    for start in range(0, len(ids), trials_a_file):
        batch = ids[start : start + trials_a_file]
        for name in COMPACTED:
            _merge(store, name, batch)
        if on_progress is not None:
            on_progress(f"compacting {store.files.location}", start + len(batch), len(ids))
    return len(ids)


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
    """Return a file with a row group a variant, trials in that order: who reads one variant reads little else."""
    rank = pc.index_in(rows["trial_id"], pa.array(trials, pa.string())).combine_chunks()
    rows = rows.take(pc.array_sort_indices(rank))
    conditions = rows["condition_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    return parquet(rows, [0, *(np.flatnonzero(np.diff(conditions)) + 1)], compression="zstd")
