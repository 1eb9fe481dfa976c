"""Tables of the API reference, made of the stored schemas and the code, so that they cannot say anything else."""

import inspect
import re
from collections.abc import Mapping

import pyarrow as pa

from cnnjobs.report import frames
from cnnjobs.spec import metric_names
from cnnjobs.store.schemas import TABLES

UNITS = {  # what a column is in, and what it says where its name does not
    "trial_id": "hash of everything that decides the numbers of a trial",
    "condition_id": "hash of the variant on this data set, without chance",
    "job": "name",
    "variant": "name",
    "repeat": "counts from 0",
    "fold": "counts from 0; 0 without folds",
    "status": "completed, diverged (loss or objective not finite) or failed",
    "error": "of a trial that failed",
    "log": "where what a failed trial printed is kept",
    "epochs_done": "epochs",
    "best_epoch": "counts from 1; set where callbacks put the weights of that epoch back",
    "parameters": "weights of the network, trainable or not",
    "dataset": "name",
    "dataset_fingerprint": "hash of the content",
    "classes": "count",
    "train_rows": "images trained on",
    "validation_rows": "images",
    "test_rows": "images",
    "validation": "how validation rows were chosen, in words",
    "folds": "count; null without",
    "limit_train": "images kept of the training rows; null for all",
    "epochs": "asked for",
    "batch_size": "images, over all replicas",
    "settings": "the full variant as JSON",
    "numerics_version": "raised when the training code changes numbers",
    "started_at": "UTC",
    "finished_at": "UTC",
    "seconds": "s, wall clock, of the whole trial",
    "setup_seconds": "s",
    "train_seconds": "s",
    "validation_seconds": "s",
    "test_seconds": "s",
    "tta_seconds": "s, null without test-time augmentation",
    "first_batch_seconds": "s, the first prediction",
    "batch_seconds": "s, median of later predictions",
    "batch_images": "images in each of these",
    "gpu_seconds": "s times GPUs",
    "cpus": "count",
    "gpus": "count, may be a fraction",
    "replicas": "devices of the trial",
    "host": "name",
    "device": "kind, whatever the number",
    "commit": "of the job file's repository",
    "dirty": "whether it had changes that were not committed",
    "epoch": "counts from 1",
    "objective": "what is minimised, mean over the training rows; null in files of layout 1",
    "watched": "metrics that the variant watches, of the validation rows: name, `val_macro_f1`, -> value; "
    "null without any, and in files of layout 1. In the frames of `load_results` each is a column of its own",
    "train_objective": "what is minimised, in the last epoch, mean over the training rows; null in files of layout 1",
    "learning_rate": "of the epoch's last step",
    "example": "row of the test set, from 0",
    "label": "class, from 0",
    "predicted": "class, from 0",
    "label_name": "name of the class",
    "predicted_name": "name of the class",
    "probabilities": "(classes,) of each class",
}

PATTERNS = {  # for columns of a kind
    r".*accuracy": "fraction",
    r".*loss": "nats, cross-entropy",
    r".*mse": "mean over classes of squared differences of probabilities",
    r"seed_.*": "of this source of chance",
    r".*_version": "text",
}


def unit_of(column: str) -> str:
    """Return what a column is in.

    Raises:
        KeyError: for one that is not described; describe it in `UNITS`.
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
    lines = ["| name | what it is |", "| --- | --- |", *(f"| `{name}` | {words} |" for name, words in named)]
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Return every table by the name that pages have for it."""
    return {
        **{f"columns of {name}": columns_table(schema) for name, schema in TABLES.items()},
        "columns of comparisons": frame_tables(),
        "metrics of predictions": metrics_table(),
    }
