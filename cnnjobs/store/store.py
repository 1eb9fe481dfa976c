"""One job's folder: trials are committed into it, once each, and read back."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cnnjobs.errors import StoreError
from cnnjobs.messages import Predictions
from cnnjobs.store.files import Files
from cnnjobs.store.schemas import EPOCHS, PREDICTIONS, SCHEMA_VERSION, TABLES, one_row, version_of

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


@dataclass(frozen=True)
class Stored:
    """A table as it was read.

    Args:
        table: the rows.
        damaged: files that could not be read, with the reason.
    """

    table: pa.Table
    damaged: tuple[str, ...]


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
            self.files.below("predictions").write(name, _parquet(_prediction_rows(which, predictions)))
        else:
            self.files.below("predictions").remove(name)  # of a try that was cut off
        if epochs:
            self.files.below("epochs").write(name, _parquet(_epoch_rows(which, epochs)))
        else:
            self.files.below("epochs").remove(name)
        self.files.below("trials").write(name, _parquet(one_row(row)))

    def write_log(self, trial_id: str, text: str) -> str:
        """Keep what a trial printed; return where."""
        logs = self.files.below("logs")
        logs.write(f"{trial_id}.log", text.encode("utf-8", "replace"))
        return f"{logs.location}/{trial_id}.log"

    def write_job(self, job: Mapping[str, Any]) -> None:
        """Keep the resolved job, if it is not what is kept already."""
        document = {"schema": SCHEMA_VERSION, **job}
        if document != self.job:
            self.files.write("job.json", json.dumps(document, indent=2, ensure_ascii=False).encode())
            self.job = document

    def read(self, name: str, trials: Iterable[str] | None = None) -> Stored:
        """Return the table `trials`, `epochs` or `predictions`; files cut short are named.

        Args:
            name: which table.
            trials: identities of committed trials, whose files alone are read; None for all that were committed.
        """
        if trials is None and name == "trials":
            trials = (file.removesuffix(".parquet") for file in self.files.below(name).names(".parquet"))
        elif trials is None:
            trials = self.read("trials").table["trial_id"].to_pylist()
        return self._read_files(name, sorted(trials))

    def _read_files(self, name: str, trials: Sequence[str]) -> Stored:
        folder, schema = self.files.below(name), TABLES[name]
        tables, damaged = [], []
        for trial in trials:
            file = f"{trial}.parquet"
            content = folder.read(file)
            if content is None:
                continue  # a trial that failed has no epochs, one that diverged no predictions
            try:
                table = pq.read_table(io.BytesIO(content))
                tables.append(_checked(table, schema, trial, f"{folder.location}/{file}"))
            except (pa.ArrowException, OSError) as error:
                damaged.append(f"{folder.location}/{file} ({str(error).splitlines()[0]})")
        return Stored(pa.concat_tables(tables) if tables else pa.Table.from_batches([], schema), tuple(damaged))

    def _read_job(self) -> dict[str, Any] | None:
        content = self.files.read("job.json")
        if content is None:
            return None
        try:
            job: dict[str, Any] = json.loads(content)
            _refuse_newer(int(job["schema"]), f"{self.files.location}/job.json")
            _check_job(job)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self.files.location}/job.json is not a job of cnnjobs ({type(error).__name__}: {error}). Move the "
                "folder away, or choose another with `--results PATH`."
            ) from error
        return job


def _checked(table: pa.Table, schema: pa.Schema, trial_id: str, place: str) -> pa.Table:
    """Return a file's table with the columns of the schema; ones that it lacks are null.

    Raises:
        pa.ArrowInvalid: if it is not a file of that trial.
    """
    version = version_of(table.schema)
    if version is None:
        raise pa.ArrowInvalid("not written by cnnjobs")
    _refuse_newer(version, place)
    needed = [*WHICH, *(["status"] if "status" in schema.names else [])]
    if any(name not in table.column_names or table[name].null_count for name in needed):
        raise pa.ArrowInvalid(f"lacks one of {', '.join(needed)}")
    if pc.any(pc.not_equal(table["trial_id"], trial_id)).as_py():
        raise pa.ArrowInvalid(f"holds trial {table['trial_id'][0]}, another than its name says: a copy?")
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field.name, pa.nulls(table.num_rows, field.type))
    return table.select(schema.names).cast(schema)


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
    if job["reference"] not in job["variants"]:
        raise ValueError(f"reference {job['reference']!r} is no variant")


def _refuse_newer(version: int, place: str) -> None:
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{place} was written by a newer cnnjobs: its layout is version {version}, this one reads up to "
            f"{SCHEMA_VERSION}. Upgrade with: pip install --upgrade cnnjobs"
        )


def _parquet(table: pa.Table) -> bytes:
    """Return the table as the bytes of a Parquet file: serialised whole before anything is written."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
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
