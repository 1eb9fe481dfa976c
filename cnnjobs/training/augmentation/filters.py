"""`GaussianBlur` and `GaussianNoise`."""

import math
from typing import Any

import tensorflow as tf

from cnnjobs.spec import GaussianBlur, GaussianNoise
from cnnjobs.training.augmentation.resampling import gaussian, resampled

KERNEL = 3
"""Sigmas after which a Gaussian ends."""


def blur(spec: GaussianBlur, images: Any, draws: Any, white: float) -> Any:
    """Return the images, blurred.

    Args:
        spec: how much.
        images: (n, height, width, channels) float32.
        draws: (n, 1) uniform in [0, 1).
        white: value of a white pixel.
    """
    low, high = spec.sigma
    sigmas, radius = low + draws[:, 0] * (high - low), math.ceil(KERNEL * high)
    rows, columns = (gaussian(sigmas, radius, side) for side in images.shape[1:3])
    return tf.clip_by_value(resampled(images, rows, columns), 0.0, white)


def noise(spec: GaussianNoise, images: Any, draws: Any, white: float) -> Any:
    """Return the images with noise.

    Args:
        spec: how much.
        images: (n, height, width, channels) float32.
        draws: (n, 2) uniform in [0, 1), the seed of each image's noise.
        white: value of a white pixel.
    """

    def of_image(seed: Any) -> Any:
        return tf.random.stateless_normal(images.shape[1:], seed, stddev=spec.sd * white)

    return tf.clip_by_value(images + each(of_image, draws), 0.0, white)


def each(make: Any, draws: Any) -> Any:
    """Return what a function makes of the seed of each image, (n, ...) float32.

    Args:
        make: (seed (2,) int32) -> float32.
        draws: (n, 2) float32, whose bits are the seeds.
    """
    return tf.map_fn(make, tf.bitcast(draws, tf.int32), fn_output_signature=tf.float32)
