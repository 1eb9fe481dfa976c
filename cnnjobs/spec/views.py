"""Test-time augmentation as a value: from which views of a picture its class is predicted."""

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction

VIEWS = ("flip",)
"""Those that are known by name."""


@dataclass(frozen=True)
class OwnViews(UserFunction):
    """Views of pictures by a function of the user's; made by `tta()`.

    Args:
        function: called as `function(images, **options)` while prediction is traced.
        options: hyperparameters for the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "OwnViews"
    maker: ClassVar[str] = "tta"
    role: ClassVar[str] = "function of views"
    arguments: ClassVar[tuple[str, ...]] = ("images",)


@arguments_named
def tta(function: Callable[..., Any], **options: Any) -> OwnViews:
    """Return test-time augmentation of your own: `Variant(tta=tta(shifted, pixels=1))`.

    It is evaluated once a trial is trained, on the test set, in columns of its own. Stored predictions and all else are
    of plain prediction; so is what networks of `fit` answer to `predict` and `evaluate`.

    Args:
        function: a `def`, called as `function(images, **options)` with `images` (n, height, width, channels) float32
            in [0, 1], whatever the data set holds; returns the views, a list of tensors like `images`, or one tensor
            (views, n, height, width, channels). The image itself is a view only if it is among them. Values beyond
            [0, 1] are clipped. It is traced into a TensorFlow graph, without AutoGraph, and draws nothing at random;
            what it makes of an image must hang on that image alone. Import TensorFlow inside the function.
        **options: hyperparameters of the function, by name. Function and options are part of a trial's identity.

    Raises:
        SpecError: if it is no plain function, or cannot be called so. A trial ends with an error if it returns
            something else, or views of another size: the network takes images of the size that it was built for.

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
    """Return the views of a variant; a plain function has become `OwnViews`.

    Raises:
        SpecError: if they are none.
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
