"""Schedules that fall: along a cosine, as a power, by a factor, or inversely with the steps."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, cast

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, flag, number
from cnnjobs.spec.schedules.base import Run


@arguments_named
@dataclass(frozen=True, kw_only=True)
class CosineDecay:
    """Fall along half a cosine: `final + (1 - final) * (1 + cos(pi * t)) / 2`, with t from 0 to 1.

    Source: Loshchilov and Hutter (2017), without restarts; as `keras.optimizers.schedules.CosineDecay`.

    Args:
        final: learning rate at the end as a fraction of the optimizer's, in [0, 1].
        epochs: length of the decay in epochs, above 0, fractions allowed; None for the whole training.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import CosineDecay
        >>> CosineDecay(final=0.01)
        CosineDecay(final=0.01, epochs=None)
    """

    kind: ClassVar[str] = "CosineDecay"

    final: float = 0.0
    epochs: float | None = None

    def __post_init__(self) -> None:
        as_float(self, "final", least=0, most=1)
        if self.epochs is not None:
            as_float(self, "epochs", above=0)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return self.epochs is None

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        length = (run.epochs if self.epochs is None else self.epochs) * run.steps_an_epoch
        part = min(step / length, 1.0)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * part)) / 2


@arguments_named
@dataclass(frozen=True, kw_only=True)
class PolynomialDecay:
    """Fall as a power of the remaining time: `final + (1 - final) * (1 - t) ** power`, with t from 0 to 1.

    It is `keras.optimizers.schedules.PolynomialDecay`; the default power gives a straight line.

    Args:
        final: learning rate at the end as a fraction of the optimizer's, in [0, 1].
        power: exponent, above 0.
        epochs: length of the decay in epochs, above 0, fractions allowed; None for the whole training.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import PolynomialDecay
        >>> PolynomialDecay(power=0.9)
        PolynomialDecay(final=0.0, power=0.9, epochs=None)
    """

    kind: ClassVar[str] = "PolynomialDecay"

    final: float = 0.0
    power: float = 1.0
    epochs: float | None = None

    def __post_init__(self) -> None:
        as_float(self, "final", least=0, most=1)
        as_float(self, "power", above=0)
        if self.epochs is not None:
            as_float(self, "epochs", above=0)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return self.epochs is None

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        length = (run.epochs if self.epochs is None else self.epochs) * run.steps_an_epoch
        left = 1 - min(step / length, 1.0)
        return float(self.final + (1 - self.final) * left**self.power)


@arguments_named
@dataclass(frozen=True, kw_only=True)
class ExponentialDecay:
    """Fall by the factor `rate` every `epochs` epochs: `rate ** (t / epochs)`, with t in epochs.

    It is `keras.optimizers.schedules.ExponentialDecay`.

    Args:
        rate: factor in (0, 1].
        epochs: number of epochs over which the learning rate falls by that factor, above 0, fractions allowed.
        staircase: whether the learning rate falls once every `epochs` instead of at every step.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import ExponentialDecay
        >>> ExponentialDecay(rate=0.5, epochs=10, staircase=True).epochs
        10.0
    """

    kind: ClassVar[str] = "ExponentialDecay"

    rate: float = 0.95
    epochs: float = 1.0
    staircase: bool = False

    def __post_init__(self) -> None:
        as_float(self, "rate", above=0, most=1)
        as_float(self, "epochs", above=0)
        flag("ExponentialDecay.staircase", self.staircase)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return False

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        part = step / (self.epochs * run.steps_an_epoch)
        return float(self.rate ** (math.floor(part) if self.staircase else part))


@arguments_named
@dataclass(frozen=True, kw_only=True)
class StepDecay:
    """Fall by a factor after each of the given epochs, as PyTorch's `MultiStepLR`.

    "After 60 epochs" means from the first step of the 61st epoch on; Keras's `PiecewiseConstantDecay` falls one step
    later.

    Args:
        epochs: numbers of epochs after which the learning rate falls, ascending and above 0, fractions allowed: `(60,
            120, 160)`; or a single number. After a warm-up they are counted from its end.
        factor: factor by which the learning rate is multiplied each time, in (0, 1).

    Raises:
        SpecError: for a value out of range, or epochs that are not ascending.

    Example:
        >>> from cnnjobs import StepDecay
        >>> StepDecay(epochs=(60, 120, 160), factor=0.2)
        StepDecay(epochs=(60.0, 120.0, 160.0), factor=0.2)
    """

    kind: ClassVar[str] = "StepDecay"

    epochs: float | tuple[float, ...]
    factor: float = 0.1

    def __post_init__(self) -> None:
        several = self.epochs if isinstance(self.epochs, list | tuple) else (self.epochs,)
        checked = tuple(number("StepDecay.epochs", one, above=0) for one in several)
        if not checked or any(later <= earlier for earlier, later in pairwise(checked)):
            raise SpecError(
                "`StepDecay.epochs` must be a number of epochs, or several that ascend, such as (60, 120, 160). "
                f"Received: epochs={self.epochs!r}."
            )
        object.__setattr__(self, "epochs", checked)
        as_float(self, "factor", above=0, below=1)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return False

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        passed = sum(step >= epoch * run.steps_an_epoch for epoch in cast("tuple[float, ...]", self.epochs))
        return float(self.factor**passed)


@arguments_named
@dataclass(frozen=True, kw_only=True)
class TimeDecay:
    """Fall as `1 / (1 + decay * step)`, with steps counted over the whole run.

    It is `decay` of Keras's older optimizers, and `keras.optimizers.schedules.InverseTimeDecay` with decay_steps=1.

    Args:
        decay: decay per step, at least 0; None for the optimizer's learning rate divided by the number of epochs, as in
            many tutorials.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import TimeDecay
        >>> TimeDecay(decay=-1)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `TimeDecay.decay` must be a number at least 0. Received: decay=-1.
    """

    kind: ClassVar[str] = "TimeDecay"

    decay: float | None = None

    def __post_init__(self) -> None:
        if self.decay is not None:
            as_float(self, "decay", least=0)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return self.decay is None

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        decay = run.learning_rate / run.epochs if self.decay is None else self.decay
        return 1 / (1 + decay * step)
