"""Several repeats of a plain CNN as one graph: weights with the repeats side by side, batches of each repeat's own.

Seeds, order, augmentation, dropout, first weights and formulas are those of trials that run by themselves. What differs
is how numbers are summed inside of an operation, so weights agree within rounding, which training then enlarges.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.planning.trials import Trial
from cnnjobs.spec import Model
from cnnjobs.spec.metrics import IN_TRAINING
from cnnjobs.training.augmentation.transforms import apply_drawn
from cnnjobs.training.epoch_images import Sources, draw, white_of
from cnnjobs.training.input_pipeline import fit_pixel_scaling
from cnnjobs.training.metrics import TrainedRows, row_metrics
from cnnjobs.training.optimizers import make_optimizer
from cnnjobs.training.train_graph import TrainGraph
from cnnjobs.training.xla import Pooling

SIDE = 3
"""Of every kernel of `cnnjobs.cnn`."""

Values = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Way:
    """How the convolutions of several repeats are computed together.

    Args:
        convolve: (images, kernels, padding, repeats) -> images, both in the layout of this way.
        repeats_last: whether repeats lie side by side in the channels, (rows, height, width, repeats * channels) for
            images and (side, side, channels, repeats * filters) for kernels; else they come first, (repeats, ...).
        at_once: whether all repeats are one set of weights; else each is a graph by itself beside the others.
        xla: whether gradients are compiled with XLA.
    """

    convolve: Callable[[Any, Any, str, int], Any]
    repeats_last: bool = True
    at_once: bool = True
    xla: bool = False


def _grouped(images: Any, kernels: Any, padding: str, repeats: int) -> Any:
    """Convolve groups of channels: TensorFlow finds their number in the shapes."""
    return tf.nn.conv2d(images, kernels, 1, padding.upper())


def _patches(images: Any, kernels: Any, padding: str, repeats: int) -> Any:
    """Multiply the pixels under the kernel with it, a batch of matrices: im2col."""
    window = [1, SIDE, SIDE, 1]
    joined = tf.reshape(images, [-1, *images.shape[2:]])
    found = tf.image.extract_patches(joined, window, [1] * 4, [1] * 4, padding.upper())
    columns = tf.reshape(found, [repeats, -1, found.shape[-1]])
    products = tf.matmul(columns, tf.reshape(kernels, [repeats, -1, kernels.shape[-1]]))
    return tf.reshape(products, [repeats, -1, *found.shape[1:3], kernels.shape[-1]])


def _shifts(images: Any, kernels: Any, padding: str, repeats: int) -> Any:
    """Add up the products of nine shifted images, each a batch of matrices: slices and products, which XLA fuses."""
    if padding == "same":
        images = tf.pad(images, [[0, 0], [0, 0], [1, 1], [1, 1], [0, 0]])
    high, wide = images.shape[2] - SIDE + 1, images.shape[3] - SIDE + 1

    def product(row: int, column: int) -> Any:
        shifted = images[:, :, row : row + high, column : column + wide]
        return tf.matmul(tf.reshape(shifted, [repeats, -1, images.shape[-1]]), kernels[:, row, column])

    total = tf.add_n([product(row, column) for row in range(SIDE) for column in range(SIDE)])
    return tf.reshape(total, [repeats, -1, high, wide, kernels.shape[-1]])


WAYS = {
    "grouped": Way(_grouped),
    "grouped, XLA": Way(_grouped, xla=True),
    "patches": Way(_patches, repeats_last=False),
    "shifts, XLA": Way(_shifts, repeats_last=False, xla=True),
    "unrolled": Way(_grouped, at_once=False),
}
"""How repeats can share a graph. Not `tf.vectorized_map`, which refuses a convolution with a kernel a repeat."""


class Network:
    """The layers of `cnnjobs.cnn` for several repeats; neither batch normalisation nor weight decay.

    Args:
        model: what `cnn` is called with.
        repeats: how many.
        way: how convolutions are computed.

    Raises:
        ValueError: for a network that this is not.
    """

    def __init__(self, model: Model, repeats: int, way: Way) -> None:
        self.options, self.repeats, self.way = model.options, repeats, way
        if model.builder != "cnn" or self.options["batch_norm"] or self.options["weight_decay"]:
            raise ValueError(f"`model` must be a plain CNN without normalisation or weight decay. Received: {model}.")

    def joined(self, values: Values) -> NDArray[Any]:
        """Return one weight of all repeats as this network has it."""
        if self.way.repeats_last and values[0].ndim == 4:
            return np.concatenate(values, axis=-1)
        return np.stack(values)

    def parted(self, value: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what `joined` was given."""
        if self.way.repeats_last and value.ndim == 4:
            return np.split(value, self.repeats, axis=-1)
        return list(value)

    def __call__(self, images: Any, weights: Sequence[Any], seeds: Sequence[Any]) -> Any:
        """Return probabilities or logits, (repeats, rows, classes).

        Args:
            images: (repeats, rows, height, width, channels).
            weights: kernel and bias of each layer, as `joined`.
            seeds: (repeats, 2) of each dropout, in order.
        """
        blocks, pairs, left = self.options["blocks"], iter(list(weights)), list(seeds)
        rates = iter(self.options["dropout"])
        x = self._laid_out(images)
        for filters, side in zip(blocks, self.options["pool"], strict=True):
            for _ in filters:
                x = self._convolved(x, next(pairs), next(pairs))
            x = self._dropped(self._pooled(x, side) if side > 1 else x, next(rates), left)
        x = self._flat(x)
        for _ in self.options["dense"]:
            x = self._dropped(tf.nn.relu(_dense(x, next(pairs), next(pairs))), next(rates), left)
        x = _dense(x, next(pairs), next(pairs))
        return tf.nn.softmax(x) if self.options["output"] == "softmax" else x

    def _laid_out(self, images: Any) -> Any:
        if not self.way.repeats_last:
            return images
        high, wide, channels = images.shape[2:]
        return tf.reshape(tf.transpose(images, [1, 2, 3, 0, 4]), [-1, high, wide, self.repeats * channels])

    def _convolved(self, x: Any, kernels: Any, biases: Any) -> Any:
        x = self.way.convolve(x, kernels, self.options["padding"], self.repeats)
        if self.way.repeats_last:
            return tf.nn.relu(tf.nn.bias_add(x, tf.reshape(biases, [-1])))
        return tf.nn.relu(x + biases[:, None, None, None, :])

    def _pooled(self, x: Any, side: int) -> Any:
        joined = x if self.way.repeats_last else tf.reshape(x, [-1, *x.shape[2:]])
        pool = (
            Pooling((side, side))
            if self.way.xla
            else functools.partial(tf.nn.max_pool2d, ksize=side, strides=side, padding="VALID")
        )
        pooled = pool(joined)
        return pooled if self.way.repeats_last else tf.reshape(pooled, [self.repeats, -1, *pooled.shape[1:]])

    def _flat(self, x: Any) -> Any:
        if self.way.repeats_last:
            places, channels = x.shape[1] * x.shape[2], x.shape[3] // self.repeats
            x = tf.transpose(tf.reshape(x, [-1, places, self.repeats, channels]), [2, 0, 1, 3])
            return tf.reshape(x, [self.repeats, -1, places * channels])
        return tf.reshape(x, [self.repeats, -1, int(np.prod(x.shape[2:]))])

    def _dropped(self, x: Any, rate: float, seeds: list[Any]) -> Any:
        """Drop by each repeat's own mask, as Keras draws it."""
        if not rate:
            return x
        keys = tf.unstack(tf.cast(tf.math.floormod(seeds.pop(0), tf.int32.max - 1), tf.int32))
        axis = -1 if self.way.repeats_last and len(x.shape) == 4 else 0
        parts = tf.split(x, self.repeats, axis=axis)
        drop = tf.nn.experimental.stateless_dropout
        return tf.concat([drop(one, rate, seed=key) for one, key in zip(parts, keys, strict=True)], axis=axis)


def _dense(x: Any, kernels: Any, biases: Any) -> Any:
    return tf.matmul(x, kernels) + biases[:, None, :]


class FusedGraph:
    """Trials of one variant that train together, an epoch a call.

    Args:
        data: the data set.
        trials: repeats of one variant, without validation rows.
        way: a name of `WAYS`.
        strategy: of single runs, which first weights are made with.
    """

    def __init__(self, data: Dataset, trials: Sequence[Trial], way: str, strategy: tf.distribute.Strategy) -> None:
        self._spec, self._rows = trials[0].spec, len(data.y_train)
        rows, ones = np.arange(self._rows), np.ones(self._rows, np.float32)
        self._scaling = fit_pixel_scaling(self._spec.scaling, data.x_train, rows)
        self._images, self._labels = tf.constant(data.x_train), tf.constant(data.y_train)
        here = (self._images, self._labels, rows, ones, self._scaling, self._spec.transforms)
        self._sources = [Sources(*here, trial.seeds.order, trial.seeds.augment) for trial in trials]
        spec = tf.TensorSpec([None, *data.image_shape], self._images.dtype)
        first = TrainGraph(strategy, self._spec, spec, len(data.class_names), trials[0].seeds)
        self._gives_logits = first.outputs.trains_on_logits
        self._states = [variable.name == "seed_generator_state" for variable in first.model.variables]
        starts = []
        for trial in trials:
            first.restart(trial.seeds)
            starts.append(first.variables()[: len(self._states)])
        together = [starts] if WAYS[way].at_once else [[one] for one in starts]
        self._groups = [self._group(each, WAYS[way]) for each in together]
        self.train = tf.function(self._epoch, autograph=False)
        """Trains the epoch of a number () int64; returns (repeats, metrics) sums over its rows."""

    def weights(self) -> list[list[NDArray[Any]]]:
        """Return the weights of each trial, in the order of its network."""
        found = []
        for group in self._groups:
            parts = [group.network.parted(one.numpy()) for one in group.weights]
            found += [[part[repeat] for part in parts] for repeat in range(group.network.repeats)]
        return found

    def _group(self, starts: Sequence[Values], way: Way) -> "_Group":
        network = Network(self._spec.network, len(starts), way)
        own = [[one for one, is_state in zip(each, self._states, strict=True) if not is_state] for each in starts]
        states = [[one for one, is_state in zip(each, self._states, strict=True) if is_state] for each in starts]
        weights = [
            keras.Variable(network.joined(values), name=f"weight_{place}")
            for place, values in enumerate(zip(*own, strict=True))
        ]
        optimizer = make_optimizer(self._spec.optimizer, weights)
        optimizer.build(weights)
        seeds = [tf.Variable(np.stack(each).astype(np.int64)) for each in zip(*states, strict=True)]
        return _Group(network, weights, seeds, optimizer, self._gives_logits)

    def _epoch(self, epoch: Any) -> Any:
        repeats, batch = len(self._sources), self._spec.batch_size
        with tf.device("CPU:0"):  # where single runs draw
            drawn = [draw(sources, self._rows, epoch) for sources in self._sources]
            order = tf.concat([one.order for one in drawn], axis=0)
            transforms = [tf.concat(each, axis=0) for each in zip(*(one.transforms for one in drawn), strict=True)]
        begins = tf.range(repeats, dtype=tf.int64)[:, None] * self._rows

        def step(first: Any, sums: Any) -> tuple[Any, Any]:
            here = tf.range(first, tf.minimum(first + batch, self._rows), dtype=tf.int64)
            places = tf.reshape(begins + here, [-1])
            rows = tf.gather(order, places)
            images = self._made(rows, [tf.gather(each, places) for each in transforms])
            labels = tf.reshape(tf.gather(self._labels, rows), [repeats, -1])
            told, done = [], 0
            for group in self._groups:
                mine = slice(done, done + group.network.repeats)
                told.append(group.step(images[mine], labels[mine]))
                done = mine.stop
            return first + batch, sums + tf.cast(tf.concat(told, axis=0), tf.float64)

        start = (tf.constant(0, tf.int64), tf.zeros([repeats, len(IN_TRAINING)], tf.float64))
        return tf.while_loop(lambda first, _: first < self._rows, step, start, parallel_iterations=1)[1]

    def _made(self, rows: Any, transforms: Sequence[Any]) -> Any:
        """Return the images of a step, (repeats, rows, height, width, channels) float32, transformed and scaled."""
        stored = tf.cast(tf.gather(self._images, rows), tf.float32)
        images = apply_drawn(self._spec.transforms, stored, transforms, white_of(self._images.dtype))
        images = images * self._scaling.gain + self._scaling.offset
        return tf.reshape(images, [len(self._sources), -1, *images.shape[1:]])


class _Group:
    """Repeats that are one set of weights with one optimizer."""

    def __init__(self, network: Network, weights: Any, seeds: Any, optimizer: Any, gives_logits: bool) -> None:
        self.network, self.weights, self._gives_logits = network, weights, gives_logits
        self._seeds, self._optimizer = seeds, optimizer
        self._differentiate: Callable[..., Any] = self._gradients
        if network.way.xla:
            self._differentiate = tf.function(self._gradients, autograph=False, jit_compile=True)

    def step(self, images: Any, labels: Any) -> Any:
        """Make an update; return the sum of each metric over the rows of each repeat, (repeats, metrics)."""
        gradients, sums = self._differentiate(images, labels, [tf.identity(one) for one in self._seeds])
        for seed in self._seeds:
            seed.assign(seed + tf.constant([0, 1], tf.int64))
        self._optimizer.apply(gradients, self.weights)
        return sums

    def _gradients(self, images: Any, labels: Any, seeds: Any) -> tuple[Any, Any]:
        labels = tf.reshape(labels, [-1])
        with tf.GradientTape() as tape:
            outputs = self.network(images, [one.value for one in self.weights], seeds)
            outputs = tf.reshape(outputs, [-1, outputs.shape[-1]])
            losses = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=self._gives_logits)
            rows = tf.cast(tf.size(labels) // self.network.repeats, tf.float32)
            objective = tf.reduce_sum(losses) / rows  # of each repeat the mean over its own rows, in sum
        probabilities = tf.nn.softmax(outputs) if self._gives_logits else outputs
        of_rows = row_metrics(TrainedRows(labels, outputs, probabilities, losses))
        sums = tf.reduce_sum(tf.reshape(of_rows, [len(IN_TRAINING), self.network.repeats, -1]), axis=2)
        return tape.gradient(objective, [one.value for one in self.weights]), tf.transpose(sums)
