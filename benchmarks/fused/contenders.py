"""Trains repeats of one variant singly and fused, in this process; `measure` compares them on any device.

python -m benchmarks.fused.contenders TASK CORES    # waits on standard input for turns, as `parts/fused.py` asks
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.fused.graph import FusedGraph
from cnnjobs import SGD, Adam, Augment, Job, Variant, small_cnn, vgg
from cnnjobs.datasets import load_dataset
from cnnjobs.messages import Progress
from cnnjobs.planning.trials import Trial, make_plan
from cnnjobs.spec import BuiltinDataset
from cnnjobs.training.devices import make_strategy
from cnnjobs.training.trial import TrialWorker

SINGLE = "single"
"""Trials of this package, one after the other."""

SECONDS = 0.5
"""Least seconds of a turn."""

FOREVER = 1_000_000
"""Epochs of what is stopped from outside."""


def data_and_variant(task: str) -> tuple[Any, Variant]:
    """Return the data set and the variant of a task; pictures of 32 x 32 are made up, a class a pattern."""
    digits = load_dataset(BuiltinDataset("digits"), lambda *_: None)
    if task == "toy":
        data = replace(digits, x_train=digits.x_train[:40], y_train=digits.y_train[:40])
        augment, model = Augment(flip="horizontal", shift=0.1), small_cnn(filters=(4, 4), dense=8, dropout=0.3)
        return data, Variant(model=model, optimizer=Adam(0.003), batch_size=16, augment=augment)
    if task.startswith("digits"):
        batch = int(task.removeprefix("digits"))
        return digits, Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), batch_size=batch)
    numbers, rows = np.random.default_rng(0), {"small_cnn": 640, "vgg3": 256}[task]
    labels = np.arange(rows, dtype=np.int32) % 10
    patterns = numbers.integers(0, 256, (10, 32, 32, 3))
    pictures = ((patterns[labels] + numbers.integers(0, 256, (rows, 32, 32, 3))) // 2).astype(np.uint8)
    data = replace(digits, x_train=pictures, y_train=labels, x_test=pictures[:64], y_test=labels[:64])
    if task == "small_cnn":
        return data, Variant(model=small_cnn(), optimizer=Adam(0.001), batch_size=64)
    return data, Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), batch_size=64)


class Contenders:
    """Trains repeats of a task, one way or another; keeps what it has traced.

    Args:
        task: "digits32", "digits64", "small_cnn", "vgg3" or "toy".
        cpus: threads an operation may use.
        gpus: GPUs of this process.
        worker: that runs the single trials; None for one that is made.
    """

    def __init__(self, task: str, *, cpus: int = 1, gpus: float = 0, worker: TrialWorker | None = None) -> None:
        self._data, self._variant = data_and_variant(task)
        self._strategy = make_strategy(cpus, gpus, 1)
        self._worker = worker or TrialWorker(self._data, cpus=cpus, gpus=gpus, replicas=1)
        self._epochs: dict[tuple[str, int], Callable[[], Any]] = {}

    def milliseconds(self, way: str, repeats: int) -> float:
        """Train some epochs of all repeats after one that is not timed; return milliseconds per step and repeat."""
        if (way, repeats) not in self._epochs:
            self._epochs[way, repeats] = self._single() if way == SINGLE else self._fused(way, repeats)
        epoch, done = self._epochs[way, repeats], 0
        epoch()
        began = time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            epoch()
            done += 1
        steps = done * repeats * -(-len(self._data.y_train) // self._variant.batch_size)
        return 1000 * (time.perf_counter() - began) / steps

    def differences(self, way: str, repeats: int, epochs: int) -> list[float]:
        """Return, for each weight, by how much fused and single runs differ at most, as a part of its largest number.

        Args:
            way: how the repeats are fused.
            repeats: how many.
            epochs: that both train.
        """
        trials = self._trials(repeats, epochs)
        fused = FusedGraph(self._data, trials, way, self._strategy)
        for epoch in range(epochs):
            fused.train(tf.constant(epoch, tf.int64))
        found: list[float] = []
        for trial, weights in zip(trials, fused.weights(), strict=True):
            list(self._worker.run(trial))
            single = [one.numpy() for one in self._worker.train_graph.model.trainable_variables]
            found += [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(weights, single, strict=True)]
        return found

    def _trials(self, repeats: int, epochs: int) -> tuple[Trial, ...]:
        variants = {"v": self._variant.but(epochs=epochs)}
        job = Job(name="a", dataset="digits", repeats=max(2, repeats), validation=None, variants=variants)
        return make_plan(job, self._data.fingerprint).trials[:repeats]

    def _single(self) -> Callable[[], Any]:
        def epochs() -> Iterator[None]:
            done = 0
            for message in self._worker.run(self._trials(1, FOREVER)[0]):
                if isinstance(message, Progress) and message.epoch > done:
                    done = message.epoch
                    yield

        running = epochs()
        return lambda: next(running)

    def _fused(self, way: str, repeats: int) -> Callable[[], Any]:
        graph = FusedGraph(self._data, self._trials(repeats, FOREVER), way, self._strategy)
        numbers = iter(range(FOREVER))
        return lambda: graph.train(tf.constant(next(numbers), tf.int64)).numpy()


def measure(
    task: str, ways: dict[str, tuple[str, int]], *, cpus: int = 1, gpus: float = 0, rounds: int = 3
) -> dict[str, Any]:
    """Return how fast ways to train repeats are in this process, which has the device for itself, alternating.

    Args:
        task: as for `Contenders`.
        ways: name -> way of `benchmarks.fused.graph.WAYS` and number of repeats.
        cpus: threads an operation may use.
        gpus: GPUs of this process, or the fraction of one.
        rounds: how often each way is timed, after once that is not counted.

    Returns:
        name -> `milliseconds` a step and repeat, one number a round; `times_single`, how many times as fast as single
        runs, the median of ratios within a round; `difference`, that of weights from those of single runs after three
        epochs, at most; or `error`, what TensorFlow said, where it cannot train so. "single" has milliseconds alone.
    """
    contenders = Contenders(task, cpus=cpus, gpus=gpus)
    everything = {SINGLE: (SINGLE, 1), **ways}
    found: dict[str, Any] = {name: {"milliseconds": []} for name in everything}
    for number in range(rounds + 1):
        for name, (way, repeats) in everything.items():
            if "error" in found[name]:
                continue
            try:
                took = contenders.milliseconds(way, repeats)
            except Exception as error:  # what a device has no kernel for raises many kinds
                found[name] = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
                continue
            found[name]["milliseconds"] += [took] if number else []
    for name, (way, repeats) in ways.items():
        if "error" not in found[name]:
            pairs = zip(found[SINGLE]["milliseconds"], found[name]["milliseconds"], strict=True)
            found[name]["times_single"] = statistics.median(single / fused for single, fused in pairs)
            found[name]["difference"] = max(contenders.differences(way, repeats, epochs=3))
    return found


def main() -> None:
    """Answer each line, (way, repeats), with milliseconds per step and repeat, or with what failed."""
    task, cpus = sys.argv[1], int(sys.argv[2])
    contenders = Contenders(task, cpus=cpus)
    for line in sys.stdin:
        way, repeats = json.loads(line)
        print(f"TOOK {contenders.milliseconds(way, repeats)}", flush=True)


if __name__ == "__main__":
    main()
