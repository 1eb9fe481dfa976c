"""Boxes of random area and shape within an image."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

ATTEMPTS = 10
"""How often a box is drawn until it fits."""

DRAWS = 2 * ATTEMPTS + 2
"""Numbers an image: areas, shapes, and the place of the box."""


class Boxes(NamedTuple):
    """One box an image, in pixels, each (n,) float32.

    Args:
        top: first row.
        left: first column.
        height: rows.
        width: columns.
    """

    top: Any
    left: Any
    height: Any
    width: Any

    def masks(self, height: int, width: int) -> Any:
        """Return which pixels of images lie in them, (n, height, width, 1)."""
        rows = _within(self.top, self.height, height)
        columns = _within(self.left, self.width, width)
        return (rows[:, :, None] & columns[:, None, :])[..., None]


def drawn_boxes(
    draws: Any,
    size: tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    largest: tuple[int, int],
    otherwise: tuple[int, int],
) -> Boxes:
    """Return boxes whose area and logarithm of shape are uniform, from the first attempt that fits.

    Args:
        draws: (n, DRAWS) uniform in [0, 1).
        size: height and width of the images.
        scale: smallest and largest area, as a fraction of the image's.
        ratio: smallest and largest width divided by height.
        largest: height and width that fit.
        otherwise: height and width of the box, in the middle, if no attempt fits.
    """
    areas = (scale[0] + draws[:, :ATTEMPTS] * (scale[1] - scale[0])) * (size[0] * size[1])
    low, high = np.log(ratio[0]), np.log(ratio[1])
    shapes = tf.exp(low + draws[:, ATTEMPTS : 2 * ATTEMPTS] * (high - low))
    heights, widths = tf.round(tf.sqrt(areas / shapes)), tf.round(tf.sqrt(areas * shapes))
    fits = (heights >= 1) & (heights <= largest[0]) & (widths >= 1) & (widths <= largest[1])
    first = tf.argmax(tf.cast(fits, tf.float32), axis=1)  # a GPU does it of floats
    found = tf.reduce_any(fits, axis=1)
    height, width = (
        tf.where(found, tf.gather(tried, first, batch_dims=1), float(other))
        for tried, other in zip((heights, widths), otherwise, strict=True)
    )
    places = tf.unstack(draws[:, 2 * ATTEMPTS :], axis=1)
    top, left = (
        tf.where(found, tf.floor(place * (full - side + 1)), float((full - other) // 2))
        for place, full, side, other in zip(places, size, (height, width), otherwise, strict=True)
    )
    return Boxes(top, left, height, width)


def _within(first: Any, length: Any, side: int) -> Any:
    """Return which of the numbers below `side` lie in ranges, (n, side)."""
    numbers = tf.range(side, dtype=tf.float32)[None]
    return (numbers >= first[:, None]) & (numbers < (first + length)[:, None])
