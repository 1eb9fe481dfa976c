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
        mean = _mean_over_pixels(images, rows, lambda pixels: pixels)
    if scaling == "standardize":
        variance = _mean_over_pixels(images, rows, lambda pixels: (pixels - mean) ** 2)
        deviation = np.maximum(np.sqrt(variance) * unit, 1e-7)
    gain = unit / deviation
    return Pixels(gain.astype(np.float32), (-mean * gain).astype(np.float32))


def _mean_over_pixels(
    images: NDArray[np.generic], rows: NDArray[np.int64], of: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the mean of `of(pixels)` a channel, (channels,), without holding all pixels as float64."""
    channels = images.shape[-1]
    total, pixels = np.zeros(channels), 0
    for start in range(0, len(rows), 1024):
        chunk = images[rows[start : start + 1024]].reshape(-1, channels).astype(np.float64)
        total += of(chunk).sum(axis=0)
        pixels += len(chunk)
    return total / pixels


@dataclass(frozen=True)
class Shards:
    """How a set of rows is cut into steps, and each step into one shard a replica.

    Args:
        rows: number of rows.
        batch: rows a step, over all replicas; the last step has the rest.
        replicas: shards a step, cut as evenly as it goes.
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
        """Rows of a shard at evaluation, where every shard is full."""
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
    channels) float32, labels (n,) int32, weights (n,) float32 that are 1, and the rows of the step
    over all replicas, float32. Each step is cut evenly; a replica that no row is left for gets one
    of weight 0, because convolutions refuse an empty batch on some devices.

    An epoch's order comes from `stateless_shuffle`, keyed by (order seed, epoch). Not from
    `index_shuffle`: with its default rounds it uses 8 bits of each key, and successive epochs of
    50,000 rows correlate at 0.75.

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

    def shards_of(epoch: Any) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(rows, tf.cast([seeds.order, epoch], tf.int32))
        places = tf.data.Dataset.range(shards.steps * shards.replicas)
        return tf.data.Dataset.zip(tf.data.Dataset.from_tensors((epoch, order)).repeat(), places)

    def one(epoch_and_order: Any, place: Any) -> tuple[Any, Any, Any, Any]:
        epoch, order = epoch_and_order
        step, shard = place // shards.replicas, place % shards.replicas
        start = step * shards.batch
        in_step = tf.minimum(tf.constant(shards.batch, tf.int64), shards.rows - start)
        first, last = shard * in_step // shards.replicas, (shard + 1) * in_step // shards.replicas
        filled = tf.maximum(last, first + 1)  # a replica without a row gets one that weighs nothing
        chosen = tf.gather(order, tf.minimum(tf.range(start + first, start + filled), shards.rows - 1))
        batch = tf.cast(tf.gather(images, chosen), tf.float32)
        if augment is not None:
            key = [seeds.augment, tf.cast(epoch * shards.steps + step, tf.int32)]
            transforms = draw_transforms(augment, shards.batch + 1, height, width, key)
            batch = apply_transforms(batch, transforms[first:filled], augment.fill)
        weights = tf.cast(tf.range(first, filled) < last, tf.float32)
        return pixels(batch), tf.gather(labels, chosen), weights, tf.cast(in_step, tf.float32)

    elements = tf.data.Dataset.range(first_step // shards.steps, np.iinfo(np.int64).max).flat_map(
        tf.autograph.experimental.do_not_convert(shards_of)
    )
    return _prefetched(elements.skip((first_step % shards.steps) * shards.replicas), one)


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


def _prefetched(elements: tf.data.Dataset, one: Callable[..., Any]) -> tf.data.Dataset:
    """Map in parallel, keep the order, stay a few batches ahead."""
    plain = tf.autograph.experimental.do_not_convert(one)  # it has no Python control flow on tensors
    dataset = elements.map(plain, num_parallel_calls=2, deterministic=True).prefetch(4)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    options.threading.private_threadpool_size = 1
    return dataset.with_options(options)
