"""Learning rate schedules as values: each gives the factor of the optimizer's learning rate at every step."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import as_float, flag


@dataclass(frozen=True)
class Run:
    """The run that a schedule is laid over.

    Args:
        learning_rate: the optimizer's.
        epochs: its length; may be a fraction, of what is left after a warm-up.
        steps_an_epoch: steps of each epoch.
    """

    learning_rate: float
    epochs: float
    steps_an_epoch: int


class Schedule(Protocol):
    """Gives each step its learning rate."""

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        ...

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step, counted from 0, as a multiple of the optimizer's."""
        ...


@dataclass(frozen=True, kw_only=True)
class CosineDecay:
    """Fall along half a cosine: `final + (1 - final) * (1 + cos(pi * t)) / 2`, with t from 0 to 1.

    Source: Loshchilov and Hutter (2017), without restarts; as `keras.optimizers.schedules.CosineDecay`.

    Args:
        final: rate at the end as a fraction of the optimizer's, in [0, 1].
        epochs: length of the decay, above 0, fractions allowed; None for the whole training.

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

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        length = (run.epochs if self.epochs is None else self.epochs) * run.steps_an_epoch
        part = min(step / length, 1.0)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True, kw_only=True)
class ExponentialDecay:
    """Fall by the factor `rate` every `epochs` epochs: `rate ** (t / epochs)`, with t in epochs.

    As `keras.optimizers.schedules.ExponentialDecay`.

    Args:
        rate: factor in (0, 1].
        epochs: over which the learning rate falls by that factor, above 0, fractions allowed.
        staircase: fall once every `epochs` instead of every step.

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

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        part = step / (self.epochs * run.steps_an_epoch)
        return float(self.rate ** (math.floor(part) if self.staircase else part))


@dataclass(frozen=True, kw_only=True)
class TimeDecay:
    """Fall as `1 / (1 + decay * step)`, with steps counted over the whole run.

    As `decay` of Keras's older optimizers, and `keras.optimizers.schedules.InverseTimeDecay` with
    decay_steps=1.

    Args:
        decay: a step, at least 0; None for the optimizer's learning rate divided by the number of epochs, as in many
            tutorials.

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

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        decay = run.learning_rate / run.epochs if self.decay is None else self.decay
        return 1 / (1 + decay * step)


@dataclass(frozen=True, kw_only=True)
class Cyclical:
    """Rise linearly from `low` to the optimizer's rate and fall back, once a cycle.

    Source: Smith (2017), "Cyclical learning rates for training neural networks": triangular, and
    triangular2 with `halving`.

    Args:
        low: lowest rate as a fraction of the optimizer's, the highest; in [0, 1).
        epochs: length of a cycle, above 0, fractions allowed; Smith advises 4 to 20.
        halving: halve the amplitude after every cycle.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Cyclical
        >>> Cyclical(low=0.25, epochs=4).halving
        False
    """

    kind: ClassVar[str] = "Cyclical"

    low: float = 0.1
    epochs: float = 8.0
    halving: bool = False

    def __post_init__(self) -> None:
        as_float(self, "low", least=0, below=1)
        as_float(self, "epochs", above=0)
        flag("Cyclical.halving", self.halving)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return False

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        cycles = step / (self.epochs * run.steps_an_epoch)
        height = 1 - abs(2 * (cycles % 1) - 1)
        shrunk = 0.5 ** math.floor(cycles) if self.halving else 1.0
        return self.low + (1 - self.low) * height * shrunk


@dataclass(frozen=True, kw_only=True)
class Warmup:
    """Rise linearly to the optimizer's rate, then follow another schedule, or stay.

    Source: the gradual warm-up of Goyal et al. (2017). Step s of n, counted from 0, has the factor (s + 1) / n.

    Args:
        epochs: length of the rise, above 0, fractions allowed.
        then: the schedule of the remaining epochs; None for a constant rate.

    Raises:
        SpecError: for a value out of range, or if `then` is no schedule, or another warm-up.

    Example:
        >>> from cnnjobs import CosineDecay, Warmup
        >>> Warmup(epochs=2.5, then=CosineDecay()).then.final
        0.0
    """

    kind: ClassVar[str] = "Warmup"

    epochs: float = 5.0
    then: CosineDecay | ExponentialDecay | TimeDecay | Cyclical | None = None

    def __post_init__(self) -> None:
        as_float(self, "epochs", above=0)
        if not isinstance(self.then, CosineDecay | ExponentialDecay | TimeDecay | Cyclical | None):
            raise SpecError(
                "`Warmup.then` must be CosineDecay(...), ExponentialDecay(...), TimeDecay(...), Cyclical(...) or "
                f"None. Received: then={self.then!r}."
            )

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return self.then is not None and self.then.follows_length

    def factor(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        rise = math.ceil(self.epochs * run.steps_an_epoch)
        if step < rise:
            return (step + 1) / rise
        if self.then is None:
            return 1.0
        left = Run(run.learning_rate, max(run.epochs - rise / run.steps_an_epoch, 1e-9), run.steps_an_epoch)
        return self.then.factor(step - rise, left)


SCHEDULES = (CosineDecay, ExponentialDecay, TimeDecay, Cyclical, Warmup)
"""All of them."""
