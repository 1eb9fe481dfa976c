"""Draws the transforms of an epoch, one for each place in its order, and applies them to any of its images."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from cnnjobs.spec import Augment, Transform
from cnnjobs.training.augmentation.affine import apply_transforms, draw_transforms

Size = tuple[int, int]
"""Height and width of images, pixels."""


@dataclass(frozen=True)
class Kind:
    """How a kind of transform is drawn and applied; neither looks at anything but its arguments.

    Args:
        draw: (spec, count, size, seed (2,) integers) -> what `count` images are transformed by, a tensor (count, ...);
            all draws are made whatever the spec's values, so that changing one leaves the others alone.
        apply: (spec, images (n, height, width, channels) float32 as stored, drawn (n, ...), white) -> images of the
            same shape, with values from 0 to `white`, the value of a white pixel (255 or 1) wherever they were.
    """

    draw: Callable[[Any, Any, Size, Any], Any]
    apply: Callable[[Any, Any, Any, float], Any]


KINDS: Mapping[type, Kind] = {
    Augment: Kind(
        lambda spec, count, size, seed: draw_transforms(spec, count, *size, seed),
        lambda spec, images, drawn, white: apply_transforms(images, drawn, spec.fill),
    ),
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
        KINDS[type(one)].draw(one, count, size, _key_of(key, one.kind, number))
        for one, number in zip(transforms, numbers, strict=True)
    )


def apply_drawn(transforms: Sequence[Transform], images: Any, drawn: Sequence[Any], white: float) -> Any:
    """Return the images, transformed by what was drawn for them.

    Args:
        transforms: in this order.
        images: (n, height, width, channels) float32, as stored.
        drawn: for each transform, (n, ...).
        white: value of a white pixel, 255 or 1.
    """
    for one, own in zip(transforms, drawn, strict=True):
        images = KINDS[type(one)].apply(one, images, own, white)
    return images


def _key_of(key: Any, kind: str, number: int) -> Any:
    """Return the seed of a transform, (2,) integers."""
    if (kind, number) == (Augment.kind, 0):
        return key
    word = int.from_bytes(hashlib.sha256(f"{kind} {number}".encode()).digest()[:4], "big") >> 1
    return tf.random.experimental.stateless_fold_in(key, word)
