"""`RandAugment` and `TrivialAugment`: each image goes through what is drawn for it, and through nothing else."""

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from cnnjobs.spec import RandAugment, TrivialAugment
from cnnjobs.spec.transforms.policies import MAGNITUDES
from cnnjobs.training.augmentation import eight_bit
from cnnjobs.training.augmentation.affine import apply_transforms
from cnnjobs.training.augmentation.colours import brightened, contrasted, saturated

GEOMETRIC = ("shear x", "shear y", "translate x", "translate y", "rotate")

COLOURED = ("brightness", "colour", "contrast", "sharpness", "posterize", "solarize", "autocontrast", "equalize")

OPERATIONS = ("none", *GEOMETRIC, *COLOURED)
"""What is drawn from."""

GROUPS = (0, *[1] * len(GEOMETRIC), *range(2, 2 + len(COLOURED)))
"""The group of each: those that move pixels are done at once."""


@dataclass(frozen=True)
class Strengths:
    """What operations do at the largest magnitude.

    Args:
        shear: pixels a pixel.
        shift: (height, width) pixels.
        angle: degrees.
        factor: of colours and sharpness, from 1.
        bits: that posterising takes away.
    """

    shear: float
    shift: tuple[float, float]
    angle: float
    factor: float
    bits: int


def rand_augment(spec: RandAugment, images: Any, draws: Any, white: float) -> Any:
    """Return the images after each round.

    Args:
        spec: the magnitude.
        images: (n, height, width, channels) float32.
        draws: (n, rounds * 2) uniform in [0, 1): operation and direction.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    strengths = Strengths(0.3, (150 / 331 * height, 150 / 331 * width), 30, 0.9, 4)
    for number in range(spec.n):
        operations, directions = draws[:, 2 * number], draws[:, 2 * number + 1]
        magnitudes = tf.fill(tf.shape(operations), spec.magnitude / MAGNITUDES)
        images = operated(images, _chosen(operations), magnitudes, _signs(directions), strengths, white)
    return images


def trivial_augment(spec: TrivialAugment, images: Any, draws: Any, white: float) -> Any:
    """Return the images after one operation each.

    Args:
        spec: of no meaning here.
        images: (n, height, width, channels) float32.
        draws: (n, 3) uniform in [0, 1): operation, direction and magnitude.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    operations, directions, magnitudes = tf.unstack(draws, axis=1)
    strengths = Strengths(0.99, (min(32, height), min(32, width)), 135, 0.99, 6)
    fractions = tf.floor(magnitudes * (MAGNITUDES + 1)) / MAGNITUDES
    return operated(images, _chosen(operations), fractions, _signs(directions), strengths, white)


def operated(images: Any, operations: Any, fractions: Any, signs: Any, strengths: Strengths, white: float) -> Any:
    """Return the images after the operation of each.

    Images are sorted into those of one kind of operation, and put together again.

    Args:
        images: (n, height, width, channels) float32.
        operations: (n,) int32, of `OPERATIONS`.
        fractions: (n,) magnitudes, 0 to 1.
        signs: (n,) directions, -1 or 1.
        strengths: what the magnitudes mean.
        white: value of a white pixel.
    """
    groups = tf.gather(tf.constant(GROUPS), operations)
    places = tf.dynamic_partition(tf.range(tf.shape(operations)[0]), groups, max(GROUPS) + 1)
    parts = []
    for name, here in zip(("none", "moves", *COLOURED), places, strict=True):
        own = tf.ensure_shape(tf.gather(images, here), [None, *images.shape[1:]])
        fraction, sign, operation = (tf.gather(each, here) for each in (fractions, signs, operations))
        if name == "moves":
            moves = movements(operation, fraction * sign, images.shape[1:3], strengths)
            parts.append(apply_transforms(own, moves, "constant", "NEAREST"))
        else:
            parts.append(own if name == "none" else coloured(name, own, fraction, sign, strengths, white))
    return tf.ensure_shape(tf.dynamic_stitch(places, parts), images.shape)


def movements(operations: Any, amounts: Any, size: tuple[int, int], strengths: Strengths) -> Any:
    """Return one transform an image, (n, 8), as `ImageProjectiveTransformV3` takes them.

    As in Pillow, the corner of the first pixel is the origin, and shear leaves the first row or column where it is.

    Args:
        operations: (n,) int32, of `OPERATIONS`.
        amounts: (n,) magnitudes with their direction, -1 to 1.
        size: height and width of the images.
        strengths: what the magnitudes mean.
    """
    shear_x, shear_y, shift_x, shift_y, turn = (
        tf.where(operations == OPERATIONS.index(name), amounts, 0.0) for name in GEOMETRIC
    )
    angle = turn * math.radians(strengths.angle)
    a0, a1 = tf.cos(angle), shear_x * strengths.shear - tf.sin(angle)
    b0, b1 = shear_y * strengths.shear + tf.sin(angle), tf.cos(angle)
    middle_x, middle_y = (tf.where(turn != 0, side / 2 - 0.5, -0.5) for side in reversed(size))  # what stays in place
    a2 = middle_x - a0 * middle_x - a1 * middle_y - _whole(shift_x * strengths.shift[1])
    b2 = middle_y - b0 * middle_x - b1 * middle_y - _whole(shift_y * strengths.shift[0])
    zero = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def coloured(name: str, images: Any, fractions: Any, signs: Any, strengths: Strengths, white: float) -> Any:
    """Return images after one of the operations of `COLOURED`; arguments as in `operated`."""
    factors = 1 + signs * fractions * strengths.factor
    blends = {
        "brightness": brightened,
        "colour": saturated,
        "contrast": contrasted,
        "sharpness": eight_bit.sharpened,
    }
    if name in blends:
        return blends[name](images, factors, white)
    if name == "posterize":
        return eight_bit.posterized(images, 8 - tf.round(fractions * strengths.bits), white)
    if name == "solarize":
        return eight_bit.solarized(images, eight_bit.DEPTH * (1 - fractions), white)
    return eight_bit.autocontrasted(images, white) if name == "autocontrast" else eight_bit.equalized(images, white)


def _chosen(draws: Any) -> Any:
    return tf.cast(tf.floor(draws * len(OPERATIONS)), tf.int32)


def _signs(draws: Any) -> Any:
    return tf.where(draws < 0.5, -1.0, 1.0)


def _whole(pixels: Any) -> Any:
    """Return whole pixels, towards 0."""
    return tf.sign(pixels) * tf.floor(tf.abs(pixels))
