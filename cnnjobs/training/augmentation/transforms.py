"""Draws the transforms of an epoch, one for each place in its order, and applies them to any of its images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from cnnjobs.spec import (
    Augment,
    ColorJitter,
    Cutout,
    Flip,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    OwnTransform,
    PadCrop,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    Transform,
    TrivialAugment,
)
from cnnjobs.training.augmentation import boxes, colours, crops, filters, occlusion, policies
from cnnjobs.training.augmentation.affine import apply_transforms, draw_transforms
from cnnjobs.training.augmentation.keys import key_of
from cnnjobs.training.augmentation.own import own

Size = tuple[int, int]
"""Height and width of images, pixels."""

Draw = Callable[[Any, Any, Size, Any], Any]


@dataclass(frozen=True)
class Kind:
    """How a kind of transform is drawn and applied; neither looks at anything but its arguments.

    Args:
        draw: (spec, count, size, seed (2,) integers) -> what `count` images are transformed by, a tensor (count, ...);
            all draws are made whatever the spec's values, so that changing one leaves the others alone.
        apply: (spec, images (n, height, width, channels) float32 as stored, drawn (n, ...), white) -> images of the
            same shape, with values from 0 to `white`, the value of a white pixel (255 or 1) wherever they were.
        whole: whether the `probability` of a spec, if it has one, is that of the whole transform, which is drawn and
            heeded here.
    """

    draw: Draw
    apply: Callable[[Any, Any, Any, float], Any]
    whole: bool = True


def _uniform(*shape: int) -> Draw:
    """Return what draws as many numbers in [0, 1) for each image."""
    return lambda spec, count, size, seed: tf.random.stateless_uniform([count, *shape], seed)


def _draw_rounds(spec: RandAugment, count: Any, size: Size, seed: Any) -> Any:
    """Return the draws of each round, (count, rounds * 2): more rounds leave the first ones alone."""
    rounds = [tf.random.experimental.stateless_fold_in(seed, number) for number in range(spec.n)]
    return tf.concat([tf.random.stateless_uniform([count, 2], one) for one in rounds], axis=1)


def _draw_seeds(spec: OwnTransform, count: Any, size: Size, seed: Any) -> Any:
    """Return a seed for each image, (count, 2) int32."""
    return tf.random.stateless_uniform([count, 2], seed, minval=None, maxval=None, dtype=tf.int32)


KINDS: Mapping[type, Kind] = {
    Augment: Kind(
        lambda spec, count, size, seed: draw_transforms(spec, count, *size, seed),
        lambda spec, images, drawn, white: apply_transforms(images, drawn, spec.fill),
    ),
    Flip: Kind(_uniform(2), crops.flip, whole=False),
    PadCrop: Kind(_uniform(2), crops.pad_and_crop),
    RandomResizedCrop: Kind(_uniform(boxes.DRAWS), crops.resized_crop),
    ColorJitter: Kind(_uniform(4), colours.jitter),
    Grayscale: Kind(_uniform(0), colours.grey),
    GaussianBlur: Kind(_uniform(1), filters.blur),
    GaussianNoise: Kind(_uniform(2), filters.noise),
    Cutout: Kind(_uniform(4), occlusion.cutout),
    RandomErasing: Kind(_uniform(boxes.DRAWS + 2), occlusion.erase),
    RandAugment: Kind(_draw_rounds, policies.rand_augment),
    TrivialAugment: Kind(_uniform(3), policies.trivial_augment),
    OwnTransform: Kind(_draw_seeds, own),
}
"""Every kind of transform."""


def draw_epoch(transforms: Sequence[Transform], count: int, size: Size, seed: Any, epoch: Any) -> tuple[Any, ...]:
    """Return what each transform draws for an epoch, one row for each place in its order, keyed by (seed, epoch).

    A transform draws by its kind, and by how many of that kind stand before it: taking another one out leaves
    its draws alone.

    Args:
        transforms: in the order in which they are applied.
        count: places.
        size: of the images.
        seed: of the transforms.
        epoch: counted from 0.
    """
    key = tf.stack([seed, tf.cast(epoch, tf.int32)])
    kinds = [one.kind for one in transforms]
    numbers = [kinds[:index].count(kind) for index, kind in enumerate(kinds)]
    return tuple(
        _draw(one, count, size, _key_of(key, one.kind, number)) for one, number in zip(transforms, numbers, strict=True)
    )


def apply_drawn(transforms: Sequence[Transform], images: Any, drawn: Sequence[Any], white: float) -> Any:
    """Return the images, transformed by what was drawn for them.

    Args:
        transforms: in this order.
        images: (n, height, width, channels) float32, as stored.
        drawn: for each transform, (n, ...).
        white: value of a white pixel, 255 or 1.
    """
    for one, its in zip(transforms, drawn, strict=True):
        images = _applied(one, images, its, white)
    return images


def _chance(spec: Transform) -> float:
    """Return the probability with which an image is transformed at all, as far as it is drawn here."""
    return float(getattr(spec, "probability", 1.0)) if KINDS[type(spec)].whole else 1.0


def _draw(spec: Transform, count: Any, size: Size, key: Any) -> Any:
    """Return what a transform draws; before it, for one that is not certain, whether an image is transformed."""
    drawn = KINDS[type(spec)].draw(spec, count, size, key)
    if _chance(spec) == 1:
        return drawn
    chances = tf.random.stateless_uniform([count, 1], tf.random.experimental.stateless_fold_in(key, -1))
    return tf.concat([chances, drawn], axis=1)


def _applied(spec: Transform, images: Any, drawn: Any, white: float) -> Any:
    """Return the images after a transform, those as they were that it passes over."""
    apply = KINDS[type(spec)].apply
    if _chance(spec) == 1:
        return apply(spec, images, drawn, white)
    transformed = (drawn[:, 0] < _chance(spec))[:, None, None, None]
    return tf.where(transformed, apply(spec, images, drawn[:, 1:], white), images)


def _key_of(key: Any, kind: str, number: int) -> Any:
    """Return the seed of a transform, (2,) integers."""
    if (kind, number) == (Augment.kind, 0):
        return key
    return key_of(key, f"{kind} {number}")
