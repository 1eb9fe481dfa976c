"""One trial from seeds to predictions, told as a sequence of messages."""

import gc
import platform
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.images import FetchedImages, Images
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.messages import Message, Note, Predictions, Progress, Result, Status
from cnnjobs.planning.row_weights import sample_weights
from cnnjobs.planning.rows import split_rows
from cnnjobs.planning.trials import Trial
from cnnjobs.process.machine import process_bytes
from cnnjobs.scoring.watching import Watching, undefined_notes
from cnnjobs.spec.metrics import FOLLOWED, METRICS, TEST, TTA, VALIDATION, WATCHED, all_metrics, column_of
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.training.accumulation import EpochSteps
from cnnjobs.training.callbacks import TrialCallbacks
from cnnjobs.training.devices import describe_device, gpus_held, make_strategy, most_on_device, outgrown_share
from cnnjobs.training.hand_over import HOST, PlacedImages, fit_on_devices, hand_over_of, maker_of, place_images
from cnnjobs.training.input_pipeline import Layout, Pipeline, PixelScaling, fit_pixel_scaling, lay_out
from cnnjobs.training.keras_settings import changed_for_good, pin_settings
from cnnjobs.training.outputs import Outputs
from cnnjobs.training.resumption import Resumption
from cnnjobs.training.train_graph import TrainGraph
from cnnjobs.training.trial_state import TrialState

TIMED_BATCHES = 3
"""How many batches are predicted to tell how long one takes."""

PRETENDED = (
    "{} has no GPU, though Ray was told of some there: its trials train on cores, and are counted as trials on cores. "
    "Start Ray there without --num-gpus"
)
"""What there is to know of a machine whose GPUs are pretended."""

GROWTH_BYTES = 512 << 20
"""A process that has grown by so much since its first trial is replaced."""


class TrialWorker:
    """Runs trials one after the other in this process; keeps the data and the last traced network.

    Args:
        dataset: images stay as they are stored; every trial scales them.
        cpus: threads an operation may use.
        gpus: GPUs, or the fraction of one, that this process holds.
        replicas: devices that train together.
        checkpoints: where trials under way are kept; None for nowhere. May be changed between trials.
    """

    def __init__(
        self, dataset: Dataset, *, cpus: int, gpus: float, replicas: int, checkpoints: Checkpoints | None = None
    ) -> None:
        self.dataset, self.checkpoints = dataset, checkpoints
        pin_settings()
        self._strategy = make_strategy(cpus, gpus, replicas)
        self._own_devices = gpus > 0
        both = (dataset.x_train, dataset.x_test)
        on_devices = fit_on_devices(both, most_on_device(gpus, replicas))
        devices = self._strategy.extended.worker_devices if on_devices else ()
        self._train_images, self._test_images = (_held(one, cpus, devices) for one in both)
        with tf.device(HOST):
            self._train_labels = tf.constant(dataset.y_train)
        self._train_graph: tuple[str, TrainGraph] | None = None
        self._pixel_scaling: PixelScaling | None = None
        self._pipelines: dict[Layout, Pipeline] = {}
        self._device = describe_device()
        self._broken: str | None = None
        self._first_bytes: int | None = None
        gc.collect()
        gc.freeze()  # what libraries have loaded stays: collecting after each trial then takes milliseconds
        self._replicas, self._gpus = replicas, gpus
        self._resources = {"cpus": cpus, "gpus": gpus_held(gpus), "replicas": replicas}
        self._notes = [Note(PRETENDED.format(platform.node()), once=True)] if gpus > gpus_held(gpus) else []

    @property
    def retire_reason(self) -> str | None:
        """Why this process should not run another trial; None if it may."""
        if self._broken is not None or self._first_bytes is None:
            return self._broken
        grown = process_bytes() - self._first_bytes
        return f"grown by {grown >> 20} MiB since its first trial" if grown > GROWTH_BYTES else None

    @property
    def train_graph(self) -> TrainGraph:
        """The traced network of the last trial.

        Raises:
            RuntimeError: if no trial has run.
        """
        if self._train_graph is None:
            raise RuntimeError("No trial has run.")
        return self._train_graph[1]

    def trained(self) -> tuple[keras.Model, PixelScaling, Outputs]:
        """Return the network of the last trial as one without replicas, its scaling, and what it gives."""
        if self._pixel_scaling is None:
            raise RuntimeError("No trial has run.")
        return self.train_graph.plain_copy(), self._pixel_scaling, self.train_graph.outputs

    def run(self, trial: Trial) -> Iterator[Message]:
        """Train and evaluate; yield progress, and the result last. What it sets of Keras's settings ends with it."""
        pin_settings()
        try:
            yield from self._run(trial)
        except tf.errors.OpError as error:  # what TensorFlow holds after one of its own is not known
            self._broken = f"an error in TensorFlow: {type(error).__name__}"
            if (outgrown := outgrown_share(error, self._gpus)) is not None:
                raise outgrown from error
            raise
        finally:
            changed = [*pin_settings(), *changed_for_good()]
            if changed:  # by a module that its network function has imported, perhaps, which comes once per process
                self._broken = f"a trial changed settings of Keras or TensorFlow: {', '.join(changed)}"
            gc.collect()  # graphs of the input pipeline lie in cycles, some 0.4 MB a trial
            if self._first_bytes is None:
                self._first_bytes = process_bytes()

    def _run(self, trial: Trial) -> Iterator[Message]:
        began, started_at = time.perf_counter(), time.time()
        yield from self._notes
        rows, validation = split_rows(self.dataset.training_rows, trial)
        pixel_scaling = fit_pixel_scaling(trial.spec.scaling, self.dataset.x_train, rows)
        self._pixel_scaling = pixel_scaling
        layout = lay_out(len(rows), trial.spec.batch_size, self._replicas, self.dataset.image_shape)
        watching = Watching(trial.spec.watched, self.dataset.class_names)
        yield from map(Note, undefined_notes(watching, trial.spec, self._validation_labels(validation)))
        train_graph = self._ready_train_graph(trial)
        state = TrialState(trial, train_graph, pixel_scaling, layout, validation, watching, began=began)
        callbacks = TrialCallbacks(trial, state.train_graph.model, layout.steps)
        first_batch = None if state.train_graph.prediction.traced else self._time_batch(state)
        resumption = self._resumption()
        callbacks.begin(resumption.resume(state) if resumption else None)
        yield from map(Note, resumption.notes if resumption else ())
        pipeline = self._ready_pipeline(state)
        weights = sample_weights(self.dataset, rows, trial.spec.class_weight)
        iterators = pipeline.iterators(rows, weights, pixel_scaling, trial.seeds, state.log.epochs)
        setup_seconds = time.perf_counter() - began
        status = yield from self._train(state, callbacks, iterators, resumption)
        state.train_graph.end_averaged()
        best_epoch = callbacks.end()
        final: dict[str, Any] = {"setup_seconds": setup_seconds, "started_at": started_at}
        final |= {"train_rows": len(rows), **state.log.final(), **self._device, **self._resources}
        final |= {"parameters": state.train_graph.parameters}
        predictions = None
        if status == Status.COMPLETED:
            predictions, metrics = self._judge(state, changed=bool(callbacks))
            final |= metrics | {"best_epoch": best_epoch, "first_batch_seconds": first_batch}
            final |= {"batch_seconds": float(np.median([self._time_batch(state) for _ in range(TIMED_BATCHES)]))}
            final |= {"batch_images": state.train_graph.prediction.evaluation_batch(len(self.dataset.y_test))}
        rows_of = {"validation_rows": self.dataset.y_test if validation is None else validation}
        final |= {name: len(found) for name, found in rows_of.items()} | {"test_rows": len(self.dataset.y_test)}
        seconds = state.seconds
        final |= {"seconds": seconds, "gpu_seconds": seconds * self._resources["gpus"]}
        yield Result(status, final, state.log.columns, predictions)

    def _train(
        self, state: TrialState, callbacks: TrialCallbacks, iterators: tuple[Any, ...], resumption: Resumption | None
    ) -> Generator[Progress, None, Status]:
        """Train the epochs that are left; return how they ended."""
        try:
            while not state.over:
                if state.phase and state.log.epochs == state.trial.spec.phases[state.phase].first:
                    state.train_graph.begin_phase(state.phase)
                    callbacks.phase_began()
                callbacks.epoch_began(state.log.epochs)
                yield from self._epoch(state, iterators)
                if not state.log.finite():
                    return Status.DIVERGED
                with state.train_graph.averaged():
                    state.stopped = callbacks.epoch_ended(state.log.epochs - 1, state.log.metrics())
                if resumption:
                    resumption.keep(state, callbacks)
            if resumption:
                resumption.finish(state, callbacks)
        except BaseException:  # GeneratorExit too: the trial was dropped
            callbacks.abandon()
            raise
        return Status.COMPLETED

    def _ready_train_graph(self, trial: Trial) -> TrainGraph:
        """Return the network in its initial state, reusing the graphs of the trial before if they fit."""
        if self._train_graph is not None and self._train_graph[0] == trial.condition_id:
            self._train_graph[1].restart(trial.seeds)
            return self._train_graph[1]
        self._train_graph = None  # before the next is made: only one is held
        self._pipelines.clear()
        keras.utils.clear_session()
        held, spec = self._train_images, trial.spec
        images = tf.TensorSpec([None, *self.dataset.image_shape], held.dtype)
        train_graph = TrainGraph(
            self._strategy,
            spec,
            images,
            len(self.dataset.class_names),
            trial.seeds,
            weighted=self.dataset.weights_train is not None,
            maker=maker_of(held, spec.transforms, spec.mixings) if self._own_devices else None,
            on_devices=isinstance(held, PlacedImages) and held.on_devices,
        )
        self._train_graph = (trial.condition_id, train_graph)
        return train_graph

    def _ready_pipeline(self, state: TrialState) -> Pipeline:
        """Return the variant's pipeline, the one of the trial before if folds are of one size."""
        if state.layout not in self._pipelines:
            spec = state.trial.spec
            images = self._train_images
            handed = hand_over_of(spec.transforms, own_devices=self._own_devices, images=images)
            self._pipelines[state.layout] = Pipeline(
                images, self._train_labels, state.layout, spec.transforms, spec.mixings, handed
            )
        return self._pipelines[state.layout]

    def _epoch(self, state: TrialState, iterators: tuple[Any, ...]) -> Iterator[Progress]:
        """Train one epoch and validate; tell progress between graph calls."""
        began = time.perf_counter()
        train_graph, layout, spec = state.train_graph, state.layout, state.trial.spec
        told = EpochSteps(*map(tf.constant, state.epoch_steps()))
        sums = tf.zeros([len(FOLLOWED)], tf.float64)
        block = 0
        while block < layout.blocks:
            before = time.perf_counter()
            count = min(state.pace.blocks, layout.blocks - block)
            step = tf.constant(block * layout.block)
            sums = train_graph.train(state.phase, iterators, tf.constant(count), told, step, sums)
            means = sums.numpy() / layout.rows  # waits for the graph
            images = layout.images_in(block, count)
            block += count
            state.pace.learn(count, time.perf_counter() - before)
            if block < layout.blocks:
                yield Progress(state.log.epochs, spec.epochs, images)
        rate, trained = train_graph.learning_rate, time.perf_counter()
        unknown = dict.fromkeys(column_of(VALIDATION, name) for name in METRICS)
        with train_graph.averaged():
            validated = self._validated(state) if state.validates else unknown
        state.log.add(
            **dict.fromkeys(METRICS) | dict(zip(FOLLOWED, means.tolist(), strict=True)),
            **validated,
            learning_rate=rate,
            train_seconds=trained - began,
            validation_seconds=time.perf_counter() - trained,
        )
        yield Progress(state.log.epochs, spec.epochs, images, state.log.curves())

    def _validated(self, state: TrialState) -> dict[str, Any]:
        """Return the metrics of the validation rows, by column, with those that the variant watches."""
        probabilities, labels = self._validate(state)
        values = all_metrics(probabilities, labels).items()
        stored: dict[str, Any] = {column_of(VALIDATION, name): value for name, value in values}
        return stored | ({WATCHED: state.watching.scores(probabilities, labels)} if state.watching else {})

    def _validation_labels(self, validation: NDArray[np.int64] | None) -> NDArray[np.int32]:
        return self.dataset.y_test if validation is None else self.dataset.y_train[validation]

    def _validate(self, state: TrialState) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Return probabilities and labels of the validation rows."""
        if state.validation is None:
            return self._test(state)
        probabilities = state.train_graph.prediction.predict(self._train_images, state.validation, state.pixel_scaling)
        return probabilities, self._validation_labels(state.validation)

    def _test(self, state: TrialState) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Return probabilities and labels of the test set."""
        labels = self.dataset.y_test
        state.tested = state.train_graph.prediction.predict(
            self._test_images, np.arange(len(labels)), state.pixel_scaling
        )
        return state.tested, labels

    def _judge(self, state: TrialState, *, changed: bool) -> tuple[Predictions, dict[str, Any]]:
        """Return what the network that came out says about the test set, and its metrics.

        Args:
            state: the trial, trained.
            changed: whether callbacks may have put back other weights than the last epoch's.
        """
        began = time.perf_counter()
        probabilities, labels = state.tested, self.dataset.y_test
        if changed or probabilities is None:
            probabilities, labels = self._test(state)
        found = all_metrics(probabilities, labels).items()
        metrics: dict[str, Any] = {column_of(TEST, name): value for name, value in found}
        metrics["test_seconds"] = time.perf_counter() - began
        if state.trial.spec.views is not None:
            metrics |= self._augmented(state)
        if changed and state.validates:
            metrics |= self._validated(state)
        return Predictions(labels, probabilities), metrics

    def _augmented(self, state: TrialState) -> dict[str, float]:
        """Return the metrics of the test set with test-time augmentation."""
        began, labels = time.perf_counter(), self.dataset.y_test
        rows = np.arange(len(labels))
        found = state.train_graph.prediction.predict(self._test_images, rows, state.pixel_scaling, augmented=True)
        metrics = {column_of(TTA, name): value for name, value in all_metrics(found, labels).items()}
        return metrics | {"tta_seconds": time.perf_counter() - began}

    def _time_batch(self, state: TrialState) -> float:
        """Return the seconds that prediction takes for one batch of pictures."""
        rows = np.arange(state.train_graph.prediction.evaluation_batch(len(self.dataset.y_test)))
        began = time.perf_counter()
        state.train_graph.prediction.predict(self._test_images, rows, state.pixel_scaling)
        return time.perf_counter() - began

    def _resumption(self) -> Resumption | None:
        """Return what keeps this worker's trials; versions and devices must be equal for the bits to be equal."""
        if self.checkpoints is None:
            return None
        names = ("device", "python_version", "tensorflow_version", "keras_version", "numpy_version", "cnnjobs_version")
        return Resumption(self.checkpoints, {name: self._device[name] for name in names} | self._resources)


def _held(images: Images, cpus: int, devices: Sequence[str]) -> Any:
    """Return images as they are used: in memory as tensors, unless they are fetched as they are needed.

    Args:
        images: as the data set has them.
        cpus: how many threads may decode at the same time.
        devices: where copies of them lie; none for the host.
    """
    if isinstance(images, EncodedImages):
        return replace(images, threads=cpus)
    return images if isinstance(images, FetchedImages) else place_images(images, devices)
