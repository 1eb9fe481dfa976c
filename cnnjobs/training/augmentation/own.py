"""`transform(function)`: transforms of the user's."""

from typing import Any

import tensorflow as tf

from cnnjobs.spec import OwnTransform


def own(spec: OwnTransform, images: Any, seeds: Any, white: float) -> Any:
    """Return what a function of the user's makes of the images, clipped to black and white.

    Args:
        spec: the function.
        images: (n, height, width, channels) float32.
        seeds: (n, 2) int32.
        white: value of a white pixel.

    Raises:
        TypeError: if it returns something else than images of the same shape and dtype.
    """
    made = called(spec, images / white, seeds)
    return tf.clip_by_value(made, 0.0, 1.0) * white


def called(spec: OwnTransform, images: Any, seeds: Any) -> Any:
    """Return what a function of the user's makes of the images.

    Args:
        spec: the function.
        images: (n, height, width, channels) float32 in [0, 1].
        seeds: (n, 2) int32.

    Raises:
        TypeError: if it returns something else than images of the same shape and dtype.
    """
    name = spec.function.__name__
    made = spec.function(images, seeds, **spec.options)
    if not tf.is_tensor(made) or getattr(made, "dtype", None) != tf.float32:
        received = "nothing: it has no `return`" if made is None else f"{_described(made)}"
        raise TypeError(
            f"{name}() must return images (n, height, width, channels) as a float32 tensor, of values in [0, 1]. "
            f"Received: {received}."
        )
    if not images.shape.is_compatible_with(made.shape):
        raise TypeError(
            f"{name}() must return images of the shape of those it is given, {tuple(images.shape)}. Received: shape "
            f"{tuple(made.shape)}."
        )
    return tf.ensure_shape(made, images.shape)


def _described(made: Any) -> str:
    """Say what a function has returned."""
    if tf.is_tensor(made):
        return f"a tensor of {made.dtype.name}"
    return f"a {type(made).__name__}"
