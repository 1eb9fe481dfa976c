"""One way in which images reach the device that trains: bytes sent to it an epoch, and seconds.

    python -m benchmarks.device_data WAY ROWS FOLDER   # writes FOLDER/found.json

On a machine without a GPU a second logical CPU device stands for it: bytes are the same, seconds say nothing about a
GPU. `measure` is for a process that has not used TensorFlow yet.
"""

import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

WAYS = {
    "on the device": "the data set lies on the device, which gathers, augments and scales",
    "blocks": "pictures of the next steps are sent as they are stored; the device augments and scales",
    "as before": "pictures are made on the host and sent as float32; graphs read what lies on the host",
}
BATCH, TIMES = 128, 3

Found = dict[str, float]


def measure(way: str, rows: int, *, gpus: float = 1, augmented: bool = True) -> Found:
    """Return bytes sent to the device an epoch, seconds per epoch, and seconds of evaluation.

    Args:
        way: a key of `WAYS`; "cores" for a trial on cores.
        rows: training rows, of which a fifth validates; a fifth as many test.
        gpus: of the trial, 0 for cores; pretended where there are none.
        augmented: whether pictures are flipped, shifted and turned.
    """
    from benchmarks.crossings import Graphs, bytes_sent

    os.environ["CNNJOBS_ON_GPU_MB"] = "4000" if way == "on the device" else "0"
    from cnnjobs.training.trial import TrialWorker

    with _before() if way == "as before" else contextlib.nullcontext():
        dataset, trials = _data(rows), _trials(augmented)
        worker = TrialWorker(dataset, cpus=1, gpus=0 if way == "cores" else gpus, replicas=1)
        graphs = Graphs()
        for _ in worker.run(trials[0]):
            pass
        epoch = _Epoch(worker, trials[1])
        found: Found = {}
        for name, work, images in epoch.parts():
            sent = graphs.sent(work)
            found[f"{name}_bytes"] = bytes_sent(sent, epoch.bytes_of(images))
            seconds = [_timed(work) for _ in range(TIMES)]
            found[f"{name}_seconds"] = statistics.median(seconds)
    return found


class _Epoch:
    """What an epoch of a trial does, a part at a time.

    Args:
        worker: that has run a trial of the same variant.
        trial: another one.
    """

    def __init__(self, worker: Any, trial: Any) -> None:
        import numpy as np
        import tensorflow as tf

        from cnnjobs.planning.row_weights import sample_weights
        from cnnjobs.planning.rows import split_rows
        from cnnjobs.scoring.watching import Watching
        from cnnjobs.training.input_pipeline import fit_pixel_scaling, lay_out
        from cnnjobs.training.trial_state import TrialState

        dataset = worker.dataset
        rows, validation = split_rows(dataset.training_rows, trial)
        scaling = fit_pixel_scaling(trial.spec.scaling, dataset.x_train, rows)
        layout = lay_out(len(rows), trial.spec.batch_size, 1, dataset.image_shape)
        graph = worker._ready_train_graph(trial)
        watching = Watching(trial.spec.watched, dataset.class_names)
        self._state = TrialState(trial, graph, scaling, layout, validation, watching, began=time.perf_counter())
        pipeline = worker._ready_pipeline(self._state)
        self._worker, self._graph, self._blocks = worker, graph, layout.blocks
        weights = sample_weights(dataset, rows, None)
        self._iterators = pipeline.iterators(rows, weights, scaling, trial.seeds, 0)
        first = pipeline.iterators(rows, weights, scaling, trial.seeds, 0)[0]
        blocks = [tf.nest.flatten(next(first)) for _ in range(layout.blocks)]
        self._column_bytes = [
            sum(np.asarray(one).nbytes for one in each) / len(blocks) for each in zip(*blocks, strict=True)
        ]
        self._batch = graph.prediction.evaluation_batch(len(dataset.y_test))
        self._image_bytes = dataset.x_train.nbytes / len(dataset.x_train)

    def parts(self) -> Iterator[tuple[str, Callable[[], Any], Any]]:
        """Yield name, what does it, and the images that are read from."""
        dataset = self._worker.dataset
        yield "training", self._train, dataset.x_train
        yield "validation", lambda: self._worker._validate(self._state), dataset.x_train
        yield "test", lambda: self._worker._test(self._state), dataset.x_test

    def bytes_of(self, images: Any) -> Callable[[Any], float]:
        """Return what says how many bytes a tensor that was sent has; numbers alone are 8 at most.

        Args:
            images: the argument of graphs that are given images.
        """

        def found(sent: Any) -> float:
            if sent.operation == "IteratorGetNext":
                return float(self._column_bytes[sent.output])
            stored = sent.dtype == images.dtype.name
            if sent.operation == "_Arg":
                return float(images.nbytes if stored else 8 * len(images) if sent.name == "rows" else 8)
            if sent.operation.startswith("Gather"):
                return float(self._batch * (self._image_bytes if stored else 8))
            return 8.0

        return found

    def _train(self) -> None:
        import tensorflow as tf

        from cnnjobs.spec.metrics import FOLLOWED
        from cnnjobs.training.accumulation import EpochSteps

        told = EpochSteps(*map(tf.constant, self._state.epoch_steps()))
        sums = tf.zeros([len(FOLLOWED)], tf.float64)
        self._graph.train(0, self._iterators, tf.constant(self._blocks), told, tf.constant(0), sums).numpy()


@contextlib.contextmanager
def _before() -> Iterator[None]:
    """Have images reach a device as they did when the graphs named no device for what lies on the host."""
    import tensorflow as tf

    from cnnjobs.training import hand_over, trial

    def at(placed: Any, rows: Any) -> Any:
        return tf.gather(placed.copies[0], rows)

    with (
        mock.patch.object(trial, "hand_over_of", lambda *_, **__: hand_over.HandOver.IMAGES),
        mock.patch.object(trial, "maker_of", lambda *_: None),
        mock.patch.object(hand_over.PlacedImages, "at", at),
    ):
        yield


def _data(rows: int) -> Any:
    """Return noise of the size of CIFAR-10's photos: what pictures show changes neither bytes nor seconds."""
    import numpy as np

    from cnnjobs.datasets.arrays import make_dataset

    draws = np.random.default_rng(0)
    parts = [
        (draws.integers(0, 256, (count, 32, 32, 3), np.uint8), np.arange(count, dtype=np.int32) % 10)
        for count in (rows, rows // 5)
    ]
    return make_dataset("noise", parts[0], parts[1], tuple("abcdefghij"))


def _trials(augmented: bool) -> Any:
    from cnnjobs import SGD, Augment, Job, Variant, small_cnn
    from cnnjobs.planning.trials import make_plan

    augment = Augment(flip="horizontal", shift=0.1, rotation=10) if augmented else None
    network = small_cnn(filters=(8, 8), dense=16)
    variant = Variant(model=network, optimizer=SGD(0.01), epochs=1, batch_size=BATCH, augment=augment)
    job = Job(name="device", dataset="digits", repeats=2, variants={"one": variant})
    return make_plan(job, "noise").trials


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    asked, size, folder = sys.argv[1:]
    found = measure(asked, int(size))
    Path(folder, "found.json").write_text(json.dumps(found), encoding="utf-8")
