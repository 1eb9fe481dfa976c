"""`Cutout` and `RandomErasing`."""

from typing import Any

import tensorflow as tf

from cnnjobs.spec import Cutout, RandomErasing
from cnnjobs.training.augmentation import boxes
from cnnjobs.training.augmentation.filters import each


def cutout(spec: Cutout, images: Any, draws: Any, white: float) -> Any:
    """Return the images, each with a square that is hidden.

    Args:
        spec: how large the square is, and what it holds.
        images: (n, height, width, channels) float32.
        draws: (n, 4) uniform in [0, 1): row and column of the centre, the seed of noise.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    top = tf.floor(draws[:, 0] * height) - spec.size // 2
    left = tf.floor(draws[:, 1] * width) - spec.size // 2
    side = tf.fill(tf.shape(top), float(spec.size))
    return _hidden(images, boxes.Boxes(top, left, side, side), spec.fill, draws[:, 2:], white)


def erase(spec: RandomErasing, images: Any, draws: Any, white: float) -> Any:
    """Return the images, each with a box that is hidden.

    Args:
        spec: area and shape of the box, and what it holds.
        images: (n, height, width, channels) float32.
        draws: (n, boxes.DRAWS + 2) uniform in [0, 1): the box, the seed of noise.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    low, high = spec.ratio  # height by width
    box = boxes.drawn_boxes(
        draws[:, : boxes.DRAWS], (height, width), spec.scale, (1 / high, 1 / low), (height - 1, width - 1), (0, 0)
    )
    return _hidden(images, box, spec.fill, draws[:, boxes.DRAWS :], white)


def _hidden(images: Any, box: boxes.Boxes, fill: float | str, draws: Any, white: float) -> Any:
    """Return the images with another content in their boxes.

    Args:
        images: (n, height, width, channels) float32.
        box: one per image.
        fill: a number in [0, 1], "mean" or "noise".
        draws: (n, 2) uniform in [0, 1), the seed of each image's noise.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    if fill == "mean":
        content = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    elif fill == "noise":
        content = each(lambda seed: tf.random.stateless_uniform(images.shape[1:], seed, maxval=white), draws)
    else:
        content = tf.constant(float(fill) * white)
    return tf.where(box.masks(height, width), content, images)
