"""The graphs that predict with a network: plainly, and with test-time augmentation."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets.images import FetchedImages, fetched_ahead
from cnnjobs.spec import OwnViews
from cnnjobs.training.augmentation.views import views_of
from cnnjobs.training.epoch_images import white_of
from cnnjobs.training.hand_over import HOST, PlacedImages, copy_spec, place_images
from cnnjobs.training.input_pipeline import PixelScaling
from cnnjobs.training.outputs import Outputs, class_probabilities
from cnnjobs.training.replicas import replica_number

EVALUATION_BATCH, EVALUATION_BYTES = 256, 32 << 20
"""Most images per step at evaluation, over all replicas, and most bytes of them; does not change results."""


class PredictGraph:
    """Predicts with a network, whose weights may change in between; traced once.

    Args:
        strategy: where it runs; its replicas predict together.
        model: the network.
        outputs: what comes out of it.
        images: shape (None, height, width, channels) and dtype of stored images.
        views: of test-time augmentation; None for none.
        on_devices: whether images that are in memory have a copy on the device of each replica.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        model: keras.Model,
        outputs: Outputs,
        images: tf.TensorSpec,
        views: str | OwnViews | None,
        *,
        on_devices: bool = False,
    ) -> None:
        self._strategy, self._model, self._outputs = strategy, model, outputs
        self._replicas, self._on_devices = strategy.num_replicas_in_sync, on_devices
        self._image_shape = tuple(images.shape[1:])
        channels = tf.TensorSpec([images.shape[-1]], tf.float32)
        rows, batch = tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)
        copies = (copy_spec(images, on_devices=on_devices),) * (self._replicas if on_devices else 1)
        self._dtype = images.dtype
        given = [copies, rows, batch, channels, channels]
        self.forward = tf.function(functools.partial(self._forward, None), given, autograph=False)
        self._augmented = tf.function(functools.partial(self._forward, views), given, autograph=False)

    @property
    def traced(self) -> bool:
        """Whether it has predicted before: the first time takes longer."""
        return bool(self.forward.experimental_get_tracing_count())

    def predict(
        self, images: Any, rows: NDArray[np.int64], pixel_scaling: PixelScaling, *, augmented: bool = False
    ) -> NDArray[np.float32]:
        """Return class probabilities, (rows, classes), with the weights as they are now.

        Args:
            images: `PlacedImages`, or `FetchedImages`.
            rows: (rows,) which of them.
            pixel_scaling: the scaling.
            augmented: with the test-time augmentation of the variant.
        """
        forward = self._augmented if augmented else self.forward
        with tf.device(HOST):
            batch = tf.constant(self.evaluation_batch(len(rows)), tf.int64)
            gain, offset = tf.constant(pixel_scaling.gain), tf.constant(pixel_scaling.offset)
        if not isinstance(images, FetchedImages):
            return self._outputs_of(forward, images, rows, batch, gain, offset)
        parts = []
        for fetched in fetched_ahead(images, rows, self._rows_a_step(len(rows))):
            placed, every = place_images(fetched, ()), np.arange(len(fetched))
            parts.append(self._outputs_of(forward, placed, every, batch, gain, offset))
        return np.concatenate(parts)

    def evaluation_batch(self, rows: int) -> int:
        """Return how many of some images are predicted at once."""
        image_bytes = 4 * int(np.prod(self._image_shape))
        return min(EVALUATION_BATCH, max(1, EVALUATION_BYTES // image_bytes), rows)

    def _outputs_of(
        self, forward: Any, images: PlacedImages, rows: NDArray[np.int64], *rest: Any
    ) -> NDArray[np.float32]:
        """Return class probabilities of some images, (rows, classes)."""
        with tf.device(HOST):
            chosen = tf.constant(rows)
        probabilities: NDArray[np.float32] = forward(images.copies, chosen, *rest).numpy()[: len(rows)]
        return probabilities

    def _placed(self, copies: Any) -> PlacedImages:
        return PlacedImages(copies, self._image_shape, self._dtype, self._on_devices)

    def _rows_a_step(self, rows: int) -> int:
        """Return how many rows all replicas take at once in `predict`: as many as in one that has all rows."""
        return -(-self.evaluation_batch(rows) // int(self._replicas)) * int(self._replicas)

    def _forward(self, views: str | OwnViews | None, images: Any, rows: Any, batch: Any, gain: Any, offset: Any) -> Any:
        """Return class probabilities, (at least rows, classes) float32; the last row may come again.

        Args:
            views: of each image, whose probabilities are averaged; None for the image alone.
            images: `copies` of `PlacedImages`.
            rows: (rows,) int64.
            batch: () int64, rows per step over all replicas.
            gain: (channels,) float32.
            offset: (channels,) float32.
        """
        shard = (batch + self._replicas - 1) // self._replicas
        count, placed = tf.size(rows, tf.int64), self._placed(images)
        steps = (count + shard * self._replicas - 1) // (shard * self._replicas)

        def on_replica(index: Any) -> Any:
            with tf.device(HOST):
                place = (index * self._replicas + replica_number()) * shard
                chosen = tf.gather(rows, tf.minimum(tf.range(place, place + shard), count - 1))
            stored = tf.cast(placed.at(chosen), tf.float32)
            inputs = [view * gain + offset for view in views_of(views, stored, white_of(placed.dtype))]
            outputs = [tf.cast(self._model(one, training=False), tf.float32) for one in inputs]
            probabilities = [class_probabilities(one, self._outputs) for one in outputs]
            return probabilities[0] if len(probabilities) == 1 else tf.reduce_mean(tf.stack(probabilities), axis=0)

        def step(index: Any, parts: Any) -> tuple[Any, Any]:
            outputs = self._strategy.run(on_replica, (index,))
            joined = tf.concat(self._strategy.experimental_local_results(outputs), axis=0)
            return index + 1, parts.write(tf.cast(index, tf.int32), joined)

        parts = tf.TensorArray(tf.float32, size=tf.cast(steps, tf.int32))
        _, parts = tf.while_loop(lambda index, _: index < steps, step, (tf.constant(0, tf.int64), parts))
        return parts.concat()
