"""What of a block's images the host hands over to replicas on devices of their own, and what these make of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from cnnjobs.datasets.images import FetchedImages, Images
from cnnjobs.spec import Mixing, OwnTransform, Transform
from cnnjobs.training.epoch_images import Recipe, make_images
from cnnjobs.training.replicas import replica_number

HOST = "CPU:0"
"""The device of images that are in memory, where the pipeline runs."""


WORD = 8
"""Values of 8 bits that are gathered together on a device."""


class HandOver(Enum):
    """What the pipeline hands over; what is left to do is done on the device. Where it is done can change last bits."""

    IMAGES = "images, made on the host"
    STORED = "images as stored, with what is drawn for them"
    ROWS = "the rows of images, with what is drawn for them: the device has a copy of the data set"


class Unmade(NamedTuple):
    """What a block has in place of images that are not made yet.

    Args:
        recipe: what they are made from.
        gain: (channels,) float32, of the scaling.
        offset: (channels,) float32, of the scaling.
    """

    recipe: Recipe
    gain: Any
    offset: Any


@dataclass(frozen=True)
class PlacedImages:
    """Images in memory: on the host, or a copy on the device of each replica.

    Copies of 8 bits are held as words of eight values: TensorFlow gathers no single bytes on a GPU, but takes all to
    the host for it.

    Args:
        copies: tensors, one on the host or one per replica; as `copy_spec` says.
        image_shape: (height, width, channels).
        dtype: of a value, as stored.
        on_devices: whether there is one per replica.
    """

    copies: tuple[Any, ...]
    image_shape: tuple[int, int, int]
    dtype: Any
    on_devices: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        """(n, height, width, channels)."""
        return (self.copies[0].shape[0], *self.image_shape)

    def at(self, rows: Any) -> Any:
        """Return some images on the device of the replica that asks; from the host, they alone are copied.

        Args:
            rows: (rows,) integers.
        """
        if not self.on_devices:
            with tf.device(HOST):  # else the device gathers, from a copy of all
                chosen = tf.gather(self.copies[0], rows)
            return tf.identity(chosen)
        chosen = tf.gather(self.copies[replica_number()], rows)
        if chosen.dtype == self.dtype:
            return chosen
        values = tf.reshape(tf.bitcast(chosen, self.dtype), [-1, WORD * chosen.shape[1]])
        return tf.reshape(values[:, : int(np.prod(self.image_shape))], [-1, *self.image_shape])


def copy_spec(images: tf.TensorSpec, *, on_devices: bool) -> tf.TensorSpec:
    """Return shape and dtype of each of the `copies` of images.

    Args:
        images: shape (None, height, width, channels) and dtype of stored images.
        on_devices: whether they lie on the devices of replicas.
    """
    if not on_devices or images.dtype != tf.uint8:
        return images
    return tf.TensorSpec([None, -(-int(np.prod(images.shape[1:])) // WORD)], tf.int64)


def place_images(images: Any, devices: Sequence[str]) -> PlacedImages:
    """Return images as tensors.

    Args:
        images: (n, height, width, channels) array.
        devices: of the replicas, for a copy on each; none for one on the host.
    """
    copies, given = [], images
    if devices and images.dtype == np.uint8:
        flat = images.reshape(len(images), -1)
        given = np.pad(flat, [(0, 0), (0, -flat.shape[1] % WORD)]).view(np.int64)
    for device in devices or (HOST,):
        with tf.device(device):
            copies.append(tf.constant(given))
    return PlacedImages(tuple(copies), images.shape[1:], tf.as_dtype(images.dtype), bool(devices))


def fit_on_devices(parts: Sequence[Images], most_bytes: int) -> bool:
    """Say whether the parts of a data set are all in memory, and together have at most so many bytes."""
    in_memory = not any(isinstance(part, FetchedImages) for part in parts)
    return in_memory and sum(part.nbytes for part in parts) <= most_bytes


def hand_over_of(transforms: Sequence[Transform], *, own_devices: bool, images: Any) -> HandOver:
    """Return what is handed over of a variant's images.

    Not where images lie, but the variant and the kind of device decide where they are made: so how much memory a
    device has does not change a bit. Functions of the user's run on the host, like everything beside them then: they
    may use what a GPU does not know.

    Args:
        transforms: of the variant.
        own_devices: whether replicas are on devices of their own, with a memory of their own.
        images: `PlacedImages` or `FetchedImages`.
    """
    if not own_devices or any(isinstance(one, OwnTransform) for one in transforms):
        return HandOver.IMAGES
    return HandOver.ROWS if not isinstance(images, FetchedImages) and images.on_devices else HandOver.STORED


def maker_of(images: Any, transforms: Sequence[Transform], mixings: Sequence[Mixing]) -> Callable[[Any], Any]:
    """Return what a replica makes of a block that was handed over: the same with its images, all on its device.

    Args:
        images: `PlacedImages` or `FetchedImages`.
        transforms: of the variant.
        mixings: of the variant.
    """

    def make(block: Any) -> Any:
        here = tf.nest.map_structure(tf.identity, block)
        if not isinstance(here.images, Unmade):
            return here
        recipe, gain, offset = here.images
        stored = recipe.stored if tf.is_tensor(recipe.stored) else images.at(recipe.rows)
        return here._replace(images=make_images(recipe, stored, transforms, mixings) * gain + offset)

    return make
