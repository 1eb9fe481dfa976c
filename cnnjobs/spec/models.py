"""Networks as values: the name of a builder and its options, or a user function."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, ParamSpec

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import one_of
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.keras_applications import refuse_applications

PRETRAINED = ("application", "vgg16")
"""Builders of networks that may have pretrained weights."""


@dataclass(frozen=True)
class Model:
    """A network the package knows how to build; made by `cnn()`, `vgg()`, `small_cnn()` and the like.

    Args:
        builder: name of the builder in `cnnjobs.models`.
        options: its hyperparameters, all of them, defaults included.
        written: the function that made it, and its arguments, defaults included, to name it by; no part of what it is.
    """

    kind: ClassVar[str] = "Model"

    later_options: ClassVar[Mapping[str, Any]] = {}
    """Options added to builders later -> the value without effect, with which they stay out of the identity."""

    builder: str
    options: Mapping[str, Any] = field(default_factory=dict)
    written: tuple[str, Mapping[str, Any]] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        one_of("Model.builder", self.builder, (*PRETRAINED, "cnn", "resnet"))

    @property
    def scales_itself(self) -> bool:
        """Whether it converts pixels in [0, 1] to what its weights were trained on."""
        return self.builder in PRETRAINED

    @property
    def decisive_options(self) -> dict[str, Any]:
        """The options that are part of a trial's identity."""
        missing = object()
        later = self.later_options
        return {name: value for name, value in self.options.items() if later.get(name, missing) != value}


Arguments = ParamSpec("Arguments")


def as_written(make: Callable[Arguments, Model]) -> Callable[Arguments, Model]:
    """Return a function that makes a network, which then knows how it was written."""
    signature = inspect.signature(make)

    @arguments_named
    @functools.wraps(make)
    def made(*args: Arguments.args, **options: Arguments.kwargs) -> Model:
        model = make(*args, **options)
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        return replace(model, written=(make.__name__, bound.arguments))

    return made


@dataclass(frozen=True)
class CustomModel(UserFunction):
    """A network built by a function of the user's; made by `custom()`.

    Args:
        function: called as `function(input_shape, classes, **options)`, returns a `keras.Model`
            whose output is probabilities or logits of the classes.
        options: hyperparameters for the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "CustomModel"
    maker: ClassVar[str] = "custom"
    role: ClassVar[str] = "model"
    arguments: ClassVar[tuple[str, ...]] = ("input_shape", "classes")

    def __post_init__(self) -> None:
        refuse_applications(self.function)
        super().__post_init__()


@dataclass(frozen=True)
class WeightsFile:
    """Pretrained weights in a file; its content, not its place, is part of a trial's identity.

    Args:
        path: absolute; read where the job is submitted, and only there.
        sha256: of its content; None until the trials are planned.
    """

    kind: ClassVar[str] = "WeightsFile"

    path: str
    sha256: str | None = None


@arguments_named
def custom(function: Callable[..., Any], **options: Any) -> CustomModel:
    """Return a network of your own: `custom(my_network, width=64)`.

    Args:
        function: a `def`, called as `function(input_shape, classes, **options)` with `input_shape` (height, width,
            channels) and the number of classes; returns a `keras.Model` for (n, height, width, channels) float32 whose
            output is (n, classes), probabilities (softmax) or logits (no activation); of two classes also (n, 1), the
            probability (sigmoid) or the logit of the second in the data set's order. It gets pixels in [0, 1], not 0
            to 255 (around 0 with `scaling` "center" or "standardize"); one with pretrained weights converts them to
            what these were trained on. What it is compiled with is not used: `Variant.optimizer` is. Import Keras
            inside the function. Random layers of your own draw from a `keras.random.SeedGenerator`.
        **options: hyperparameters of the function, by name: numbers, text, tuples, dicts, dataclasses. Function,
            options and all they refer to are part of a trial's identity.

    Raises:
        SpecError: if it is no plain function, or cannot be called so.

    Example:
        >>> from cnnjobs import custom
        >>> def softmax_regression(input_shape, classes):
        ...     import keras
        ...     layers = [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")]
        ...     return keras.Sequential(layers)
        >>> custom(softmax_regression).function.__name__
        'softmax_regression'
        >>> custom(softmax_regression, width=64)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `softmax_regression` must be callable as softmax_regression(input_shape, ...
    """
    return CustomModel(function, options)
