"""The `tf.data` pipeline: every step is a function of numbers alone, so any epoch can be made again."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets.images import Images
from cnnjobs.planning.trials import Seeds
from cnnjobs.spec import Mixing, Transform
from cnnjobs.training.augmentation.mixing import Mixed
from cnnjobs.training.epoch_images import Drawn, Sources, draw, gather_images, make_images, pick, white_of
from cnnjobs.training.hand_over import HOST, HandOver, PlacedImages, Unmade
from cnnjobs.training.pixel_sums import mean_over_pixels

BLOCK_BYTES = 4 << 20
"""Most bytes that several steps handed over together should take; a single step may take more."""

BLOCK_STEPS = 16
"""Most steps handed over together."""


@dataclass(frozen=True)
class PixelScaling:
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


def fit_pixel_scaling(scaling: str, images: Images, rows: NDArray[np.int64]) -> PixelScaling:
    """Return the scaling, with statistics of the training rows only.

    Args:
        scaling: "unit", "center" or "standardize".
        images: (n, height, width, channels) uint8, or float32 in [0, 1].
        rows: the training rows.
    """
    channels = images.shape[-1]
    unit = 1 / white_of(images.dtype)
    mean, deviation = np.zeros(channels), np.ones(channels)
    if scaling != "unit":
        mean = mean_over_pixels(images, rows, lambda pixels: pixels)
    if scaling == "standardize":
        variance = mean_over_pixels(images, rows, lambda pixels: (pixels - mean) ** 2)
        deviation = np.maximum(np.sqrt(variance) * unit, 1e-7)
    gain = unit / deviation
    return PixelScaling(gain.astype(np.float32), (-mean * gain).astype(np.float32))


@dataclass(frozen=True)
class Layout:
    """How the rows of an epoch are cut: into steps, each step into one shard a replica, several steps into a block.

    A block is what the pipeline hands over at once, because a hand-over costs as much as a small
    network's convolution. Each step is cut evenly; a replica that no row is left for gets one that is
    masked, because convolutions refuse an empty batch on some devices.

    Args:
        rows: number of rows.
        batch: rows per step, over all replicas; the last step has the rest.
        replicas: shards a step.
        block: steps handed over at once.
    """

    rows: int
    batch: int
    replicas: int
    block: int

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return -(-self.rows // self.batch)

    @property
    def blocks(self) -> int:
        """Blocks an epoch."""
        return -(-self.steps // self.block)

    @cached_property
    def step_rows(self) -> NDArray[np.int64]:
        """Rows of each step over all replicas, (steps,)."""
        counts = np.full(self.steps, self.batch)
        counts[-1] = self.rows - (self.steps - 1) * self.batch
        return counts

    def shards(self, replica: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return first place and number of rows, each (steps,), of a replica's part of each step."""
        counts = self.step_rows
        first, last = (edge * counts // self.replicas for edge in (replica, replica + 1))
        return np.arange(self.steps) * self.batch + first, last - first

    def images_in(self, first: int, blocks: int) -> int:
        """Return how many rows some successive blocks have, over all replicas."""
        return int(self.step_rows[first * self.block : (first + blocks) * self.block].sum())


def lay_out(rows: int, batch: int, replicas: int, image_shape: tuple[int, int, int]) -> Layout:
    """Return the layout of an epoch, with blocks of at most `BLOCK_STEPS` steps and about `BLOCK_BYTES`."""
    step_bytes = 4 * batch * int(np.prod(image_shape))
    return Layout(rows, batch, replicas, max(1, min(BLOCK_STEPS, BLOCK_BYTES // step_bytes)))


class Shard(NamedTuple):
    """The rows that one replica has of a step.

    Args:
        images: (n, height, width, channels) float32, scaled.
        labels: (n,) int32.
        row_mask: (n,) float32, 0 for a row that does not exist and only fills an empty shard, else 1.
        sample_weights: (n,) float32, how much each row counts in the loss.
        step_rows: () float32, rows of the step over all replicas.
        mixed: what else their labels are where images are mixed; () where none are.
    """

    images: Any
    labels: Any
    row_mask: Any
    sample_weights: Any
    step_rows: Any
    mixed: Mixed | tuple[()] = ()


class Block(NamedTuple):
    """What one replica has of several steps, one after the other: a `Shard` of each.

    Args:
        images: (n, height, width, channels) float32, scaled; `Unmade` where the device is to make them.
        labels: (n,) int32.
        row_mask: (n,) float32.
        sample_weights: (n,) float32.
        edges: (steps + 1,) int32, where each step begins and the last ends.
        step_rows: (steps,) float32, rows of each step over all replicas.
        mixed: what else their labels are where images are mixed, of n rows; () where none are.
    """

    images: Any
    labels: Any
    row_mask: Any
    sample_weights: Any
    edges: Any
    step_rows: Any
    mixed: Mixed | tuple[()] = ()

    def shard(self, step: Any) -> Shard:
        """Return the rows of one of its steps."""
        first, last = self.edges[step], self.edges[step + 1]
        images, labels, row_mask, sample_weights = (column[first:last] for column in self[:4])
        mixed = Mixed(*(column[first:last] for column in self.mixed)) if self.mixed else ()
        return Shard(images, labels, row_mask, sample_weights, self.step_rows[step], mixed)


@dataclass(frozen=True)
class _ReplicaShare:
    """What one replica has of an epoch: its shards one after the other, an empty one filled by a masked row.

    Args:
        places: (n,) int64, places in the order of the epoch.
        row_mask: (n,) float32, 0 for a row that only fills an empty shard, else 1.
        edges: (steps + 1,) int32, where each shard begins in these and the last ends.
        step_rows: (steps,) float32, rows of each step over all replicas.
    """

    places: Any
    row_mask: Any
    edges: Any
    step_rows: Any


def _replica_share(layout: Layout, replica: int) -> _ReplicaShare:
    first, counts = layout.shards(replica)
    filled = np.maximum(counts, 1)
    places = np.concatenate([np.arange(a, a + n) for a, n in zip(first, filled, strict=True)])
    return _ReplicaShare(
        tf.constant(np.minimum(places, layout.rows - 1)),
        tf.constant(np.repeat(np.where(counts > 0, 1.0, 0.0), filled).astype(np.float32)),
        tf.constant(np.concatenate([[0], np.cumsum(filled)]).astype(np.int32)),
        tf.constant(layout.step_rows.astype(np.float32)),
    )


def training_blocks(
    sources: Sources, layout: Layout, replica: int, first_epoch: Any = 0, hand_over: HandOver = HandOver.IMAGES
) -> tf.data.Dataset:
    """Return the endless sequence of one replica's blocks, each a `Block`.

    The transforms of an epoch are drawn at once, one for each place in its order, and so is the partner that its
    image is mixed with: neither replicas nor blocks change what a place draws.

    Args:
        sources: where rows come from.
        layout: how they are cut.
        replica: whose part.
        first_epoch: where to begin, for a run that continues.
        hand_over: what a block has for images.
    """
    share = _replica_share(layout, replica)

    def blocks_of(epoch: Any) -> tf.data.Dataset:
        drawn = tf.data.Dataset.from_tensors(draw(sources, layout.rows, epoch))
        return tf.data.Dataset.zip(tf.data.Dataset.range(layout.blocks), drawn.repeat())

    def gather_block(block: Any, drawn: Drawn) -> Block:
        begin = tf.cast(block, tf.int32) * layout.block
        cuts = share.edges[begin : begin + layout.block + 1]
        here = share.places[cuts[0] : cuts[-1]]
        chosen = tf.gather(drawn.order, here)
        images, mixed = _handed_over(sources, drawn, here, hand_over)
        return Block(
            images,
            tf.gather(sources.labels, chosen),
            share.row_mask[cuts[0] : cuts[-1]],
            tf.gather(sources.sample_weights, chosen),
            cuts - cuts[0],
            share.step_rows[begin : begin + layout.block],
            mixed,
        )

    # neither function has Python control flow on tensors, and AutoGraph breaks with Python's versions
    blocks_of, gather_block = (tf.autograph.experimental.do_not_convert(each) for each in (blocks_of, gather_block))
    blocks = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max).flat_map(blocks_of)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False  # nothing to tune; it begins anew with every trial, and ends up to 0.6 s late
    return blocks.map(gather_block, num_parallel_calls=2, deterministic=True).prefetch(2).with_options(options)


def _handed_over(sources: Sources, drawn: Drawn, places: Any, hand_over: HandOver) -> tuple[Any, Mixed | tuple[()]]:
    """Return what a block has for images, and how they are mixed."""
    recipe, mixed = pick(sources, drawn, places)
    scaling = sources.pixel_scaling
    if hand_over is not HandOver.ROWS:
        stored = gather_images(sources.images, recipe.rows)
        if hand_over is HandOver.IMAGES:
            return scaling(make_images(recipe, stored, sources.transforms, sources.mixings)), mixed
        recipe = recipe._replace(rows=(), stored=stored)
    return Unmade(recipe, scaling.gain, scaling.offset), mixed


class Pipeline:
    """The pipeline of a variant: traced once, for all its repeats.

    Args:
        images: `PlacedImages`, or `FetchedImages`.
        labels: (n,) int32 tensor.
        layout: how rows are cut.
        transforms: what augmentation does to each image.
        mixings: what then mixes the images with others.
        hand_over: what a block has for images.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        layout: Layout,
        transforms: Sequence[Transform],
        mixings: Sequence[Mixing] = (),
        hand_over: HandOver = HandOver.IMAGES,
    ) -> None:
        def make(replica: int, rows: Any, weights: Any, scaling: Any, seeds: Any, first_epoch: Any) -> Any:
            order, augment = seeds
            scaled = PixelScaling(*scaling)
            on_host = isinstance(images, PlacedImages) and not images.on_devices
            held = images.copies[0] if on_host else images
            sources = Sources(held, labels, rows, weights, scaled, transforms, order, augment, mixings)
            return training_blocks(sources, layout, replica, first_epoch, hand_over)

        self._makers = [
            tf.function(functools.partial(make, replica), autograph=False) for replica in range(layout.replicas)
        ]

    def iterators(
        self,
        rows: NDArray[np.int64],
        sample_weights: NDArray[np.float32],
        pixel_scaling: PixelScaling,
        seeds: Seeds,
        first_epoch: int = 0,
    ) -> tuple[Iterator[Any], ...]:
        """Return one endless iterator over blocks for each replica.

        Args:
            rows: (layout.rows,) the training rows.
            sample_weights: (n,) how much each row of the data set counts in the loss.
            pixel_scaling: the scaling.
            seeds: `order` shuffles each epoch anew, `augment` draws what is done to the images.
            first_epoch: where to begin, for a run that continues.
        """
        with tf.device(HOST):  # where the pipeline runs, whatever device eager operations use
            scaling = (tf.constant(pixel_scaling.gain), tf.constant(pixel_scaling.offset))
            seeded = (tf.constant(seeds.order), tf.constant(seeds.augment))
            given = (tf.constant(rows), tf.constant(sample_weights), scaling, seeded)
            return tuple(iter(make(*given, tf.constant(first_epoch, tf.int64))) for make in self._makers)
