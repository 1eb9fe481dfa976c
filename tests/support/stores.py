"""Stores with made-up runs, for tests that read what was stored."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from cnnjobs.comparison.table import job_table
from cnnjobs.messages import Predictions
from cnnjobs.report.build import job_document
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.write import write_document
from cnnjobs.spec import SOURCES
from cnnjobs.store.files import Files
from cnnjobs.store.parquet import parquet
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredDataset, StoredJob, StoredProtocol, StoredVariant

CURVES = {"loss": 2.0, "accuracy": 0.2, "mse": 0.09, "top5_accuracy": 0.6}
"""Each metric's value in the first epoch."""


def write_table(table, path):
    """Write a table as a file of a store, whole, with its digest."""
    Path(path).write_bytes(parquet(table))


def predictions(seed, classes=3, count=40, absent=()):
    """Predictions of a middling network; the labels are the same for every seed."""
    labels = np.random.default_rng(0).choice(np.setdiff1d(np.arange(classes), absent), count).astype(np.int32)
    logits = np.random.default_rng(seed).normal(size=(count, classes))
    logits[np.arange(count), labels] += 1.5
    return Predictions(labels, (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32))


def history(seed, epochs=4, metrics=tuple(CURVES)):
    """Columns of `epochs`: every metric falls by a tenth an epoch; validation is a little higher."""
    found = {"epoch": list(range(1, epochs + 1))}
    for metric in metrics:
        found[metric] = [CURVES[metric] * 0.9**epoch + seed / 1000 for epoch in range(epochs)]
        found[f"val_{metric}"] = [value + 0.01 for value in found[metric]]
    return found


def stored_dataset(name="digits", **more):
    """What `job.json` keeps of a small data set."""
    return StoredDataset(**({"name": name, "train_rows": 100, "test_rows": 500, "classes": 2} | more))


def stored_job(name="job", conditions=MappingProxyType({"a": "c0"}), validation=0.2, folds=None, **more):
    """What `job.json` keeps of a job.

    Args:
        name: of the job.
        conditions: variant -> its condition id.
        validation: fraction held out.
        folds: of cross-validation.
        **more: other fields of `StoredJob`.
    """
    given = {
        "name": name,
        "repeats": 5,
        "vary": SOURCES,
        "reference": next(iter(conditions)),
        "protocol": StoredProtocol(validation=validation, folds=folds, replicas=1),
        "protocol_text": "20% held out",
        "dataset": stored_dataset(),
        "variants": {one: StoredVariant(condition_id=own, settings={}) for one, own in conditions.items()},
    }
    return StoredJob(**given | more)


def made_up_store(root, job="job", variants=("a", "b"), runs=2, classes=3, class_names=None, **made):
    """A store of completed runs.

    Args:
        root: folder of the jobs.
        job: name.
        variants: names.
        runs: of each variant.
        classes: of the data set.
        class_names: as in `job.json`; None leaves them out, as older versions did.
        **made: `predictions` and `epochs`, functions from the run's number to either; None for none.
    """
    store = Store(Files(root / job))
    conditions = {name: f"{job}-{index}" for index, name in enumerate(variants)}
    names = None if class_names is None else tuple(class_names)
    dataset = stored_dataset(test_rows=40, classes=classes, class_names=names)
    store.write_job(stored_job(job, conditions, repeats=runs, dataset=dataset))
    predict = made.get("predictions", lambda run: predictions(run, classes))
    for index, name in enumerate(variants):
        for run in range(runs):
            which = {"trial_id": f"t{index}-{run}", "condition_id": f"{job}-{index}", "job": job, "variant": name}
            row = which | {"repeat": run, "fold": 0, "status": "completed", "test_accuracy": 0.5 + run / 10}
            store.commit(row, made.get("epochs", history)(run), predict(run))
    return store


VALUES = {
    "baseline": [0.90, 0.91, 0.92, 0.93, 0.94],
    "better | *bold* <script>": [0.92, 0.93, 0.93, 0.95, 0.96],
    "alike": [0.92, 0.91, 0.90, 0.94, 0.93],
}


def make_store(tmp_path, values=VALUES, *, folds=None, repeats=5, validation=0.2, curves=False, **row):
    """A store whose trials have these test accuracies; epochs and predictions only with `curves`."""
    store = Store(Files(tmp_path / "job"))
    conditions = {name: f"c{index}" for index, name in enumerate(values)}
    store.write_job(stored_job("job", conditions, validation=validation, folds=folds, repeats=repeats))
    predictions = Predictions(np.zeros(1, np.int32), np.ones((1, 2), np.float32) / 2)
    for index, (name, runs) in enumerate(values.items()):
        for number, value in enumerate(runs):
            repeat, fold = divmod(number, folds) if folds else (number, 0)
            which = {"trial_id": f"t{index}-{number}", "condition_id": f"c{index}", "job": "job", "variant": name}
            metrics = {"test_accuracy": value, "val_accuracy": value, "test_loss": 1 - value}
            epochs = {"epoch": [1, 2], "loss": [1, 0.5], "accuracy": [0.5, 0.6]}
            epochs |= {"val_loss": [1, 0.6], "val_accuracy": [0.4, value]}
            full = which | {"repeat": repeat, "fold": fold, "status": "completed"} | metrics | row
            store.commit(full, epochs if curves else {}, predictions if curves else None)
    return store


def quiet(what, done, total):
    """Progress that nobody watches."""


def document_of(store, **options):
    """The report as data, of all there is."""
    return job_document(store, job_table(store), quiet, ReportOptions(**options))


def report_of(store):
    """The report in Markdown, without what predictions say."""
    return markdown_report(document_of(store, with_predictions=False))


def write_report(store, formats=None, **options):
    """The report in its folder."""
    return write_document(store.files.below("report"), document_of(store, **options), quiet, formats)
