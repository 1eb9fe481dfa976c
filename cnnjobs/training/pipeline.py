"""The `tf.data` pipeline: every batch is a function of numbers alone, so any step can be made again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.plan import Seeds
from cnnjobs.spec import Augment
from cnnjobs.training.augmentation import apply_transforms, draw_transforms

EVALUATION_BATCH = 256
"""Images a step at evaluation, over all replicas; does not change results."""


@dataclass(frozen=True)
class Pixels:
    """How stored pixels become network input: `pixel * gain + offset`, a channel at a time.

    Args:
        gain: (channels,) float32.
        offset: (channels,) float32.
    """

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]

    def __call__(self, images: Any) -> Any:
        """Return float32 images (n, height, width, channels) scaled."""
        return images * self.gain + self.offset


def fit_pixels(scaling: str, images: NDArray[np.generic], rows: NDArray[np.int64]) -> Pixels:
    """Return the scaling, with statistics of the training rows only.

    Args:
        scaling: "unit", "center" or "standardize".
        images: (n, height, width, channels) uint8, or float32 in [0, 1].
        rows: the training rows.
    """
    channels = images.shape[-1]
    unit = 1 / 255 if images.dtype == np.uint8 else 1.0
    mean, deviation = np.zeros(channels), np.ones(channels)
    if scaling != "unit":
        chunks = [images[part].reshape(-1, channels).astype(np.float64) for part in np.array_split(rows, 64)]
        pixels = sum(len(chunk) for chunk in chunks)
        mean = sum(chunk.sum(axis=0) for chunk in chunks) / pixels
        if scaling == "standardize":
            variance = sum(((chunk - mean) ** 2).sum(axis=0) for chunk in chunks) / pixels
            deviation = np.maximum(np.sqrt(variance) * unit, 1e-7)
    gain = unit / deviation
    return Pixels(gain.astype(np.float32), (-mean * gain).astype(np.float32))


@dataclass(frozen=True)
class Shards:
    """How a set of rows is cut into steps, and each step into one shard a replica.

    Args:
        rows: number of rows.
        batch: rows a step, over all replicas; the last step has the rest.
        replicas: shards a step; the last ones of the last step may be empty.
    """

    rows: int
    batch: int
    replicas: int

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return -(-self.rows // self.batch)

    @property
    def shard(self) -> int:
        """Rows of a full shard."""
        return -(-self.batch // self.replicas)


def training_batches(
    images: Any,
    labels: Any,
    rows: Any,
    shards: Shards,
    *,
    seeds: Seeds,
    pixels: Pixels,
    augment: Augment | None,
    first_step: int = 0,
) -> tf.data.Dataset:
    """Return the endless sequence of training shards, keyed by step number.

    Element `step * replicas + shard` is that replica's part of the step: images (n, height, width,
    channels) float32, labels (n,) int32, and the rows of the step over all replicas, float32.

    Args:
        images: (n, height, width, channels) tensor, as stored.
        labels: (n,) int32 tensor.
        rows: (shards.rows,) int64 tensor, the training rows.
        shards: how they are cut.
        seeds: `order` shuffles each epoch anew, `augment` moves the images.
        pixels: the scaling.
        augment: ranges, or None.
        first_step: where to begin, for a run that continues.
    """
    height, width = images.shape[1:3]

    def one(element: Any) -> tuple[Any, Any, Any]:
        step, shard = element // shards.replicas, element % shards.replicas
        epoch, start = step // shards.steps, (step % shards.steps) * shards.batch
        in_step = tf.minimum(tf.constant(shards.batch, tf.int64), shards.rows - start)
        first = tf.minimum(shard * shards.shard, in_step)
        last = tf.minimum(first + shards.shard, in_step)
        order = tf.stack([tf.constant(seeds.order, tf.int64), epoch])
        highest = tf.constant(shards.rows - 1, tf.int64)
        places = tf.minimum(tf.range(start + first, start + first + shards.shard), highest)
        shuffled = tf.random.experimental.index_shuffle(places, tf.cast(order, tf.int32), highest)
        chosen = tf.gather(rows, shuffled[: last - first])  # cut here: an empty shard cannot be shuffled
        batch = tf.cast(tf.gather(images, chosen), tf.float32)
        if augment is not None:
            transforms = draw_transforms(augment, shards.batch, height, width, [seeds.augment, tf.cast(step, tf.int32)])
            batch = apply_transforms(batch, transforms[first:last], augment.fill)
        return pixels(batch), tf.gather(labels, chosen), tf.cast(in_step, tf.float32)

    elements = tf.data.Dataset.range(first_step * shards.replicas, np.iinfo(np.int64).max)
    return _prefetched(elements, one)


def evaluation_batches(images: Any, rows: Any, shards: Shards, *, pixels: Pixels) -> tf.data.Dataset:
    """Return the endless sequence of evaluation shards: the rows in order, over and over.

    Every shard is full: beyond the end the last row is repeated, and the caller cuts the surplus off.

    Args:
        images: (n, height, width, channels) tensor, as stored.
        rows: (shards.rows,) int64 tensor.
        shards: how they are cut.
        pixels: the scaling.
    """

    def one(element: Any) -> Any:
        place = (element % (shards.steps * shards.replicas)) * shards.shard
        wanted = tf.minimum(tf.range(place, place + shards.shard), shards.rows - 1)
        return pixels(tf.cast(tf.gather(images, tf.gather(rows, wanted)), tf.float32))

    return _prefetched(tf.data.Dataset.range(np.iinfo(np.int64).max), one)


def _prefetched(elements: tf.data.Dataset, one: Callable[[Any], Any]) -> tf.data.Dataset:
    """Map in parallel, keep the order, stay a few batches ahead."""
    dataset = elements.map(one, num_parallel_calls=2, deterministic=True).prefetch(4)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    options.threading.private_threadpool_size = 1
    return dataset.with_options(options)
