"""A variant: everything that decides a training run except chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from types import FunctionType
from typing import Any, cast

from cnnjobs.errors import SpecError
from cnnjobs.spec.augment import Augment
from cnnjobs.spec.checks import one_of, whole
from cnnjobs.spec.models import CustomModel, Model
from cnnjobs.spec.optimizers import SGD, Adam, Optimizer

SCALINGS = ("unit", "center", "standardize")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Everything that decides a training run except chance.

    Args:
        model: `vgg(...)`, `small_cnn(...)`, `custom(function, ...)` or a plain function
            `f(input_shape, classes)` that returns a `keras.Model`.
        optimizer: `SGD(...)` or `Adam(...)`.
        epochs: passes over the training rows.
        batch_size: images a step, over all replicas.
        augment: `Augment(...)` or None.
        scaling: "unit" divides by 255; "center" also subtracts each channel's mean over the
            training rows; "standardize" also divides by its standard deviation.
    """

    model: Model | CustomModel | Callable[..., Any]
    optimizer: Optimizer = field(default_factory=Adam)
    epochs: int = 10
    batch_size: int = 32
    augment: Augment | None = None
    scaling: str = "unit"

    def __post_init__(self) -> None:
        if isinstance(self.model, FunctionType):
            object.__setattr__(self, "model", CustomModel(self.model))
        _instance("model", self.model, (Model, CustomModel), "vgg(...), small_cnn(...) or a function")
        _instance("optimizer", self.optimizer, (SGD, Adam), "SGD(...) or Adam(...)")
        _instance("augment", self.augment, (Augment, type(None)), "Augment(...) or None")
        object.__setattr__(self, "epochs", whole("epochs", self.epochs, least=1, most=1_000_000))
        object.__setattr__(self, "batch_size", whole("batch_size", self.batch_size, least=1, most=1_000_000))
        one_of("scaling", self.scaling, SCALINGS)

    @property
    def network(self) -> Model | CustomModel:
        """The model; a plain function has become a `CustomModel`."""
        return cast("Model | CustomModel", self.model)

    def but(self, **changes: Any) -> Variant:
        """Return this variant with some fields changed: `baseline.but(epochs=200)`."""
        names = [item.name for item in fields(self)]
        for name in changes:
            if name not in names:
                raise SpecError(f"`Variant.but({name}=...)`: a variant has no such field. It has {', '.join(names)}.")
        return replace(self, **changes)


def _instance(name: str, value: Any, kinds: tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kinds):
        raise SpecError(f"`{name}` must be {expected}. Received: {name}={value!r}.")
