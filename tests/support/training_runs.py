"""Trials that several tests of training run, here or in a process of their own."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnjobs import SGD, Adam, Augment, Job, Variant, cnn, mlp, resnet, small_cnn, vgg, wide_resnet
from cnnjobs.datasets import Dataset, load_dataset
from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.planning.trials import Trial, make_plan
from cnnjobs.run.backends import open_worker
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at
from cnnjobs.run.submission import Submission
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.spec import BuiltinDataset
from cnnjobs.spec.metrics import METRICS
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.lock import StoreLock
from support.fakes import Notes

AUGMENT = Augment(flip="horizontal", shift=0.1, rotation=10, zoom=0.1, shear=5)

BUNDLED = {
    "vgg": vgg(blocks=2, filters=8, dense=16, weight_decay=0.001),
    "vgg with batch normalisation": vgg(blocks=2, filters=8, dense=16, batch_norm=True),
    "small_cnn": small_cnn(filters=(8, 8), dense=16),
    "mlp": mlp(dense=(24, 16)),
    "resnet": resnet(depth=8, filters=4, weight_decay=0.001),
}
"""The bundled networks that fit 8 x 8 pixels, small and without dropout."""

DROPPING = {
    "vgg": vgg(blocks=2, filters=8, dense=16, dropout=0.3, batch_norm=True, weight_decay=0.001),
    "small_cnn": small_cnn(filters=(8, 8), dense=16, dropout=0.3),
    "mlp": mlp(dense=(24, 16), dropout=(0.2, 0.4)),
    "cnn": cnn(blocks=((8,), (8, 8)), pool=(3, 2), padding="same", dense=(16, 12), dropout=0.2, batch_norm=True),
    "resnet": wide_resnet(depth=10, width=1, dropout=0.3, weight_decay=0.001),
}
"""The bundled networks that fit 8 x 8 pixels, with all they can do switched on."""

COLUMNS = (*METRICS, *(f"val_{name}" for name in METRICS), "learning_rate")


def digits(rows: int | None = None) -> Dataset:
    """The scanned digits; `rows` cuts train without regard to classes."""
    data = load_dataset(BuiltinDataset("digits"), lambda *_: None)
    return data if rows is None else replace(data, x_train=data.x_train[:rows], y_train=data.y_train[:rows])


def trial_of(variant: Variant, **job) -> Trial:
    """The first trial of a job with that variant alone."""
    return trials_of(variant, **job)[0]


def trials_of(variant: Variant, **job) -> tuple[Trial, ...]:
    made = Job(**({"name": "a", "dataset": "digits", "repeats": 2, "variants": {"v": variant}} | job))
    return make_plan(made, "digits").trials


def everything(model, **changes) -> Variant:
    """A variant with augmentation, for a network that has dropout and batch normalisation."""
    return Variant(model=model, optimizer=Adam(0.003), epochs=2, batch_size=64, augment=AUGMENT).but(**changes)


def plain(model, **changes) -> Variant:
    return Variant(model=model, optimizer=SGD(0.01, momentum=0.9), epochs=2, batch_size=64).but(**changes)


def outcome(worker, trial: Trial) -> dict[str, np.ndarray]:
    """Run a trial; return all that must be equal when it runs again, as arrays by name."""
    *_, result = worker.run(trial)
    found = {name: np.array(result.epochs[name]) for name in COLUMNS}
    found |= {f"variable {i}": value for i, value in enumerate(worker.train_graph.variables())}
    if result.predictions is not None:
        found["probabilities"] = result.predictions.probabilities
    if trial.spec.views is not None:
        found["test-time augmented"] = np.array([result.final["tta_loss"], result.final["tta_mse"]])
    found["final"] = np.array([result.final[f"{part}_accuracy"] for part in ("train", "val", "test")])
    if trial.spec.watched:
        watched = [*result.epochs["watched"], result.final["watched"]]
        found["watched"] = np.array([[one[name] for name in trial.spec.watched] for one in watched], float)
    return found | {"objective": np.array(result.epochs["objective"])}


def batches_of(worker, trial: Trial, epochs: int, *, weighted: bool = False):
    """Every step of the first epochs, as (images, labels), with sample weights if asked for."""
    import tensorflow as tf

    from cnnjobs.planning.row_weights import sample_weights
    from cnnjobs.planning.rows import split_rows
    from cnnjobs.training.epoch_images import Sources
    from cnnjobs.training.input_pipeline import fit_pixel_scaling, lay_out, training_blocks

    rows, _ = split_rows(worker.dataset.training_rows, trial)
    pixel_scaling = fit_pixel_scaling(trial.spec.scaling, worker.dataset.x_train, rows)
    data, seeds = (tf.constant(worker.dataset.x_train), tf.constant(worker.dataset.y_train)), trial.seeds
    weights = sample_weights(worker.dataset, rows, trial.spec.class_weight)
    sources = Sources(*data, rows, weights, pixel_scaling, trial.spec.transforms, seeds.order, seeds.augment)
    layout = lay_out(len(rows), trial.spec.batch_size, 1, worker.dataset.image_shape)
    for block in training_blocks(sources, layout, 0).take(layout.blocks * epochs):
        for first, last in itertools.pairwise(block.edges):
            columns = (block.images, block.labels, *([block.sample_weights] if weighted else []))
            yield tuple(column[first:last] for column in columns)


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Say whether two outcomes are equal to the last bit."""
    assert one.keys() == other.keys()
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def train_here(job: Path, results: Path) -> list[str]:
    """Train the trials of a job file in this process; return what there is to say of its surroundings."""
    prepared = prepare(read_job(job, Overrides()), Overrides(), lambda *_: None)
    said = list(surroundings_notes())
    store = store_at(str(results), prepared.job)
    kept, resources = Checkpoints(store.files.below("checkpoints")), TrialResources(cpus=1, gpus=0, replicas=1)
    with StoreLock(store.files) as lock:
        submission = Submission(prepared, store, prepared.plan.trials, resources, 1, kept)
        assert submission.run(InlineEngine(), open_worker, Notes(), lock) == 0
    return said


def in_fresh_process(code: str, folder: Path, *, wait: bool = True):
    """Run code, with this module's names and `folder` at hand, in a new interpreter."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        f"from support.training_runs import *\nfolder = Path({str(folder)!r})\n{code}"
    )
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    if not wait:
        return process
    out, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors[-3000:]
    return json.loads(out.splitlines()[-1]) if out.strip() else None


def load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as found:
        return dict(found)
