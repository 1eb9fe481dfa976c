"""A network with its training and prediction graphs, traced once and used by all repeats of a variant."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.models.networks import build_model
from cnnjobs.plan import Seeds
from cnnjobs.spec import SGD, Variant


class Program:
    """A network, its optimizer and the graphs that train it and predict with it.

    The graphs hold neither rows nor seeds: those come in through the iterators. `restart` puts the
    variables into the state that a freshly built network has for the given seeds.

    Args:
        strategy: where it runs; its replicas train together.
        variant: network and optimizer.
        image_shape: (height, width, channels).
        classes: number of classes.
        seeds: of the first trial.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        variant: Variant,
        image_shape: tuple[int, int, int],
        classes: int,
        seeds: Seeds,
    ) -> None:
        self._strategy = strategy
        self._variant = variant
        self._shape = (image_shape, classes)
        self.model = self._build(seeds.init)
        self._gives_logits = _gives_logits(self.model, classes)
        with strategy.scope():
            self._optimizer = _optimizer(variant)
            self._optimizer.build(self.model.trainable_variables)
        self._optimizer_start = [variable.numpy() for variable in self._optimizer.variables]
        self._seed_dropout(seeds.dropout)
        # written without AutoGraph, which needs source text and breaks with Python's versions
        self.train = tf.function(self._train, autograph=False)
        self.predict = tf.function(self._predict, autograph=False)

    @property
    def parameters(self) -> int:
        """Number of weights, trainable or not."""
        return int(self.model.count_params())

    def restart(self, seeds: Seeds) -> None:
        """Go back to the start of a trial with these seeds."""
        fresh = self._build(seeds.init)
        for old, new in zip(self.model.variables, fresh.variables, strict=True):
            old.assign(new)
        for variable, start in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(start)
        self._seed_dropout(seeds.dropout)

    def _build(self, seed: int) -> keras.Model:
        """Build the network; every initializer draws from `seed`."""
        keras.utils.set_random_seed(seed)
        with self._strategy.scope():
            model = build_model(self._variant.network, *self._shape)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                # else each replica keeps statistics of its own, and an empty shard makes them NaN
                layer.synchronized = self._strategy.num_replicas_in_sync > 1
        return model

    def _seed_dropout(self, seed: int) -> None:
        """Give every layer that draws while training its own stream."""
        states = [variable for variable in self.model.variables if variable.name == "seed_generator_state"]
        for index, state in enumerate(states):
            key = np.random.SeedSequence([seed, index]).generate_state(1)[0]
            state.assign(np.array([key, 0], dtype=np.uint32))

    def _train(self, iterator: Any, steps: Any, loss_sum: Any, hits: Any) -> tuple[Any, Any]:
        """Train for `steps` steps; return the sums of loss and of right answers so far.

        Sums are carried in and out, so that cutting an epoch into calls does not change them.

        Args:
            iterator: of `training_batches`, distributed.
            steps: () int32.
            loss_sum: () float64.
            hits: () float64.
        """

        def step(index: Any, loss_sum: Any, hits: Any) -> tuple[Any, Any, Any]:
            losses, right = self._strategy.run(self._step, next(iterator))
            loss_sum += tf.cast(self._strategy.reduce("SUM", losses, axis=None), tf.float64)
            hits += tf.cast(self._strategy.reduce("SUM", right, axis=None), tf.float64)
            return index + 1, loss_sum, hits

        start = (tf.constant(0), loss_sum, hits)
        _, loss_sum, hits = tf.while_loop(lambda index, *_: index < steps, step, start, parallel_iterations=1)
        return loss_sum, hits

    def _step(self, images: Any, labels: Any, weights: Any, count: Any) -> tuple[Any, Any]:
        """Take one step on one replica's shard; gradients are summed over replicas.

        The loss is divided by the rows of the whole step, so a row weighs the same in any shard.
        """
        with tf.GradientTape() as tape:
            outputs = self.model(images, training=True)
            losses = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=self._gives_logits)
            objective = tf.reduce_sum(losses * weights) / count
            if self.model.losses:
                objective += tf.add_n(self.model.losses) / self._strategy.num_replicas_in_sync
        variables = self.model.trainable_variables
        self._optimizer.apply(tape.gradient(objective, [variable.value for variable in variables]), variables)
        right = tf.cast(tf.equal(tf.argmax(outputs, axis=1, output_type=labels.dtype), labels), tf.float32)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(right * weights)

    def _predict(self, iterator: Any, steps: Any) -> Any:
        """Return class probabilities (rows, classes) float32 of the next `steps` evaluation steps."""

        def step(index: Any, parts: Any) -> tuple[Any, Any]:
            outputs = self._strategy.run(self._forward, (next(iterator),))
            joined = tf.concat(self._strategy.experimental_local_results(outputs), axis=0)
            return index + 1, parts.write(index, joined)

        start = (tf.constant(0), tf.TensorArray(tf.float32, size=steps))
        _, parts = tf.while_loop(lambda index, _: index < steps, step, start, parallel_iterations=1)
        return parts.concat()

    def _forward(self, images: Any) -> Any:
        outputs = tf.cast(self.model(images, training=False), tf.float32)
        return tf.nn.softmax(outputs) if self._gives_logits else outputs


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return the mean of -log p(label), computed in float64 with p clipped at 1e-7 as Keras does.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_label, 1e-7, 1.0)).mean())


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return the fraction of rows whose most probable class is the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def _optimizer(variant: Variant) -> keras.optimizers.Optimizer:
    spec = variant.optimizer
    if isinstance(spec, SGD):
        return keras.optimizers.SGD(spec.learning_rate, momentum=spec.momentum, nesterov=spec.nesterov)
    return keras.optimizers.Adam(spec.learning_rate, beta_1=spec.beta_1, beta_2=spec.beta_2, epsilon=spec.epsilon)


def _gives_logits(model: keras.Model, classes: int) -> bool:
    """Say whether the outputs are logits; softmax and linear last layers are understood.

    Raises:
        ValueError: any other last layer, or not one output a class.
    """
    if tuple(model.output_shape) != (None, classes):
        raise ValueError(f"The network must return (batch, {classes}). Received: output shape {model.output_shape}.")
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return False
    name = getattr(getattr(last, "activation", None), "__name__", None)
    if name not in ("softmax", "linear"):
        raise ValueError(
            "The network's last layer must have the activation 'softmax' or none (logits). "
            f"Received: {type(last).__name__} with activation={name}."
        )
    return bool(name == "linear")
