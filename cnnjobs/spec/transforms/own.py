"""Transforms that are functions of the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction


@dataclass(frozen=True)
class OwnTransform(UserFunction):
    """A transform of training images by a function of the user's; made by `transform()`.

    Args:
        function: called as `function(images, seeds, **options)` while the input pipeline is traced.
        options: hyperparameters for the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "OwnTransform"
    maker: ClassVar[str] = "transform"
    role: ClassVar[str] = "transform"
    arguments: ClassVar[tuple[str, ...]] = ("images", "seeds")


@arguments_named
def transform(function: Callable[..., Any], **options: Any) -> OwnTransform:
    """Return a transform of training images of your own: `transform(gamma, most=0.3)`.

    Args:
        function: a `def`, called as `function(images, seeds, **options)` with `images` (n, height, width, channels)
            float32 in [0, 1], whatever the data set holds, and `seeds` (n, 2) int32, which differ by image and epoch;
            returns images of the same shape and dtype. Values beyond [0, 1] are clipped. It is traced into a
            TensorFlow graph, without AutoGraph: it may use operations of TensorFlow alone, and draws with those
            that take a seed, `tf.random.stateless_uniform(shape, seed)` or `tf.image.stateless_random_...`, of
            one image at a time, with `tf.map_fn`. What it makes of an image must hang on that image and its seed
            alone. Import TensorFlow inside the function.
        **options: hyperparameters of the function, by name. Function and options are part of a trial's identity.

    Raises:
        SpecError: if it is no plain function, or cannot be called so. What it makes of a few training images is looked
            at before anything is trained.

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
