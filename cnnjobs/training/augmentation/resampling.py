"""Rows and columns of each image mixed by matrices of its own: the way to enlarge and to blur."""

from typing import Any

import tensorflow as tf


def resampled(images: Any, rows: Any, columns: Any) -> Any:
    """Return images whose pixels are weighted sums over a column and over a row.

    Args:
        images: (n, height, width, channels) float32.
        rows: (n, height, height) weights of the rows, of each row of the result.
        columns: (n, width, width) weights of the columns, of each column of the result.
    """
    height, width, channels = images.shape[1:]
    mixed = tf.matmul(rows, tf.reshape(images, [-1, height, width * channels]))
    turned = tf.transpose(tf.reshape(mixed, [-1, height, width, channels]), [0, 2, 1, 3])
    mixed = tf.matmul(columns, tf.reshape(turned, [-1, width, height * channels]))
    return tf.transpose(tf.reshape(mixed, [-1, width, height, channels]), [0, 2, 1, 3])


def enlarging(first: Any, length: Any, side: int) -> Any:
    """Return weights (n, side, side) that enlarge a part of each line to all of it, linearly.

    Pixels are where torchvision and `tf.image.resize` have them: their middles at halves. The first and the last pixel
    of the part are repeated beyond it.

    Args:
        first: (n,) first pixel of the part.
        length: (n,) pixels of the part.
        side: pixels of the line.
    """
    middles = (tf.range(side, dtype=tf.float32)[None] + 0.5) * (length / side)[:, None] - 0.5
    places = first[:, None] + tf.clip_by_value(middles, 0.0, (length - 1)[:, None])
    return tf.nn.relu(1 - tf.abs(places[:, :, None] - tf.range(side, dtype=tf.float32)))


def gaussian(sigmas: Any, radius: int, side: int) -> Any:
    """Return weights (n, side, side) that blur lines, mirrored beyond their ends with the last pixel included.

    Args:
        sigmas: (n,) SD of each Gaussian, pixels.
        radius: pixels to either side after which it ends.
        side: pixels of the line.
    """
    distances = tf.range(radius + 1, dtype=tf.float32)
    heights = tf.exp(-0.5 * (distances / sigmas[:, None]) ** 2)
    heights /= heights[:, :1] + 2 * tf.reduce_sum(heights[:, 1:], axis=1, keepdims=True)
    heights = tf.pad(heights, [[0, 0], [0, 1]])  # beyond the radius: 0
    to, of = tf.range(side)[:, None], tf.range(side)[None]
    turns = range(-(radius // (2 * side) + 1), radius // (2 * side) + 2)
    images_of = [image for turn in turns for image in (of + 2 * side * turn, 2 * side * turn - 1 - of)]
    return tf.add_n([tf.gather(heights, tf.minimum(tf.abs(to - one), radius + 1), axis=1) for one in images_of])
