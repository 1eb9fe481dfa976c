"""A network with its training and prediction graphs, traced once and used by all repeats of a variant."""

import contextlib
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.models.networks import build_model
from cnnjobs.planning.trials import Seeds
from cnnjobs.spec import CustomModel, OwnViews, Variant
from cnnjobs.training.accumulation import EpochSteps
from cnnjobs.training.augmentation.views import check_views
from cnnjobs.training.hand_over import HOST
from cnnjobs.training.input_pipeline import Block, Shard
from cnnjobs.training.objective import Objective
from cnnjobs.training.output_layer import full_precision_layers, outputs_of
from cnnjobs.training.outputs import trained_columns
from cnnjobs.training.predict_graph import PredictGraph
from cnnjobs.training.replicas import prepare_for_replicas, replica_number, rows_masked
from cnnjobs.training.unfreezing import Unfreezing
from cnnjobs.training.updates import Updates
from cnnjobs.training.xla import prepare_for_xla

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
"""Keras's name of each precision."""


class TrainGraph:
    """A network, its optimizer and the graphs that train it; `prediction` predicts with it.

    The graphs hold neither rows nor seeds: those come in as arguments. `restart` puts the variables
    into the state that a freshly built network has for the given seeds.

    Args:
        strategy: where it runs; its replicas train together.
        variant: network, optimizer, precision.
        images: shape (None, height, width, channels) and dtype of stored images.
        classes: number of classes.
        seeds: of the first trial.
        weighted: whether the data set has weights of its rows.
        maker: what a replica makes of a block before its steps (`maker_of`); None where that is as it should be.
        on_devices: whether images that are in memory have a copy on the device of each replica.

    Raises:
        TypeError: if the network is no `keras.Model`, or one for other pictures or classes; or views for test-time
            augmentation are none.
        ValueError: if it gives neither probabilities nor logits, has none of the layers that are to be fine-tuned, or
            cannot be compiled with XLA on several replicas.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        variant: Variant,
        images: tf.TensorSpec,
        classes: int,
        seeds: Seeds,
        *,
        weighted: bool = False,
        maker: Callable[[Block], Block] | None = None,
        on_devices: bool = False,
    ) -> None:
        self._strategy, self._variant, self._maker = strategy, variant, maker
        self._replicas = strategy.num_replicas_in_sync
        self._shape = (tuple(images.shape[1:]), classes)
        if isinstance(variant.views, OwnViews):
            check_views(variant.views, self._shape[0])
        with strategy.scope():
            self.model = self._build(seeds.init)
            self._unfreezing = Unfreezing(variant.finetune, self.model)
            self._updates = Updates(variant, self.model, self._unfreezing.weights)
            self.model.compile(optimizer=self._updates.optimizer)  # callbacks look for `model.optimizer`
        self.outputs = outputs_of(self.model, classes, lambda: self._build(seeds.init))
        self._objective = Objective(
            self.model,
            self._replicas,
            gives_logits=self.outputs.trains_on_logits,
            loss=variant.minimised,
            weighted=weighted or variant.class_weight is not None,
        )
        prepare_for_replicas(self.model, self._replicas)
        self._seed_dropout(seeds.dropout)
        # written without AutoGraph, which needs source text and breaks with Python's versions
        self._trains = [
            tf.function(functools.partial(self._train, phase), autograph=False, reduce_retracing=True)
            for phase, _ in enumerate(variant.phases)
        ]
        self.prediction = PredictGraph(strategy, self.model, self.outputs, images, variant.views, on_devices=on_devices)
        everything = [variable.value for variable in [*self.model.variables, *self._updates.variables]]
        # one call each: variables of a strategy take a millisecond one by one
        self._read = tf.function(lambda: [tf.identity(variable) for variable in everything], autograph=False)
        self._write = tf.function(
            lambda values: [variable.assign(new) for variable, new in zip(everything, values, strict=True)] and None,
            autograph=False,
        )
        self._differentiate: list[Any] = [self._gradients] * len(variant.phases)
        if variant.xla:
            prepare_for_xla(self.model, self._replicas)
            self._differentiate = [
                tf.function(self._gradients, autograph=False, jit_compile=True) for _ in variant.phases
            ]

    @property
    def parameters(self) -> int:
        """Number of weights, trainable or not."""
        return int(self.model.count_params())

    @property
    def learning_rate(self) -> float:
        """What the optimizer uses now."""
        return self._updates.learning_rate

    @property
    def base_rate(self) -> float:
        """What the optimizer came with, which schedules multiply."""
        return self._updates.base_rate

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Have the network predict with the averages of its weights, if the variant wants them."""
        averages = self._updates.averages
        if averages:
            averages.swap()
        try:
            yield
        finally:
            if averages:
                averages.swap()

    def end_averaged(self) -> None:
        """Give the network the averages of its weights for good, if the variant wants them."""
        if self._updates.averages:
            self._updates.averages.take()

    def begin_phase(self, phase: int) -> None:
        """Begin phase 1, after all epochs of phase 0: more weights are trained, by an optimizer that begins anew."""
        rate = self._variant.phases[phase].learning_rate
        self._unfreezing.enter(phase)
        if rate is not None:
            self._updates.begin_anew(rate)

    def train(self, phase: int, *arguments: Any) -> Any:
        """Train the weights of phase 0 or 1 for some blocks: `_train`, whose other arguments it takes."""
        self._unfreezing.enter(phase)  # what the graph of the phase is traced with, if it is not yet
        return self._trains[phase](*arguments)

    def restart(self, seeds: Seeds) -> None:
        """Go back to the start of a trial with these seeds."""
        fresh = self._build(seeds.init)  # outside of the strategy's scope, where it takes half the time
        self.load([*(variable.numpy() for variable in fresh.variables), *self._updates.start(fresh)])
        self._seed_dropout(seeds.dropout)
        self._unfreezing.enter(0)

    def variables(self) -> tuple[NDArray[Any], ...]:
        """Return all that training changes: network, seed generators, optimizer."""
        return tuple(value.numpy() for value in self._read())

    def fits(self, values: Sequence[NDArray[Any]]) -> bool:
        """Say whether `values` have the number, shapes and dtypes that `variables` returns."""
        own = self.variables()
        return [(v.shape, v.dtype) for v in own] == [(v.shape, v.dtype) for v in values]

    def load(self, values: Sequence[NDArray[Any]]) -> None:
        """Take up what `variables` returned."""
        self._write([tf.constant(value) for value in values])

    def step_on(self, phase: int, images: Any, labels: NDArray[np.int32]) -> list[NDArray[np.float32] | None]:
        """Take one step, each replica on all of these; return the gradient of each trainable weight, None for none.

        Args:
            phase: 0 or 1; decides which weights are trained.
            images: (n, height, width, channels) float32, scaled.
            labels: (n,).
        """
        self._unfreezing.enter(phase)
        inputs, ones = tf.constant(images), tf.ones([len(labels)])
        reached: list[bool] = []

        def on_replica() -> list[Any]:
            count = tf.constant(float(len(labels) * self._replicas))
            gradients, _ = self._differentiate[phase](Shard(inputs, tf.constant(labels), ones, ones, count))
            self._updates.apply(gradients, self.model.trainable_variables)
            reached[:] = [one is not None for one in gradients]
            return [
                tf.zeros([]) if one is None else tf.cast(tf.convert_to_tensor(one), tf.float32) for one in gradients
            ]

        run = tf.function(lambda: self._strategy.run(on_replica), autograph=False)
        found = [self._strategy.experimental_local_results(one)[0].numpy() for one in run()]
        return [one if there else None for one, there in zip(found, reached, strict=True)]

    def plain_copy(self) -> keras.Model:
        """Return a network with the weights as they are now, in float32 and without what replicas and XLA need."""
        copy = build_model(self._variant.network, *self._shape)
        for mine, theirs in zip(copy.variables, self.model.variables, strict=True):
            mine.assign(theirs.numpy())
        return copy

    def _build(self, seed: int) -> keras.Model:
        """Build the network; every initializer draws from `seed`."""
        if isinstance(self._variant.network, CustomModel):
            keras.utils.set_random_seed(seed)
        else:  # Keras's initializers draw from the first; seeding TensorFlow drops its prepared graphs, some 0.3 s
            random.seed(seed)
            np.random.seed(seed)  # a callback of the user's may draw from it
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(POLICIES[self._variant.precision])
        try:
            model = build_model(self._variant.network, *self._shape)
        finally:
            keras.config.set_dtype_policy(before)
        if self._variant.precision != "float32":
            for layer in full_precision_layers(model):
                layer.dtype_policy = keras.DTypePolicy("float32")
        return model

    def _seed_dropout(self, seed: int) -> None:
        """Give every layer that draws while training its own stream."""
        states = [variable for variable in self.model.variables if variable.name == "seed_generator_state"]
        for index, state in enumerate(states):
            key = np.random.SeedSequence([seed, index]).generate_state(1)[0]
            state.assign(np.array([key, 0], dtype=np.uint32))

    def _train(self, phase: int, iterators: Any, blocks: Any, told: EpochSteps, first_step: Any, sums: Any) -> Any:
        """Train for some blocks; return the sums of each metric over the epoch's rows so far.

        Sums are carried in and out, so that cutting an epoch into calls does not change them.

        Args:
            phase: 0 or 1; decides which weights are trained.
            iterators: of `training_blocks`, one per replica.
            blocks: () int32.
            told: what each step of the epoch is told.
            first_step: () int32, the step of the epoch that these blocks begin with.
            sums: (metrics,) float64, in the order of `FOLLOWED`.
        """
        maker = self._maker

        def block(index: Any, done: Any, sums: Any, *ahead: Any) -> tuple[Any, ...]:
            parts: Sequence[Block] = ahead
            if maker is None:
                parts = [next(iterator) for iterator in iterators]
            elif not ahead:
                parts = self._on_devices(maker, iterators)
            steps = tf.shape(parts[0].step_rows)[0]

            def step(index: Any, sums: Any) -> tuple[Any, ...]:
                if self._updates.scheduled:
                    self._updates.follow(told.rates[done + index])
                if self._updates.accumulates:
                    with tf.device(HOST):
                        share, ends = told.shares[done + index], told.ends[done + index]
                    own = self._accumulating_step(phase, parts, index, share, ends)
                else:
                    own = self._strategy.run(lambda: self._step(phase, parts[replica_number()].shard(index)))
                return index + 1, sums + tf.cast(self._strategy.reduce("SUM", own, axis=None), tf.float64)

            if maker and ahead:  # the next block comes to the device while this one is trained on
                ahead = self._on_devices(maker, iterators, ahead, index + 1 < blocks)
            _, sums = _repeat(steps, step, sums)
            return index + 1, done + steps, sums, *ahead

        if maker is None:
            _, _, sums = _repeat(blocks, block, first_step, sums)
            return sums
        with tf.device(self._strategy.extended.worker_devices[0]):  # what a loop carries lies where the loop is
            ahead = self._on_devices(maker, iterators) if self._replicas == 1 else ()
            _, _, sums, *_ = _repeat(blocks, block, first_step, sums, *ahead)
            return sums

    def _on_devices(
        self, maker: Callable[[Block], Block], iterators: Sequence[Any], last: Sequence[Block] = (), more: Any = True
    ) -> tuple[Block, ...]:
        """Return the next block of each replica, made ready on its device; of one, the last again if there is no more.

        Args:
            maker: what makes a block ready.
            iterators: one per replica.
            last: the block of the single replica; none to take the next without asking `more`.
            more: () bool, whether there is a next one.
        """
        chosen: dict[int, Block] = {}

        def on_replica() -> None:
            number = replica_number()
            following = functools.partial(lambda iterator: maker(next(iterator)), iterators[number])
            chosen[number] = tf.cond(more, following, lambda: last[number]) if last else following()

        self._strategy.run(on_replica)
        return tuple(chosen[number] for number in range(self._replicas))

    def _step(self, phase: int, shard: Shard) -> Any:
        """Take one step on one replica's shard; gradients are summed over replicas."""
        gradients, sums = self._differentiate[phase](shard)
        self._updates.apply(gradients, self.model.trainable_variables)
        return sums

    def _accumulating_step(self, phase: int, parts: Sequence[Any], index: Any, share: Any, ends: Any) -> Any:
        """Take one step on all replicas, and make the update that it ends, if it does.

        Args:
            phase: 0 or 1.
            parts: a `Block` a replica.
            index: () int32, which of its steps.
            share: () float32, how much the step counts in its update.
            ends: () bool, whether it is the last of it.
        """
        weights = self.model.trainable_variables
        reached: list[keras.Variable] = []

        def on_replica() -> Any:
            gradients, sums = self._differentiate[phase](parts[replica_number()].shard(index))
            self._updates.accumulate(gradients, weights, share)
            reached[:] = [weight for weight, one in zip(weights, gradients, strict=True) if one is not None]
            return sums

        def update() -> Any:
            self._strategy.run(lambda: self._updates.apply_accumulated(reached))
            return tf.constant(True)

        own = self._strategy.run(on_replica)
        tf.cond(ends, update, lambda: tf.constant(False))
        return own

    def _gradients(self, shard: Shard) -> tuple[Any, Any]:
        """Return the shard's gradients, and the sum of each metric over its rows."""
        with tf.GradientTape() as tape, rows_masked(shard.row_mask):
            outputs = trained_columns(tf.cast(self.model(shard.images, training=True), tf.float32), self.outputs)
            losses = self._objective.losses(outputs, shard)
            objective = self._objective.of_shard(outputs, losses, shard)
            scaled = self._updates.scaled(objective[0] / shard.step_rows + objective[1])
        gradients = tape.gradient(scaled, [variable.value for variable in self.model.trainable_variables])
        self._objective.check_gradients(gradients)
        return gradients, self._objective.followed(outputs, losses, objective, shard)


def _repeat(times: Any, body: Any, *values: Any) -> Any:
    """Run `body(index, *values)` so often, strictly one after the other."""
    start = (tf.constant(0), *values)
    return tf.while_loop(lambda index, *_: index < times, body, start, parallel_iterations=1)
