"""A rise to the optimizer's learning rate before another schedule."""

import math
from dataclasses import dataclass
from types import FunctionType
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float
from cnnjobs.spec.schedules.base import Run, Schedule
from cnnjobs.spec.schedules.cycles import CosineRestarts, Cyclical, OneCycle
from cnnjobs.spec.schedules.decays import CosineDecay, ExponentialDecay, PolynomialDecay, StepDecay, TimeDecay
from cnnjobs.spec.schedules.own import CustomSchedule

AFTER = (
    CosineDecay,
    PolynomialDecay,
    ExponentialDecay,
    StepDecay,
    TimeDecay,
    Cyclical,
    OneCycle,
    CosineRestarts,
    CustomSchedule,
)
"""Schedules that can follow a warm-up."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Warmup:
    """Rise linearly to the optimizer's learning rate, then follow another schedule or stay constant.

    Source: the gradual warm-up of Goyal et al. (2017). Step s of n, counted from 0, has the factor (s + 1) / n.

    Args:
        epochs: length of the rise in epochs, above 0, fractions allowed.
        then: schedule of the remaining epochs; None for a constant learning rate.

    Raises:
        SpecError: for a value out of range, or if `then` is not a schedule or is another warm-up.

    Example:
        >>> from cnnjobs import CosineDecay, Warmup
        >>> Warmup(epochs=2.5, then=CosineDecay()).then.final
        0.0
    """

    kind: ClassVar[str] = "Warmup"

    epochs: float = 5.0
    then: Schedule | None = None

    def __post_init__(self) -> None:
        as_float(self, "epochs", above=0)
        then: object = self.then
        if isinstance(then, FunctionType):
            object.__setattr__(self, "then", CustomSchedule(then))
        if self.then is not None and not isinstance(self.then, AFTER):
            names = ", ".join(f"{one.__name__}(...)" for one in AFTER if one is not CustomSchedule)
            raise SpecError(f"`Warmup.then` must be {names}, schedule(function) or None. Received: then={self.then!r}.")

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return self.then is not None and self.then.follows_length

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        rise = math.ceil(self.epochs * run.steps_an_epoch)
        if step < rise:
            return (step + 1) / rise
        if self.then is None:
            return 1.0
        left = Run(run.learning_rate, max(run.epochs - rise / run.steps_an_epoch, 1e-9), run.steps_an_epoch)
        return self.then.factor_at(step - rise, left)
