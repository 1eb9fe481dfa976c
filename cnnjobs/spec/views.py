"""Test-time augmentation as a value: the views of a picture from which its class is predicted."""

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction

VIEWS = ("flip",)
"""Views with a name."""


@dataclass(frozen=True)
class OwnViews(UserFunction):
    """Views of pictures by a user's function; made by `tta()`.

    Args:
        function: is called as `function(images, **options)` while prediction is traced.
        options: hyperparameters of the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "OwnViews"
    maker: ClassVar[str] = "tta"
    role: ClassVar[str] = "function of views"
    arguments: ClassVar[tuple[str, ...]] = ("images",)


@arguments_named
def tta(function: Callable[..., Any], **options: Any) -> OwnViews:
    """Return test-time augmentation of your own: `Variant(tta=tta(shifted, pixels=1))`.

    It is evaluated on the test set after a trial is trained, and its metrics are in separate columns. Stored
    predictions and all other metrics are those of plain prediction, as are `predict` and `evaluate` with networks of
    `fit`.

    Args:
        function: a `def` that is called as `function(images, **options)` with `images` (n, height, width, channels)
            float32 in [0, 1], whatever the data type of the data set; returns the views, as a list of tensors like
            `images`, or as one tensor (views, n, height, width, channels). The image itself is a view only if the
            function returns it. Values outside [0, 1] are clipped. The function is traced into a TensorFlow graph,
            without AutoGraph, and must not draw random numbers; the result for an image must depend only on that image.
            Import TensorFlow inside the function.
        **options: hyperparameters of the function, by name. The function and its options are part of a trial's
            identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way. A trial fails if the function returns
            something else, or views of another size: the network takes images of the size for which it was built.

    Example:
        >>> from cnnjobs import Variant, tta, vgg
        >>> def shifted(images, pixels):
        ...     import tensorflow as tf
        ...     steps = [(0, 0), (pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
        ...     return [tf.roll(images, step, axis=[1, 2]) for step in steps]
        >>> Variant(model=vgg(), tta=tta(shifted, pixels=1)).tta.options
        {'pixels': 1}
    """
    return OwnViews(function, options)


def checked_views(views: Any) -> str | OwnViews | None:
    """Return the views of a variant; a plain function is converted to `OwnViews`.

    Raises:
        SpecError: if they are not views.
    """
    if isinstance(views, FunctionType):
        return OwnViews(views)
    if views is None or isinstance(views, OwnViews) or (isinstance(views, str) and views in VIEWS):
        return views
    names = ", ".join(f'"{name}"' for name in VIEWS)
    raise SpecError(
        f"`tta` must be {names} or tta(function, ...), which gives views of the pictures, or None. Received: "
        f"tta={views!r}."
    )
