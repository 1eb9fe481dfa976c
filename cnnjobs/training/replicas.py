"""What replicas must not do as one device does: draw equal dropout masks, normalise each over its own rows."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

_GOLDEN = 0x9E3779B9  # 2**32 / golden ratio: keys of neighbouring replicas lie far apart


class _Step(threading.local):
    """What the replica that is being traced in this thread works on."""

    row_mask: Any = None


_step = _Step()


@contextlib.contextmanager
def rows_masked(row_mask: Any) -> Iterator[None]:
    """Tell batch normalisation which rows of this replica's shard exist.

    Args:
        row_mask: (rows,) float32; 0 for a row that only fills an empty shard, else 1.
    """
    _step.row_mask = row_mask
    try:
        yield
    finally:
        _step.row_mask = None


def replica_number() -> int:
    """Return the number of the replica that is being traced."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def prepare_for_replicas(model: keras.Model, replicas: int) -> None:
    """Give each replica dropout masks of its own, and all of them the batch statistics of the whole step.

    Keras draws the same mask on every replica, and its batch normalisation keeps statistics of each
    shard. One replica is left as Keras has made it.

    Args:
        model: freshly built.
        replicas: how many will train it together.

    Raises:
        ValueError: for batch normalisation beside losses of activations.
    """
    if replicas == 1:
        return
    layers = model._flatten_layers
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers()) and any(
        getattr(layer, "activity_regularizer", None) for layer in layers()
    ):
        raise ValueError(
            "Batch normalisation beside an activity regularizer needs one replica: Keras mixes up the losses of "
            f"replicas that wait for each other. Received: replicas={replicas}."
        )
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            generator.__class__ = _ReplicaSeeds  # its variable and place in the layer stay
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
            layer._moments = _StepMoments(layer)


class _ReplicaSeeds(keras.random.SeedGenerator):
    """A seed generator whose draws differ between replicas, while its state stays equal on all of them."""

    def next(self, ordered: bool = True) -> Any:
        state = super().next(ordered)
        context = tf.distribute.get_replica_context()
        if context is None:
            return state
        replica = tf.cast(context.replica_id_in_sync_group, state.dtype)
        return state + tf.stack([replica * tf.constant(_GOLDEN, state.dtype), tf.zeros_like(replica)])


class _StepMoments:
    """Mean and variance over the rows of all replicas that exist.

    In two passes, mean first, because the difference of E(x^2) and E(x)^2 loses digits.
    """

    def __init__(self, layer: keras.layers.BatchNormalization) -> None:
        self._layer = layer
        self._own = layer._moments

    def __call__(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Return mean and variance a channel, (channels,) float32."""
        context = tf.distribute.get_replica_context()
        if _step.row_mask is None or mask is not None or context is None:
            moments: tuple[Any, Any] = self._own(inputs, mask)
            return moments
        axes = self._layer._reduction_axes
        there = tf.reshape(_step.row_mask, [-1] + [1] * (len(inputs.shape) - 1))
        places = tf.size(inputs[:1]) // inputs.shape[self._layer.axis]  # pixels of an image
        count = tf.reduce_sum(_step.row_mask) * tf.cast(places, tf.float32)
        total, count = context.all_reduce("SUM", [tf.reduce_sum(inputs * there, axes, keepdims=True), count])
        mean = total / count
        spread = tf.reduce_sum(tf.math.squared_difference(inputs, mean) * there, axes)
        return tf.squeeze(mean, axes), context.all_reduce("SUM", spread) / count
