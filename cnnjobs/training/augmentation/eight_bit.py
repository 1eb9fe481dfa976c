"""Pillow's operations on values of 8 bits, for floats: what `RandAugment` and `TrivialAugment` choose from."""

from typing import Any

import tensorflow as tf

from cnnjobs.training.augmentation.colours import blended

DEPTH = 255.0
"""The largest value of 8 bits."""


def posterized(images: Any, bits: Any, white: float) -> Any:
    """Return images of which only the first bits of 8 are kept, as `PIL.ImageOps.posterize`.

    Args:
        images: (n, height, width, channels) float32.
        bits: (n,) 1 to 8; with 8 an image stays as it is.
        white: value of a white pixel.
    """
    step = (2 ** (8 - bits))[:, None, None, None]
    kept = tf.floor(_levels(images, white) / step) * step * (white / DEPTH)
    return tf.where(step > 1, kept, images)


def solarized(images: Any, thresholds: Any, white: float) -> Any:
    """Return images in which all values from a threshold on are inverted, as `PIL.ImageOps.solarize`.

    Args:
        images: (n, height, width, channels) float32.
        thresholds: (n,) 0 to 255.
        white: value of a white pixel.
    """
    return tf.where(_levels(images, white) >= thresholds[:, None, None, None], white - images, images)


def autocontrasted(images: Any, white: float) -> Any:
    """Return images whose channels are stretched from black to white, as `PIL.ImageOps.autocontrast`."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    span = tf.reduce_max(images, axis=[1, 2], keepdims=True) - low
    stretched = (images - low) * (white / tf.where(span > 0, span, 1.0))
    return tf.clip_by_value(tf.where(span > 0, stretched, images), 0.0, white)


def equalized(images: Any, white: float) -> Any:
    """Return images whose channels have about equally many pixels of each value, as `PIL.ImageOps.equalize`.

    Those stay as they are that have fewer than 256 pixels, or a single value.
    """
    height, width, channels = images.shape[1:]
    pixels = height * width
    levels = tf.transpose(tf.cast(_levels(images, white), tf.int32), [0, 3, 1, 2])
    levels = tf.reshape(levels, [-1, pixels])
    lines = tf.shape(levels)[0]
    cells = levels + 256 * tf.range(lines)[:, None]
    counts = tf.math.unsorted_segment_sum(tf.ones_like(cells, tf.int32), cells, 256 * lines)
    counts = tf.reshape(counts, [-1, 256])
    last = tf.reduce_max(levels, axis=1, keepdims=True)
    step = (pixels - tf.gather(counts, last, batch_dims=1)) // 255
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = tf.minimum((step // 2 + below) // tf.maximum(step, 1), 255)
    made = tf.cast(tf.gather(table, levels, batch_dims=1), tf.float32) * (white / DEPTH)
    made = tf.reshape(tf.where(step > 0, made, float("nan")), [-1, channels, height, width])
    made = tf.transpose(made, [0, 2, 3, 1])
    return tf.where(tf.math.is_nan(made), images, made)


def sharpened(images: Any, factors: Any, white: float) -> Any:
    """Return images blended with their smoothed ones, as `PIL.ImageEnhance.Sharpness`; borders stay as they are.

    Args:
        images: (n, height, width, channels) float32.
        factors: (n,) 0 to 2; 1 for no change.
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    if min(height, width) < 3:
        return images
    inner = images[:, 1:-1, 1:-1]
    smooth = (9 * tf.nn.avg_pool2d(images, 3, 1, "VALID") + 4 * inner) / 13
    changed = blended(smooth, inner, factors, white)
    rows = tf.concat([images[:, 1:-1, :1], changed, images[:, 1:-1, -1:]], axis=2)
    return tf.concat([images[:, :1], rows, images[:, -1:]], axis=1)


def _levels(images: Any, white: float) -> Any:
    """Return the nearest of 256 levels, as float32."""
    return tf.round(images * (DEPTH / white))
