"""`Augment`: one projective transform an image, for a whole batch at once."""

import math
from typing import Any

import tensorflow as tf

from cnnjobs.spec import Augment

FILL_MODES = {"nearest": "NEAREST", "reflect": "REFLECT", "wrap": "WRAP", "constant": "CONSTANT"}
DRAWS = 8  # numbers an image: two flips, two shifts, rotation, two zooms, shear


def draw_transforms(augment: Augment, count: Any, height: int, width: int, seed: Any) -> Any:
    """Return one transform an image: (count, 8) float32, as `ImageProjectiveTransformV3` takes them.

    A transform maps each point of the result to the point of the original it is taken from. All
    draws are made whatever the ranges, so that changing one range leaves the other draws alone.

    Args:
        augment: the ranges.
        count: number of images.
        height: of the images, pixels.
        width: of the images, pixels.
        seed: (2,) integers; equal seeds give equal transforms.
    """
    unit = tf.random.stateless_uniform([count, DRAWS], seed, minval=-1.0, maxval=1.0)
    flip_x, flip_y, shift_x, shift_y, turn, zoom_x, zoom_y, shear = tf.unstack(unit, axis=1)
    scale_x = _mirrored(flip_x, augment.flip in ("horizontal", "both")) * (1 + augment.zoom * zoom_x)
    scale_y = _mirrored(flip_y, augment.flip in ("vertical", "both")) * (1 + augment.zoom * zoom_y)
    angle = turn * math.radians(augment.rotation)
    slant = shear * math.radians(augment.shear)
    # rotation x shear x scale, the order of Keras's ImageDataGenerator
    a0 = tf.cos(angle) * scale_x
    a1 = -tf.sin(angle + slant) * scale_y
    b0 = tf.sin(angle) * scale_x
    b1 = tf.cos(angle + slant) * scale_y
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    a2 = centre_x - a0 * centre_x - a1 * centre_y + shift_x * augment.shift * width
    b2 = centre_y - b0 * centre_x - b1 * centre_y + shift_y * augment.shift * height
    zero = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def apply_transforms(images: Any, transforms: Any, fill: str, interpolation: str = "BILINEAR") -> Any:
    """Return the images, each moved by its transform.

    Args:
        images: (n, height, width, channels) float32.
        transforms: (n, 8) float32.
        fill: a key of `FILL_MODES`.
        interpolation: "BILINEAR" or "NEAREST".
    """
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        interpolation=interpolation,
        fill_mode=FILL_MODES[fill],
        fill_value=0.0,
    )
    return tf.ensure_shape(moved, images.shape)  # layers that look at the size need to know it while they are traced


def _mirrored(draw: Any, on: bool) -> Any:
    """Return -1 for about half of the images if `on`, else 1."""
    return tf.where(draw < 0, -1.0, 1.0) if on else tf.ones_like(draw)
