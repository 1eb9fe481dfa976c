"""The images of an epoch: which row stands at each place of its order, how it is transformed, with what it is mixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cnnjobs.datasets.images import FetchedImages
from cnnjobs.spec import Mixing, Transform
from cnnjobs.training.augmentation.mixing import Mix, Mixed, draw_mix, mix_images
from cnnjobs.training.augmentation.transforms import apply_drawn, draw_epoch


def white_of(dtype: Any) -> float:
    """Return the value of a white pixel in stored images: 255 for uint8, 1 for float32."""
    return 255.0 if dtype == np.uint8 else 1.0


@dataclass(frozen=True)
class Sources:
    """Where training rows come from.

    Args:
        images: (n, height, width, channels) tensor, as stored, or `FetchedImages`.
        labels: (n,) int32 tensor.
        rows: (layout.rows,) int64, the training rows.
        sample_weights: (n,) float32, how much each row counts in the loss.
        pixel_scaling: the scaling, a `PixelScaling`.
        transforms: what augmentation does to each image.
        order: seed that shuffles each epoch anew.
        augment: seed that draws the transforms.
        mixings: what then mixes the images with others.
    """

    images: Any
    labels: Any
    rows: Any
    sample_weights: Any
    pixel_scaling: Any
    transforms: Sequence[Transform]
    order: Any
    augment: Any
    mixings: Sequence[Mixing] = ()


def draw_order(rows: Any, seed: Any, epoch: Any) -> Any:
    """Return the rows in an epoch's order, keyed by (seed, epoch), with `stateless_shuffle`.

    Not with `index_shuffle`: with its default rounds it uses 8 bits of each key, and successive epochs
    of 50,000 rows correlate at 0.75.

    Args:
        rows: (n,) integers.
        seed: of the order.
        epoch: counted from 0.
    """
    return tf.random.experimental.stateless_shuffle(rows, tf.stack([seed, tf.cast(epoch, tf.int32)]))


def gather_images(images: Any, rows: Any) -> Any:
    """Return a tensor of some images, as stored.

    Args:
        images: (n, height, width, channels) tensor, or `FetchedImages`.
        rows: (rows,) int64 tensor.
    """
    if not isinstance(images, FetchedImages):
        return tf.gather(images, rows)
    # no state: what has some runs strictly one after the other, and nothing is fetched ahead, where operations are
    # deterministic
    fetched = tf.numpy_function(images.__getitem__, [rows], images.dtype, stateful=False)
    return tf.ensure_shape(fetched, [None, *images.image_shape])


class Drawn(NamedTuple):
    """What chance decides of an epoch, for each place in its order.

    Args:
        order: (rows,) int64, the rows.
        transforms: for each transform, (rows, ...).
        mix: how images are mixed; () where none are.
    """

    order: Any
    transforms: tuple[Any, ...]
    mix: Mix | tuple[()]


def draw(sources: Sources, rows: int, epoch: Any) -> Drawn:
    """Return what chance decides of an epoch.

    Args:
        sources: where rows come from.
        rows: how many there are.
        epoch: counted from 0.
    """
    size = sources.images.shape[1:3]
    return Drawn(
        draw_order(tf.convert_to_tensor(sources.rows), sources.order, epoch),
        draw_epoch(sources.transforms, rows, size, sources.augment, epoch),
        draw_mix(sources.mixings, rows, size, sources.augment, epoch) if sources.mixings else (),
    )


class Recipe(NamedTuple):
    """What the images of a block are made from: those of its rows and of their partners, each once.

    Args:
        rows: (m,) int64, of the data set.
        stored: (m, height, width, channels), as stored; () where they are taken from a copy of the data set.
        transforms: for each transform, (m, ...).
        own: (n,) int32, which of these images each row has; () where none are mixed.
        partners: (n,) int32, which of them it is mixed with; () where none are mixed.
        mix: how, of n rows; () where none are mixed.
    """

    rows: Any
    stored: Any
    transforms: tuple[Any, ...]
    own: Any
    partners: Any
    mix: Mix | tuple[()]


def pick(sources: Sources, drawn: Drawn, places: Any) -> tuple[Recipe, Mixed | tuple[()]]:
    """Return what the images at some places are made from, without these as stored, and how they are mixed.

    Args:
        sources: where rows come from.
        drawn: what chance decides of the epoch.
        places: (n,) int64, in the order of the epoch.
    """
    if not drawn.mix:
        return _picked(drawn, places), ()
    here = Mix(*(tf.gather(each, places) for each in drawn.mix))
    once, both = tf.unique(tf.concat([places, here.partners], axis=0))  # each image is made once
    own, partners = tf.split(both, 2)
    labels = tf.gather(sources.labels, tf.gather(drawn.order, here.partners))
    return _picked(drawn, once)._replace(own=own, partners=partners, mix=here), Mixed(labels, here.shares)


def _picked(drawn: Drawn, places: Any) -> Recipe:
    transforms = tuple(tf.gather(each, places) for each in drawn.transforms)
    return Recipe(tf.gather(drawn.order, places), (), transforms, (), (), ())


def make_images(recipe: Recipe, stored: Any, transforms: Sequence[Transform], mixings: Sequence[Mixing]) -> Any:
    """Return the images of a block, (n, height, width, channels) float32, transformed and mixed, not scaled.

    Args:
        recipe: what they are made from.
        stored: (m, height, width, channels), the images of its rows.
        transforms: what is done to each of these.
        mixings: what then mixes them.
    """
    images = apply_drawn(transforms, tf.cast(stored, tf.float32), recipe.transforms, white_of(stored.dtype))
    if not recipe.mix:
        return images
    own, partners = (tf.gather(images, part) for part in (recipe.own, recipe.partners))
    return mix_images(mixings, own, partners, recipe.mix)
