"""A user's own schedule: a function that returns the factor of each step."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.schedules.base import Run
from cnnjobs.wording.sentences import cause

RATES = ("lr", "learning_rate", "rate", "current_lr", "initial_lr")
"""Names of parameters of functions that return rates, as those of `keras.callbacks.LearningRateScheduler`."""

EPOCHS = ("epoch", "epochs", "e")
"""Names of first parameters of functions of epochs."""

ADVICE = (
    "It is called with the step, counted from 0, and the number of steps of the whole training, and returns a factor "
    "of the optimizer's learning rate, not a rate. A function of the epoch becomes one with the number of epochs as an "
    "option: def factor(step, steps, epochs): epoch = step * epochs // steps"
)
"""What to do with a function of something else."""

BUNDLED = {
    "CosineDecay": "CosineDecay",
    "CosineDecayRestarts": "CosineRestarts",
    "ExponentialDecay": "ExponentialDecay",
    "InverseTimeDecay": "TimeDecay",
    "PiecewiseConstantDecay": "StepDecay",
    "PolynomialDecay": "PolynomialDecay",
}
"""Class of `keras.optimizers.schedules` -> the schedule of this package that computes the same."""


@dataclass(frozen=True)
class CustomSchedule(UserFunction):
    """A user's own schedule and its hyperparameters.

    Args:
        function: is called as `function(step, steps, **options)` and returns the factor of the optimizer's learning
            rate.
        options: hyperparameters that are passed to it by name.
    """

    kind: ClassVar[str] = "CustomSchedule"
    maker: ClassVar[str] = "schedule"
    role: ClassVar[str] = "schedule"
    arguments: ClassVar[tuple[str, ...]] = ("step", "steps")

    def __post_init__(self) -> None:
        _refuse_keras(self.function)
        _refuse_other_arguments(self.function)
        super().__post_init__()

    @property
    def follows_length(self) -> bool:
        """Whether a step's learning rate depends on the number of epochs: the function receives the number of steps."""
        return True

    def factor_at(self, step: int, run: Run) -> float:
        """Return the learning rate of a step as a multiple of the optimizer's.

        Raises:
            SpecError: if the function fails, or returns anything but a finite number of at least 0.
        """
        steps, name = round(run.epochs * run.steps_an_epoch), self.function.__name__
        try:
            returned = self.function(step, steps, **self.options)
        except Exception as error:  # the user's function may raise anything
            raise SpecError(
                f"`{name}` must return a factor of the learning rate for each step. For step {step} of {steps} it "
                f"raised {type(error).__name__}: {cause(error)}."
            ) from error
        factor = _as_number(returned)
        if factor is None or not math.isfinite(factor) or factor < 0:
            raise SpecError(
                f"`{name}` must return a factor of the learning rate, a finite number of at least 0. "
                f"For step {step} of {steps} it returned {returned!r}."
            )
        return factor


@arguments_named
def schedule(function: Callable[..., Any], **options: Any) -> CustomSchedule:
    """Return a learning rate schedule of your own: `schedule(half_way, to=0.1)`.

    Args:
        function: a `def` that is called for each step as `function(step, steps, **options)`, with the step counted from
            0 and the number of steps of the whole training (after a warm-up, those that remain). It returns a factor of
            the optimizer's learning rate, not a learning rate: 1 gives the optimizer's own. It is called on the CPU,
            outside TensorFlow's graphs.
        **options: hyperparameters of the function, by name. The function and its options are part of a trial's
            identity.

    Raises:
        SpecError: if it is not a plain function, is a function of epochs or learning rates, or cannot be called in this
            way. Its return value is checked for several steps when the job is planned, and for each step during
            training.

    Example:
        >>> from cnnjobs import schedule
        >>> def half_way(step, steps, to):
        ...     return 1 if step < steps / 2 else to
        >>> schedule(half_way, to=0.1).options
        {'to': 0.1}
    """
    return CustomSchedule(function, options)


def _as_number(returned: Any) -> float | None:
    """Return a number, or a tensor or array of a single one, as a float; None for what is neither."""
    if isinstance(returned, bool | str | bytes) or returned is None:
        return None
    if isinstance(returned, Real):
        return float(returned)
    single = tuple(getattr(returned, "shape", (None,))) == ()
    return float(returned) if single and hasattr(returned, "__float__") else None


def _refuse_keras(function: Any) -> None:
    """Say what to write instead of a schedule object of Keras's, which holds rates and counts no epochs."""
    kinds = [kind.__name__ for kind in type(function).__mro__]
    if "LearningRateSchedule" not in kinds:
        return
    name = kinds[0]
    bundled = f"Use {BUNDLED[name]}(...) of cnnjobs, or a function" if name in BUNDLED else "Write a function"
    raise SpecError(
        f"`schedule(function)` must be a plain function (def) that returns a factor of the optimizer's learning rate. "
        f"Received: {name}(...) of Keras, which returns rates. {bundled}: def factor(step, steps): return "
        f"keras.optimizers.schedules.{name}(1.0, ...)(step), with Keras imported inside it."
    )


def _refuse_other_arguments(function: Any) -> None:
    """Refuse functions of (epoch, lr), which could be called with (step, steps) but mean something else."""
    if not isinstance(function, FunctionType):
        return
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    of_epochs = bool(names) and names[0] in EPOCHS
    if of_epochs or any(name in RATES for name in names[:2]):
        received = ", ".join(names)
        raise SpecError(f"`{function.__name__}` must be a function of (step, steps). Received: ({received}). {ADVICE}")
