"""One job's folder: trials are committed into it, once each, and read back."""

import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cnnjobs.errors import StoreError
from cnnjobs.messages import Predictions
from cnnjobs.spec.job import SOURCES
from cnnjobs.store.files import Files
from cnnjobs.store.reading import OnProgress, Stored, TableFiles, refuse_newer
from cnnjobs.store.schemas import EPOCHS, PREDICTIONS, SCHEMA_VERSION, one_row

PATIENCE_S = 90.0
"""For how long a commit tries again while object storage cannot be reached: less than `presence.SILENT_S`, after which
another machine may take the store over."""

WHICH = ("trial_id", "condition_id", "job", "variant", "repeat", "fold")
"""The columns that every table begins with."""


JOB_PARTS: Mapping[str, Any] = {
    "name": str,
    "repeats": int,
    "vary": list,
    "reference": str,
    "protocol.folds": int | None,
    "protocol.validation": str | float | int | None,
    "protocol_text": str,
    "variants": dict,
    "dataset.name": str,
    "dataset.train_rows": int,
    "dataset.test_rows": int,
    "dataset.classes": int,
}
"""What readers of `job.json` rely on."""


class Store:
    """The folder of one job: `job.json`, `trials/`, `epochs/`, `predictions/`, `logs/`, `report/`.

    Args:
        files: the folder.

    Raises:
        StoreError: if it was written by a newer version.
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
    ) -> None:
        """Store a trial; its row in `trials` is written last and is the commit mark.

        A trial that failed before and now ended otherwise replaces its row.

        Args:
            row: columns of `trials`.
            epochs: column -> one value an epoch; may be empty.
            predictions: of the test set, if there are any.
        """
        which = {name: row[name] for name in WHICH}
        name = f"{row['trial_id']}.parquet"
        if predictions is not None:
            self.files.below("predictions").write(name, _parquet(_prediction_rows(which, predictions)), PATIENCE_S)
        else:
            self.files.below("predictions").remove(name)  # of a try that was cut off
        if epochs:
            self.files.below("epochs").write(name, _parquet(_epoch_rows(which, epochs)), PATIENCE_S)
        else:
            self.files.below("epochs").remove(name)
        content = _parquet(one_row(row), "none")  # a row is too short to compress
        self.files.below("trials").write(name, content, PATIENCE_S)

    def write_log(self, trial_id: str, text: str) -> str:
        """Keep what a trial printed; return where."""
        logs = self.files.below("logs")
        logs.write(f"{trial_id}.log", text.encode("utf-8", "replace"), PATIENCE_S)
        return f"{logs.location}/{trial_id}.log"

    def write_job(self, job: Mapping[str, Any]) -> None:
        """Keep the resolved job, if it is not what is kept already."""
        document = {"schema": SCHEMA_VERSION, **job}
        if document != self.job:
            text = json.dumps(document, indent=2, ensure_ascii=False)
            self.files.write("job.json", text.encode("utf-8", "backslashreplace"))  # a path need not be UTF-8
            self.job = document

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
        if trials is None and name != "trials":
            trials = self.read("trials", columns=["trial_id"]).table["trial_id"].to_pylist()
        return self.files_of(name).read(trials, columns, on_progress)

    def files_of(self, name: str) -> TableFiles:
        """Return the files of the table `trials`, `epochs` or `predictions`."""
        if name not in self._tables:
            self._tables[name] = TableFiles(self.files.below(name), name)
        return self._tables[name]

    def _read_job(self) -> dict[str, Any] | None:
        content = self.files.read("job.json")
        if content is None:
            self.files.check_bucket()
            return None
        try:
            job: dict[str, Any] = json.loads(content)
            refuse_newer(int(job["schema"]), f"{self.files.location}/job.json")
            _check_job(job)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{self.files.location}/job.json is not a job of cnnjobs ({type(error).__name__}: {error}). Move the "
                "folder away, or choose another with `results=PATH`."
            ) from error
        return job


def _check_job(job: Mapping[str, Any]) -> None:
    """Look at everything of `job.json` that readers rely on.

    Raises:
        KeyError: something is missing.
        TypeError: something is of another type.
        ValueError: the reference is no variant.
    """
    for path, kind in JOB_PARTS.items():
        value: Any = job
        for name in path.split("."):
            value = value[name]
        if not isinstance(value, kind):
            raise TypeError(f"{path} is {value!r}")
    for variant in job["variants"].values():
        if not isinstance(variant["condition_id"], str):
            raise TypeError(f"condition_id is {variant['condition_id']!r}")
        _check_sources(variant.get("vary", job["vary"]))
    audit = job.get("audit", {"job": "", "variant": "", "left_out": {}})
    for name, kind in {"job": str, "variant": str, "left_out": dict}.items():
        if not isinstance(audit[name], kind):
            raise TypeError(f"audit.{name} is {audit[name]!r}")
    _check_sources(audit["left_out"])
    if job["reference"] not in job["variants"]:
        raise ValueError(f"reference {job['reference']!r} is no variant")


def _check_sources(names: Iterable[Any]) -> None:
    """Raise a ValueError for a name that is no source of chance."""
    unknown = [name for name in names if name not in SOURCES]
    if unknown:
        raise ValueError(f"no sources of chance: {unknown}")


def _parquet(table: pa.Table, compression: str = "zstd") -> bytes:
    """Return the table as the bytes of a Parquet file: serialised whole before anything is written.

    Without dictionaries and statistics, which help nobody in a file of one trial: it is read 1.4 times as fast.
    """
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=compression, use_dictionary=False, write_statistics=False)
    return sink.getvalue()


def _epoch_rows(which: Mapping[str, Any], epochs: Mapping[str, list[Any]]) -> pa.Table:
    count = len(epochs["epoch"])
    columns = {name: [value] * count for name, value in which.items()} | dict(epochs)
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
