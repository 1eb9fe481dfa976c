"""Transforms that are users' functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction


@dataclass(frozen=True)
class OwnTransform(UserFunction):
    """A transform of training images by a user's function; made by `transform()`.

    Args:
        function: is called as `function(images, seeds, **options)` while the input pipeline is traced.
        options: hyperparameters of the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "OwnTransform"
    maker: ClassVar[str] = "transform"
    role: ClassVar[str] = "transform"
    arguments: ClassVar[tuple[str, ...]] = ("images", "seeds")


@arguments_named
def transform(function: Callable[..., Any], **options: Any) -> OwnTransform:
    """Return a transform of training images of your own: `transform(gamma, most=0.3)`.

    Args:
        function: a `def` that is called as `function(images, seeds, **options)` with `images` (n, height, width,
            channels) float32 in [0, 1], whatever the data type of the data set, and `seeds` (n, 2) int32, which differ
            by image and epoch; returns images of the same shape and dtype. Values outside [0, 1] are clipped. The
            function is traced into a TensorFlow graph, without AutoGraph: it may only use TensorFlow operations. It
            draws random numbers with operations that take a seed, `tf.random.stateless_uniform(shape, seed)` or
            `tf.image.stateless_random_...`, for one image at a time, with `tf.map_fn`. The result for an image must
            depend only on that image and its seed. Import TensorFlow inside the function.
        **options: hyperparameters of the function, by name. The function and its options are part of a trial's
            identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way. Its result for a few training images
            is checked before training starts.

    Example:
        >>> from cnnjobs import Variant, transform, vgg
        >>> def gamma(images, seeds, most):
        ...     import tensorflow as tf
        ...     def one(pair):
        ...         image, seed = pair
        ...         return image ** tf.random.stateless_uniform([], seed, 1 - most, 1 + most)
        ...     return tf.map_fn(one, (images, seeds), fn_output_signature=tf.float32)
        >>> Variant(model=vgg(), augment=transform(gamma, most=0.3)).augment.options
        {'most': 0.3}
    """
    return OwnTransform(function, options)
