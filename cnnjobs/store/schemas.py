"""The three tables as explicit Arrow schemas, with the version of their layout."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cnnjobs.spec.metrics import EPOCH_COLUMNS, OBJECTIVE_COLUMNS, TRIAL_COLUMNS, WATCHED
from cnnjobs.store.layout import SCHEMA_VERSION

VERSION_KEY, TABLE_KEY = b"cnnjobs.schema", b"cnnjobs.table"


def _schema(name: str, fields: Sequence[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema(list(fields), metadata={VERSION_KEY: str(SCHEMA_VERSION).encode(), TABLE_KEY: name.encode()})


_TEXT, _INT, _REAL = pa.string(), pa.int64(), pa.float64()
_WHEN = pa.timestamp("ms", tz="UTC")
_VALUES = pa.map_(_TEXT, _REAL)

_WHICH: tuple[tuple[str, pa.DataType], ...] = (
    ("trial_id", _TEXT),
    ("condition_id", _TEXT),
    ("job", _TEXT),
    ("variant", _TEXT),
    ("repeat", pa.int32()),
    ("fold", pa.int32()),
)

TRIALS = _schema(
    "trials",
    [
        *_WHICH,
        ("status", _TEXT),
        ("error", _TEXT),
        ("log", _TEXT),
        *((name, _REAL) for name in TRIAL_COLUMNS),
        (OBJECTIVE_COLUMNS[1], _REAL),
        (WATCHED, _VALUES),
        ("epochs_done", pa.int32()),
        ("best_epoch", pa.int32()),
        ("parameters", _INT),
        ("dataset", _TEXT),
        ("dataset_fingerprint", _TEXT),
        ("classes", pa.int32()),
        ("train_rows", pa.int32()),
        ("validation_rows", pa.int32()),
        ("test_rows", pa.int32()),
        ("validation", _TEXT),
        ("folds", pa.int32()),
        ("limit_train", pa.int32()),
        ("epochs", pa.int32()),
        ("batch_size", pa.int32()),
        ("settings", _TEXT),
        ("seed_split", _INT),
        ("seed_init", _INT),
        ("seed_order", _INT),
        ("seed_augment", _INT),
        ("seed_dropout", _INT),
        ("numerics_version", pa.int32()),
        ("started_at", _WHEN),
        ("finished_at", _WHEN),
        ("seconds", _REAL),
        ("setup_seconds", _REAL),
        ("train_seconds", _REAL),
        ("validation_seconds", _REAL),
        ("test_seconds", _REAL),
        ("tta_seconds", _REAL),
        ("first_batch_seconds", _REAL),
        ("batch_seconds", _REAL),
        ("batch_images", pa.int32()),
        ("gpu_seconds", _REAL),
        ("cpus", pa.int32()),
        ("gpus", _REAL),
        ("replicas", pa.int32()),
        ("host", _TEXT),
        ("device", _TEXT),
        ("cnnjobs_version", _TEXT),
        ("python_version", _TEXT),
        ("tensorflow_version", _TEXT),
        ("keras_version", _TEXT),
        ("ray_version", _TEXT),
        ("numpy_version", _TEXT),
        ("commit", _TEXT),
        ("dirty", pa.bool_()),
    ],
)
"""One row per trial. Accuracies are fractions, losses nats, `mse` is the mean over classes of squared differences
between probabilities and one-hot labels; seconds are wall clock; repeat and fold count from 0.

`best_epoch` counts from 1 and is set where callbacks put the weights of that epoch back; test and val
metrics are of the weights that came out, train metrics of the last epoch; tta metrics are of the test rows, predicted
by the same weights with the variant's test-time augmentation, null without. `first_batch_seconds` and
`batch_seconds` are of prediction, for `batch_images` pictures: the first call, and the median of later
ones. `watched` holds the metrics that the variant watches, `val_macro_f1` -> value, null where one is not defined, of
the weights that came out; it is null of variants that watch none. `settings` is the full resolved variant as JSON;
`status` is completed, diverged or failed.
"""

EPOCHS = _schema(
    "epochs",
    [
        *_WHICH,
        ("epoch", pa.int32()),
        *((name, _REAL) for name in EPOCH_COLUMNS),
        (OBJECTIVE_COLUMNS[0], _REAL),
        (WATCHED, _VALUES),
        ("learning_rate", _REAL),
        ("train_seconds", _REAL),
        ("validation_seconds", _REAL),
    ],
)
"""One row per trial and epoch; epochs count from 1. Losses are plain cross-entropy of the rows, whatever is minimised:
without smoothing of labels, weights of rows or classes, and regularization. Values of the training rows are averaged
over the epoch while it trains, with augmentation and dropout on; where images are mixed, both of their labels count by
their shares. `objective` is what is minimised, with all of these. `watched` holds the metrics that the variant watches,
`val_macro_f1` -> value, null where one is not defined; it is null of variants that watch none. Both are null in files
of layout 1, which have no such columns."""

PREDICTIONS = _schema(
    "predictions",
    [
        *_WHICH,
        ("example", pa.int32()),
        ("label", pa.int32()),
        ("predicted", pa.int32()),
        ("probabilities", pa.list_(pa.float32())),
    ],
)
"""One row per trial and test example; `example` is the row of the test set."""

TABLES: Mapping[str, pa.Schema] = {"trials": TRIALS, "epochs": EPOCHS, "predictions": PREDICTIONS}

KEYS: Mapping[str, tuple[str, ...]] = {
    "trials": ("trial_id",),
    "epochs": ("trial_id", "epoch"),
    "predictions": ("trial_id", "example"),
}
"""What names a row of each table."""

PROVENANCE_COLUMNS = frozenset(
    {
        *("job", "variant", "error", "log", "started_at", "finished_at"),
        *(name for name in (*TRIALS.names, *EPOCHS.names) if name.endswith("seconds")),
        *("batch_images", "cpus", "gpus", "host", "device", "commit", "dirty"),
        *(name for name in TRIALS.names if name.endswith("_version") and name != "numerics_version"),
    }
)
"""Columns that say when, where, under which name and with which versions a trial ran. All others are its identity
and its results: two runs of one trial must agree in them, bit by bit."""


def version_of(metadata: Mapping[bytes, bytes] | None) -> int | None:
    """Return the layout version a file was written with, or None for a foreign file."""
    text = (metadata or {}).get(VERSION_KEY)
    return int(text) if text is not None and text.isdigit() else None


def table_of(metadata: Mapping[bytes, bytes] | None) -> str | None:
    """Return the name of the table whose rows a file holds, or None for a foreign file."""
    name = (metadata or {}).get(TABLE_KEY)
    return None if name is None else name.decode("utf-8", "replace")


def in_map(values: Mapping[str, float | None] | None) -> list[tuple[str, float | None]] | None:
    """Return a value of the column `WATCHED`, in the order of the names."""
    return None if values is None else sorted(values.items())


def one_row(values: Mapping[str, Any]) -> pa.Table:
    """Return a trials table of one row; columns that are not given are null.

    Raises:
        ValueError: for a value that is no column.
    """
    unknown = set(values) - set(TRIALS.names)
    if unknown:
        raise ValueError(f"`trials` has no columns {sorted(unknown)}.")
    row = dict(values) | {WATCHED: in_map(values.get(WATCHED))}
    return pa.Table.from_pydict({name: [row.get(name)] for name in TRIALS.names}, schema=TRIALS)
