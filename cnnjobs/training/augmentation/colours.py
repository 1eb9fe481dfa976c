"""`ColorJitter` and `Grayscale`, and what changes of colours are made of."""

from typing import Any

import tensorflow as tf

from cnnjobs.spec import ColorJitter, Grayscale

GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey: ITU-R 601, as in Pillow."""


def grey_of(images: Any) -> Any:
    """Return grey (n, height, width, 1) of images (n, height, width, channels); of other channels, their mean."""
    if images.shape[-1] == 3:
        return tf.reduce_sum(images * tf.constant(GREY), axis=-1, keepdims=True)
    return tf.reduce_mean(images, axis=-1, keepdims=True)


def blended(base: Any, images: Any, factors: Any, white: float) -> Any:
    """Return images whose difference from a base is multiplied by a factor, clipped to black and white.

    Args:
        base: 0, or a tensor that fits the images.
        images: (n, height, width, channels) float32.
        factors: (n,) float32; 1 for no change.
        white: value of a white pixel.
    """
    return tf.clip_by_value(base + factors[:, None, None, None] * (images - base), 0.0, white)


def brightened(images: Any, factors: Any, white: float) -> Any:
    """Return images blended with black; arguments as in `blended`."""
    return blended(0.0, images, factors, white)


def contrasted(images: Any, factors: Any, white: float) -> Any:
    """Return images blended with their mean grey; arguments as in `blended`."""
    mean = tf.reduce_mean(grey_of(images), axis=[1, 2, 3], keepdims=True)
    return blended(mean, images, factors, white)


def saturated(images: Any, factors: Any, white: float) -> Any:
    """Return images of three channels blended with their grey, others as they are; arguments as in `blended`."""
    return blended(grey_of(images), images, factors, white) if images.shape[-1] == 3 else images


def hue_turned(images: Any, turns: Any, white: float) -> Any:
    """Return images of three channels with their hue turned, others as they are.

    Args:
        images: (n, height, width, channels) float32.
        turns: (n,) turns of the colour circle, -0.5 to 0.5.
        white: value of a white pixel.
    """
    if images.shape[-1] != 3:
        return images
    hue, saturation, value = tf.unstack(tf.raw_ops.RGBToHSV(images=images), axis=-1)
    hue = tf.math.floormod(hue + turns[:, None, None], 1.0)
    turned = tf.raw_ops.HSVToRGB(images=tf.stack([hue, saturation, value], axis=-1))
    return tf.clip_by_value(turned, 0.0, white)


def jitter(spec: ColorJitter, images: Any, draws: Any, white: float) -> Any:
    """Return the images in changed colours.

    Args:
        spec: what changes, and how much.
        images: (n, height, width, channels) float32.
        draws: (n, 4) uniform in [0, 1): brightness, contrast, saturation, hue.
        white: value of a white pixel.
    """
    changes = ((spec.brightness, brightened), (spec.contrast, contrasted), (spec.saturation, saturated))
    for column, (most, change) in enumerate(changes):
        if most:
            least = max(0.0, 1 - most)
            images = change(images, least + draws[:, column] * (1 + most - least), white)
    return hue_turned(images, (2 * draws[:, 3] - 1) * spec.hue, white) if spec.hue else images


def grey(spec: Grayscale, images: Any, draws: Any, white: float) -> Any:
    """Return the images in grey, with as many channels as they have.

    Args:
        spec: of no meaning here.
        images: (n, height, width, channels) float32.
        draws: of no meaning here.
        white: value of a white pixel.
    """
    return tf.clip_by_value(tf.repeat(grey_of(images), images.shape[-1], axis=-1), 0.0, white)
