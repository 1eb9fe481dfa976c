"""Tables of the API reference, made of the stored schemas and the code, so that they cannot say anything else."""

import inspect
import re
from collections.abc import Mapping

import pyarrow as pa

from cnnjobs.report import frames
from cnnjobs.spec import metric_names
from cnnjobs.store.schemas import TABLES

UNITS = {  # units of columns, and their meaning if the name does not tell it
    "trial_id": "hash of everything that determines the numbers of a trial",
    "condition_id": "hash of the variant and the data set, without seeds",
    "job": "name",
    "variant": "name",
    "repeat": "counts from 0",
    "fold": "counts from 0; 0 without folds",
    "status": "completed, diverged (loss or objective not finite) or failed",
    "error": "error message of a failed trial",
    "log": "file with the output of a failed trial",
    "epochs_done": "number of epochs that were trained",
    "best_epoch": "counts from 1; set if callbacks restored the weights of that epoch",
    "parameters": "number of weights of the network, trainable or not",
    "dataset": "name",
    "dataset_fingerprint": "hash of the content",
    "classes": "number of classes",
    "train_rows": "number of images used for training",
    "validation_rows": "number of images",
    "test_rows": "number of images",
    "validation": "how the validation rows were chosen, in words",
    "folds": "number of folds; null without folds",
    "limit_train": "number of training images that were kept; null for all",
    "epochs": "number of epochs that were requested",
    "batch_size": "number of images per step, over all replicas",
    "settings": "the full variant as JSON",
    "numerics_version": "raised when the training code changes numbers",
    "started_at": "UTC",
    "finished_at": "UTC",
    "seconds": "s, wall clock, of the whole trial",
    "setup_seconds": "s",
    "train_seconds": "s",
    "validation_seconds": "s",
    "test_seconds": "s",
    "tta_seconds": "s; null without test-time augmentation",
    "first_batch_seconds": "s, the first prediction",
    "batch_seconds": "s, median of the later predictions",
    "batch_images": "number of images in each of these predictions",
    "gpu_seconds": "s, multiplied by the number of GPUs",
    "cpus": "number of CPU cores",
    "gpus": "number of GPUs, may be a fraction",
    "replicas": "number of devices that trained the trial",
    "host": "name",
    "device": "type of device",
    "commit": "commit of the job file's repository",
    "dirty": "whether the repository had uncommitted changes",
    "epoch": "counts from 1",
    "objective": "the function that training minimises, mean over the training rows; null in files of layout 1",
    "watched": "watched metrics of the validation rows: a map from names such as `val_macro_f1` to values; null "
    "without such metrics, and in files of layout 1. In the frames of `load_results`, each is a separate column",
    "train_objective": "`objective` of the last epoch; null in files of layout 1",
    "learning_rate": "learning rate of the last step of the epoch",
    "example": "row of the test set, counted from 0",
    "label": "number of the class, counted from 0",
    "predicted": "number of the predicted class, counted from 0",
    "label_name": "name of the class",
    "predicted_name": "name of the predicted class",
    "probabilities": "(classes,), probability of each class",
}

PATTERNS = {  # for several columns
    r".*accuracy": "fraction",
    r".*loss": "nats, cross-entropy",
    r".*mse": "mean over classes of squared differences of probabilities",
    r"seed_.*": "seed of this source of chance",
    r".*_version": "text",
}


def unit_of(column: str) -> str:
    """Return the unit or the meaning of a column.

    Raises:
        StopIteration: for a column without a description; add it to `UNITS`.
    """
    if column in UNITS:
        return UNITS[column]
    return next(unit for pattern, unit in PATTERNS.items() if re.fullmatch(pattern, column))


def columns_table(schema: pa.Schema) -> str:
    """Return the columns of a stored table in Markdown."""
    rows = (f"| `{field.name}` | {field.type} | {unit_of(field.name)} |" for field in schema)
    return "\n".join(["| column | type | unit or meaning |", "| --- | --- | --- |", *rows])


def frame_tables() -> str:
    """Return the columns of the frames of `cnnjobs.compare`."""
    columns: Mapping[str, tuple[str, ...]] = {
        "summary": ("job", "metric", *frames.SUMMARY_COLUMNS),
        "differences": ("job", "metric", *frames.DIFFERENCE_COLUMNS),
        "pairs": ("job", "metric", *frames.PAIR_COLUMNS),
        "best": ("job", "metric", *frames.BEST_COLUMNS),
        "effects": ("job", "metric", *frames.EFFECT_COLUMNS),
        "runs": ("job", "metric", *frames.RUN_COLUMNS),
        "ranks": frames.RANK_COLUMNS,
    }
    about = {name: inspect.getdoc(getattr(frames.Comparisons, name)) for name in columns}
    listed = {name: ", ".join(f"`{one}`" for one in own) for name, own in columns.items()}
    return "\n\n".join(f"`{name}`: {about[name]} Columns: {listed[name]}." for name in columns)


def metrics_table() -> str:
    """Return the metrics that are computed from stored predictions, as a table."""
    named = [(name, metric.words) for name, metric in metric_names.OF_ALL_CLASSES.items()]
    named += [(f"{name}[CLASS]", f"{words} of one class") for name, words in metric_names.OF_A_CLASS.items()]
    named += [("topK_accuracy", "top-K accuracy, for any K below the number of classes")]
    lines = ["| name | metric |", "| --- | --- |", *(f"| `{name}` | {words} |" for name, words in named)]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Return every table by its name in the pages."""
    return {
        **{f"columns of {name}": columns_table(schema) for name, schema in TABLES.items()},
        "columns of comparisons": frame_tables(),
        "metrics of predictions": metrics_table(),
    }
