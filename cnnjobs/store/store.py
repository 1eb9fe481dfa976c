"""One job's folder: trials are committed into it, once each, and read back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cnnjobs.errors import StoreError
from cnnjobs.messages import Predictions
from cnnjobs.spec.metrics import WATCHED
from cnnjobs.store.checkpoints import FOLDERS as STATES
from cnnjobs.store.files import Files
from cnnjobs.store.looks import FOLDER as LOOKS
from cnnjobs.store.parquet import parquet
from cnnjobs.store.reading import OnProgress, Stored, TableFiles
from cnnjobs.store.schemas import EPOCHS, PREDICTIONS, TABLES, in_map, one_row
from cnnjobs.store.stored_job import StoredJob

PATIENCE_S = 90.0
"""For how long a commit tries again while object storage cannot be reached: less than `lock.SILENT_S`, after which
another machine may take the store over."""

STOPPED = "stopped.txt"
"""In the folder of logs, after a submit that was stopped: what it said."""

SCORES = "metrics"
"""Folder of what was computed from predictions: it can be computed again, and may be deleted."""

FOLDERS = (*TABLES, *STATES, SCORES, LOOKS, "logs", "report", "report/tables", "report/figures")
"""Where files of a store lie, beside `job.json`."""

KEY_COLUMNS = ("trial_id", "condition_id", "job", "variant", "repeat", "fold")
"""The columns that every table begins with."""


@dataclass(frozen=True)
class Committed:
    """What the tables that are compacted hold of a trial.

    Args:
        trials: its row.
        epochs: one row per epoch; None if it has none.
    """

    trials: pa.Table
    epochs: pa.Table | None


class Store:
    """The folder of one job: `job.json`, `trials/`, `epochs/`, `predictions/`, `looks/`, and others.

    Args:
        files: the folder.

    Raises:
        StoreError: if `job.json` was written by a newer version, or is none.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self.job = self._read_job()
        self._tables: dict[str, TableFiles] = {}

    def commit(
        self,
        row: Mapping[str, Any],
        epochs: Mapping[str, list[Any]],
        predictions: Predictions | None,
    ) -> Committed:
        """Store a trial; its row in `trials` is written last and is the commit mark.

        A trial that failed before and now ended otherwise replaces its row.

        Args:
            row: columns of `trials`.
            epochs: column -> one value an epoch; may be empty.
            predictions: of the test set, if there are any.

        Returns:
            The rows of the tables that are compacted.
        """
        which = {name: row[name] for name in KEY_COLUMNS}
        name = f"{row['trial_id']}.parquet"
        if predictions is not None:
            self.files.below("predictions").write(name, _encoded(_prediction_rows(which, predictions)), PATIENCE_S)
        else:
            self.files.below("predictions").remove(name)  # of a try that was cut off
        committed = Committed(one_row(row), _epoch_rows(which, epochs) if epochs else None)
        if committed.epochs is not None:
            self.files.below("epochs").write(name, _encoded(committed.epochs), PATIENCE_S)
        else:
            self.files.below("epochs").remove(name)
        content = _encoded(committed.trials, "none")  # a row is too short to compress
        self.files.below("trials").write(name, content, PATIENCE_S)
        return committed

    def write_log(self, trial_id: str, text: str) -> str:
        """Keep what a trial printed; return where."""
        logs = self.files.below("logs")
        logs.write(f"{trial_id}.log", text.encode("utf-8", "replace"), PATIENCE_S)
        return f"{logs.location}/{trial_id}.log"

    def note_stop(self, text: str) -> None:
        """Keep in words how the last submit was stopped, where its terminal may be gone."""
        self.files.below("logs").write(STOPPED, f"{text}\n".encode("utf-8", "backslashreplace"))

    def last_stop(self) -> str:
        """Return how the last submit was stopped; empty if it was not."""
        return (self.files.below("logs").read(STOPPED) or b"").decode("utf-8", "replace").strip()

    def forget_stop(self) -> None:
        """Another submit is at work."""
        self.files.below("logs").remove(STOPPED)

    def write_job(self, job: StoredJob) -> None:
        """Keep the resolved job, if it is not what is kept already."""
        if job != self.job:
            self.files.write("job.json", job.encode())
            self.job = job

    def kept_job(self) -> StoredJob:
        """Return the resolved job of a store that has one.

        Raises:
            StoreError: if it has none.
        """
        if self.job is None:
            raise StoreError(f"{self.files.location} has no job.json. Run `cnnjobs submit JOB` first.")
        return self.job

    def read(
        self,
        name: str,
        trials: Collection[str] | None = None,
        columns: Sequence[str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Stored:
        """Return the table `trials`, `epochs` or `predictions`, ordered by trial; files cut short are named.

        A trial that several files hold is there once: a try that failed gives way to one that ended otherwise, of
        runs with equal results the one that finished first counts.

        Args:
            name: which table.
            trials: identities of committed trials, whose rows alone are read; None for all that were committed.
            columns: which, in that order; None for all. Reading few of them is several times as fast.
            on_progress: is told (what, files done, files in all).

        Raises:
            StoreError: if a file is of a newer version, or two files hold runs of a trial whose results differ.
        """
        if trials is not None or name == "trials":
            return self.files_of(name).read(trials, columns, on_progress)
        committed = self.read("trials", columns=["trial_id"])
        stored = self.files_of(name).read(committed.table["trial_id"].to_pylist(), columns, on_progress)
        return Stored(stored.table, committed.damaged + stored.damaged)

    def files_of(self, name: str) -> TableFiles:
        """Return the files of the table `trials`, `epochs` or `predictions`."""
        if name not in self._tables:
            self._tables[name] = TableFiles(self.files.below(name), name)
        return self._tables[name]

    def remove_remains(self) -> None:
        """Remove files that processes which live no longer left half written."""
        self.files.remove_remains()
        for folder in FOLDERS:
            self.files.below(*folder.split("/")).remove_remains()

    def _read_job(self) -> StoredJob | None:
        content = self.files.read("job.json")
        if content is None:
            self.files.check_bucket()
            return None
        return StoredJob.decode(content, f"{self.files.location}/job.json")


def _encoded(table: pa.Table, compression: str = "zstd") -> bytes:
    """Return the table as the bytes of a Parquet file.

    Without dictionaries and statistics, which help nobody in a file of one trial: it is read 1.4 times as fast.
    """
    return parquet(table, compression=compression, use_dictionary=False, write_statistics=False)


def _epoch_rows(which: Mapping[str, Any], epochs: Mapping[str, list[Any]]) -> pa.Table:
    count = len(epochs["epoch"])
    columns = {name: [value] * count for name, value in which.items()} | dict(epochs)
    columns[WATCHED] = [in_map(values) for values in epochs.get(WATCHED, [None] * count)]
    return pa.Table.from_pydict({name: columns.get(name, [None] * count) for name in EPOCHS.names}, schema=EPOCHS)


def _prediction_rows(which: Mapping[str, Any], predictions: Predictions) -> pa.Table:
    count, classes = predictions.probabilities.shape
    offsets = np.arange(0, (count + 1) * classes, classes, dtype=np.int32)
    probabilities = pa.ListArray.from_arrays(offsets, pa.array(predictions.probabilities.ravel(), pa.float32()))
    own = {
        "example": pa.array(np.arange(count, dtype=np.int32)),
        "label": pa.array(predictions.labels.astype(np.int32)),
        "predicted": pa.array(predictions.probabilities.argmax(axis=1).astype(np.int32)),
        "probabilities": probabilities,
    }
    shared = {name: pa.repeat(pa.scalar(value, PREDICTIONS.field(name).type), count) for name, value in which.items()}
    return pa.Table.from_pydict(shared | own, schema=PREDICTIONS)
