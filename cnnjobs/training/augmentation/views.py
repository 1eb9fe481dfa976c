"""Views of pictures for test-time augmentation."""

from typing import Any

import tensorflow as tf

from cnnjobs.spec import OwnViews

ALIKE = 1e-4
"""How far values of two batches may be apart by the order of operations; pixels are in [0, 1]."""


def views_of(views: str | OwnViews | None, images: Any, white: float) -> list[Any]:
    """Return the views of some images, each like the images.

    Args:
        views: which; None for the images alone.
        images: (n, height, width, channels) float32, as stored.
        white: value of a white pixel, 255 or 1.

    Raises:
        TypeError: if a function of the user's returns something else than views of that size.
    """
    if views is None:
        return [images]
    if isinstance(views, OwnViews):
        return [tf.clip_by_value(view, 0.0, 1.0) * white for view in _own(views, images / white)]
    return [images, tf.reverse(images, axis=[2])]


def check_views(views: OwnViews, size: tuple[int, int, int]) -> None:
    """Look at what a function of the user's makes of a few images of noise.

    Args:
        views: the function.
        size: of the images, (height, width, channels).

    Raises:
        TypeError: if it returns something else than views of that size, one of each image.
        ValueError: if they are not finite numbers, or a view of an image depends on the others.
    """
    images = tf.random.stateless_uniform([3, *size], [0, 1])
    made = tf.function(lambda images: _own(views, images), autograph=False)
    together, alone = made(images), made(images[1:2])
    name = views.function.__name__
    if not all(bool(tf.reduce_all(tf.math.is_finite(view))) for view in together):
        raise ValueError(f"{name}() must return views of finite numbers. Received: NaN or infinite values.")
    apart = [float(tf.reduce_max(tf.abs(view[1] - own[0]))) for view, own in zip(together, alone, strict=True)]
    if max(apart) > ALIKE:
        raise ValueError(
            f"{name}() must make of an image what depends on that image alone, because batches differ in size. "
            "Received: views of an image that differ when it is alone."
        )


def _own(views: OwnViews, images: Any) -> list[Any]:
    """Return what a function of the user's makes of images in [0, 1]."""
    name = views.function.__name__
    made = views.function(images, **views.options)
    if tf.is_tensor(made) and made.shape.rank == 5 and made.shape[0] is not None:
        made = tf.unstack(made)
    if not isinstance(made, list | tuple) or not made:
        raise TypeError(
            f"{name}() must return the views, a list of tensors like the images it is given, or one tensor (views, n, "
            f"height, width, channels). Received: {_described(made)}."
        )
    for view in made:
        if not tf.is_tensor(view) or not view.dtype.is_floating:
            raise TypeError(f"{name}() must return views as tensors of floats. Received: {_described(view)}.")
        if images.shape[0] is not None and view.shape.rank and view.shape[0] not in (None, images.shape[0]):
            raise TypeError(
                f"{name}() must return views of all images, {images.shape[0]} here. Received: {view.shape[0]}."
            )
        if view.shape.rank != 4 or not images.shape.is_compatible_with(view.shape):
            wanted, received = (" x ".join(map(str, one.shape[1:])) for one in (images, view))
            raise TypeError(
                f"{name}() must return views of the size that the network takes, {wanted}. Received: {received}. Cut "
                "or resize them to that: tf.image.resize(view, images.shape[1:3])."
            )
    return [tf.cast(tf.ensure_shape(view, images.shape), tf.float32) for view in made]


def _described(made: Any) -> str:
    """Say what a function has returned."""
    if made is None:
        return "nothing: it has no `return`"
    if tf.is_tensor(made):
        return f"a tensor of {made.dtype.name} of the shape {tuple(made.shape)}"
    return f"an empty {type(made).__name__}" if isinstance(made, list | tuple) and not made else type(made).__name__
