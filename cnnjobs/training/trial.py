"""One trial from seeds to predictions, told as a sequence of messages."""

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset, holdout, kfold
from cnnjobs.messages import Message, Predictions, Progress, Result
from cnnjobs.plan import Protocol, Trial
from cnnjobs.spec import Variant
from cnnjobs.training.devices import describe_device, make_strategy
from cnnjobs.training.pipeline import (
    EVALUATION_BATCH,
    Pixels,
    Shards,
    evaluation_batches,
    fit_pixels,
    training_batches,
)
from cnnjobs.training.program import Program, accuracy, cross_entropy

CALL_SECONDS = 0.5
"""How long one graph call should last: progress is told, and a stop heeded, between calls."""


class TrialWorker:
    """Runs trials one after the other in this process; keeps the data and the last traced network.

    Args:
        dataset: images stay as they are stored; every trial scales them.
        cpus: threads an operation may use.
        gpus: GPUs (or the fraction of one) this process holds, for the accounts.
        replicas: devices that train together.
    """

    def __init__(self, dataset: Dataset, *, cpus: int, gpus: float, replicas: int) -> None:
        self._dataset = dataset
        self._cpus, self._gpus = cpus, gpus
        self._strategy = make_strategy(cpus, replicas)
        with tf.device("CPU:0"):
            self._train_images = tf.constant(dataset.x_train)
            self._train_labels = tf.constant(dataset.y_train)
            self._test_images = tf.constant(dataset.x_test)
        self._program: tuple[Any, Program] | None = None
        self._device = describe_device()

    def run(self, trial: Trial) -> Iterator[Message]:
        """Train and evaluate; yield progress, and the result last."""
        began = time.perf_counter()
        started_at = time.time()
        rows, validation_rows = split_rows(self._dataset.y_train, trial)
        pixels = fit_pixels(trial.spec.scaling, self._dataset.x_train, rows)
        program = self._ready_program(trial)
        training = self._training_iterator(trial, rows, pixels)
        test = _Evaluation(self, program, pixels, np.arange(len(self._dataset.y_test)), on_test=True)
        validation = test if validation_rows is None else _Evaluation(self, program, pixels, validation_rows)
        setup_seconds = time.perf_counter() - began
        log = _EpochLog()
        status = "completed"
        for _ in range(trial.spec.epochs):
            yield from self._epoch(program, training, validation, trial.spec, len(rows), log)
            if not log.finite():
                status = "diverged"
                break
        final = log.final() | {
            "parameters": program.parameters,
            "train_rows": len(rows),
            "validation_rows": len(validation.labels),
            "test_rows": len(test.labels),
            "setup_seconds": setup_seconds,
            "started_at": started_at,
            "cpus": self._cpus,
            "gpus": self._gpus,
            "replicas": self._strategy.num_replicas_in_sync,
            **self._device,
        }
        predictions = None
        if status == "completed":
            before = time.perf_counter()
            probabilities = test.last if validation is test else test.probabilities()
            predictions = Predictions(test.labels, probabilities)
            final |= {
                "test_loss": cross_entropy(probabilities, test.labels),
                "test_accuracy": accuracy(probabilities, test.labels),
                "test_seconds": time.perf_counter() - before,
            }
        seconds = time.perf_counter() - began
        final |= {"seconds": seconds, "gpu_seconds": seconds * self._gpus}
        yield Result(status, final, log.columns, predictions)

    def _ready_program(self, trial: Trial) -> Program:
        """Return the network in its initial state, reusing the graphs of the trial before if they fit."""
        key = (trial.condition_id, self._dataset.image_shape)
        if self._program is not None and self._program[0] == key:
            self._program[1].restart(trial.seeds)
            return self._program[1]
        self._program = None  # before the next is made: only one is held
        tf.keras.backend.clear_session()
        classes = len(self._dataset.class_names)
        program = Program(self._strategy, trial.spec, self._dataset.image_shape, classes, trial.seeds)
        self._program = (key, program)
        return program

    def _training_iterator(self, trial: Trial, rows: NDArray[np.int64], pixels: Pixels) -> Any:
        batches = training_batches(
            self._train_images,
            self._train_labels,
            tf.constant(rows),
            Shards(len(rows), trial.spec.batch_size, self._strategy.num_replicas_in_sync),
            seeds=trial.seeds,
            pixels=pixels,
            augment=trial.spec.augment,
        )
        return self.distribute(batches)

    def distribute(self, batches: tf.data.Dataset) -> Any:
        """Return an iterator that hands consecutive elements to consecutive replicas."""
        return iter(self._strategy.distribute_datasets_from_function(lambda _: batches))

    def evaluation_shards(self, rows: int) -> Shards:
        """Say how evaluation rows are cut."""
        return Shards(rows, min(EVALUATION_BATCH, rows), self._strategy.num_replicas_in_sync)

    def images(self, on_test: bool) -> Any:
        """Return the stored images of test or train as a tensor."""
        return self._test_images if on_test else self._train_images

    def labels(self, rows: NDArray[np.int64], on_test: bool) -> NDArray[np.int32]:
        """Return the labels of rows of test or train."""
        return (self._dataset.y_test if on_test else self._dataset.y_train)[rows]

    def _epoch(
        self,
        program: Program,
        training: Any,
        validation: "_Evaluation",
        spec: Variant,
        rows: int,
        log: "_EpochLog",
    ) -> Iterator[Progress]:
        """Train one epoch and validate; tell progress between graph calls."""
        began = time.perf_counter()
        steps, step = -(-rows // spec.batch_size), 0
        sums = (tf.constant(0.0, tf.float64), tf.constant(0.0, tf.float64))
        while step < steps:
            before = time.perf_counter()
            count = min(log.steps_a_call, steps - step)
            sums = program.train(training, tf.constant(count), *sums)
            sums[0].numpy()  # waits for the graph
            images = min((step + count) * spec.batch_size, rows) - step * spec.batch_size
            step += count
            log.pace(count, time.perf_counter() - before)
            if step < steps:
                yield Progress(log.epochs, spec.epochs, images)
        loss, hits = (float(value.numpy()) / rows for value in sums)
        trained = time.perf_counter()
        probabilities = validation.probabilities()
        log.add(
            loss=loss,
            accuracy=hits,
            val_loss=cross_entropy(probabilities, validation.labels),
            val_accuracy=accuracy(probabilities, validation.labels),
            learning_rate=spec.optimizer.learning_rate,
            train_seconds=trained - began,
            validation_seconds=time.perf_counter() - trained,
        )
        yield Progress(log.epochs, spec.epochs, images)


def split_rows(labels: NDArray[np.int32], trial: Trial) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return (training rows, validation rows); None where the test set doubles as validation set."""
    protocol: Protocol = trial.protocol
    if protocol.folds is not None:
        return kfold(labels, protocol.folds, trial.fold, trial.seeds.split)
    if protocol.validation == "test":
        return np.arange(len(labels)), None
    return holdout(labels, float(protocol.validation or 0), trial.seeds.split)


class _Evaluation:
    """Predicts the same rows again and again with the current weights."""

    def __init__(
        self,
        worker: TrialWorker,
        program: Program,
        pixels: Pixels,
        rows: NDArray[np.int64],
        on_test: bool = False,
    ) -> None:
        self.labels = worker.labels(rows, on_test)
        self._program = program
        self._shards = worker.evaluation_shards(len(rows))
        batches = evaluation_batches(worker.images(on_test), tf.constant(rows), self._shards, pixels=pixels)
        self._iterator = worker.distribute(batches)
        self.last: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def probabilities(self) -> NDArray[np.float32]:
        """Return (rows, classes) float32, and keep them as `last`."""
        found = self._program.predict(self._iterator, tf.constant(self._shards.steps))
        self.last = found.numpy()[: self._shards.rows]
        return self.last


class _EpochLog:
    """What happened in each epoch, and how fast."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {"epoch": []}
        self.steps_a_call = 4

    @property
    def epochs(self) -> int:
        """Epochs finished."""
        return len(self.columns["epoch"])

    def add(self, **values: float) -> None:
        """Append one epoch."""
        self.columns["epoch"].append(self.epochs + 1)
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    def pace(self, steps: int, seconds: float) -> None:
        """Choose how many steps the next graph call takes; grows at most tenfold, the first call traces."""
        fitting = int(CALL_SECONDS * steps / max(seconds, 1e-6))
        self.steps_a_call = max(1, min(fitting, 10 * self.steps_a_call))

    def finite(self) -> bool:
        """Say whether the losses of the last epoch are finite."""
        return math.isfinite(self.columns["loss"][-1]) and math.isfinite(self.columns["val_loss"][-1])

    def final(self) -> dict[str, Any]:
        """Return the last epoch's metrics and the sums of seconds, as columns of `trials`."""
        names = {
            "loss": "train_loss",
            "accuracy": "train_accuracy",
            "val_loss": "val_loss",
            "val_accuracy": "val_accuracy",
        }
        final: dict[str, Any] = {column: self.columns[name][-1] for name, column in names.items()}
        final["epochs_done"] = self.epochs
        final["train_seconds"] = sum(self.columns["train_seconds"])
        final["validation_seconds"] = sum(self.columns["validation_seconds"])
        return final
