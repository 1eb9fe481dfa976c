"""`Flip`, `PadCrop` and `RandomResizedCrop`."""

from typing import Any

import tensorflow as tf

from cnnjobs.spec import Flip, PadCrop, RandomResizedCrop
from cnnjobs.training.augmentation.affine import apply_transforms
from cnnjobs.training.augmentation.boxes import drawn_boxes
from cnnjobs.training.augmentation.resampling import enlarging, resampled


def flip(spec: Flip, images: Any, draws: Any, white: float) -> Any:
    """Return the images, some of them mirrored.

    Args:
        spec: the directions.
        images: (n, height, width, channels) float32.
        draws: (n, 2) uniform in [0, 1): whether left and right change places, whether top and bottom do.
        white: of no meaning here.
    """
    for column, axis, direction in ((0, 2, "horizontal"), (1, 1, "vertical")):
        if spec.direction in (direction, "both"):
            chosen = draws[:, column] < spec.probability
            images = tf.where(chosen[:, None, None, None], tf.reverse(images, [axis]), images)
    return images


def pad_and_crop(spec: PadCrop, images: Any, draws: Any, white: float) -> Any:
    """Return the images, shifted by whole pixels.

    Args:
        spec: by how many at most, and what comes from beyond the border.
        images: (n, height, width, channels) float32.
        draws: (n, 2) uniform in [0, 1).
        white: of no meaning here.
    """
    down, right = tf.unstack(tf.floor(draws * (2 * spec.padding + 1)) - spec.padding, axis=1)
    one, zero = tf.ones_like(down), tf.zeros_like(down)
    moves = tf.stack([one, zero, right, zero, one, down, zero, zero], axis=1)
    return apply_transforms(images, moves, spec.fill, "NEAREST")


def resized_crop(spec: RandomResizedCrop, images: Any, draws: Any, white: float) -> Any:
    """Return a part of each image, enlarged to its size.

    Args:
        spec: area and shape of the part.
        images: (n, height, width, channels) float32.
        draws: (n, boxes.DRAWS) uniform in [0, 1).
        white: value of a white pixel.
    """
    height, width = images.shape[1:3]
    middle = (min(height, round(width / spec.ratio[0])), min(width, round(height * spec.ratio[1])))
    box = drawn_boxes(draws, (height, width), spec.scale, spec.ratio, (height, width), middle)
    rows, columns = enlarging(box.top, box.height, height), enlarging(box.left, box.width, width)
    return tf.clip_by_value(resampled(images, rows, columns), 0.0, white)
