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
    """A network that this package can build; made by `cnn()`, `vgg()`, `small_cnn()` and the like.

    Args:
        builder: name of the builder in `cnnjobs.models`.
        options: all its hyperparameters, defaults included.
        written: the function that made it and all its arguments, from which it is named; not part of its identity.
    """

    kind: ClassVar[str] = "Model"

    later_options: ClassVar[Mapping[str, Any]] = {}
    """Maps options that builders got later to the value without effect, with which they stay out of the identity."""

    builder: str
    options: Mapping[str, Any] = field(default_factory=dict)
    written: tuple[str, Mapping[str, Any]] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        one_of("Model.builder", self.builder, (*PRETRAINED, "cnn", "resnet"))

    @property
    def scales_itself(self) -> bool:
        """Whether the network itself converts pixels in [0, 1] to the range on which its weights were trained."""
        return self.builder in PRETRAINED

    @property
    def decisive_options(self) -> dict[str, Any]:
        """The options that are part of a trial's identity."""
        missing = object()
        later = self.later_options
        return {name: value for name, value in self.options.items() if later.get(name, missing) != value}


Arguments = ParamSpec("Arguments")


def as_written(make: Callable[Arguments, Model]) -> Callable[Arguments, Model]:
    """Return a function that makes a network which remembers the call that made it."""
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
    """A network that is built by a user's function; made by `custom()`.

    Args:
        function: is called as `function(input_shape, classes, **options)` and returns a `keras.Model` whose output is
            probabilities or logits of the classes.
        options: hyperparameters of the function; part of the trial's identity.
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
    """Pretrained weights in a file; its content, not its path, is part of a trial's identity.

    Args:
        path: absolute path; the file is read only where the job is submitted.
        sha256: digest of its content; None until the trials are planned.
    """

    kind: ClassVar[str] = "WeightsFile"

    path: str
    sha256: str | None = None


@arguments_named
def custom(function: Callable[..., Any], **options: Any) -> CustomModel:
    """Return a network of your own: `custom(my_network, width=64)`.

    Args:
        function: a `def` that is called as `function(input_shape, classes, **options)`, with `input_shape` (height,
            width, channels) and the number of classes. It returns a `keras.Model` for (n, height, width, channels)
            float32, whose output (n, classes) is probabilities (softmax) or logits (no activation); for two classes,
            the output may also be (n, 1), the probability (sigmoid) or the logit of the second class in the data set's
            order. The model receives pixels in [0, 1], not 0 to 255 (around 0 if `scaling` is "center" or
            "standardize"); a model with pretrained weights must convert them to the range on which these were trained.
            If the model is compiled, that is ignored: `Variant.optimizer` is used. Import Keras inside the function.
            Random layers of your own must draw from a `keras.random.SeedGenerator`.
        **options: hyperparameters of the function, by name: numbers, text, tuples, dicts or dataclasses. The function,
            its options and everything they refer to are part of a trial's identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way.

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
