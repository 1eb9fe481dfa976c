"""Learning rate schedules as values: each gives the rate of every step as a factor of the optimizer's."""

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
    """Fall along half a cosine, every step: `final + (1 - final) * (1 + cos(pi * t)) / 2`.

    Source: Loshchilov and Hutter (2017), without restarts; as `keras.optimizers.schedules.CosineDecay`.

    Args:
        final: rate at the end, as a fraction of the optimizer's.
        epochs: how long it falls; None for the whole run.
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
    """Multiply by `rate` over every `epochs` epochs: `rate ** (t / epochs)`.

    As `keras.optimizers.schedules.ExponentialDecay`.

    Args:
        rate: factor in (0, 1].
        epochs: over how many epochs the rate falls by that factor.
        staircase: fall once every `epochs` instead of every step.
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
        decay: a step; None for the optimizer's learning rate divided by the number of epochs, which
            many tutorials use.
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
    """Rise from `low` to the optimizer's rate and back, again and again, in straight lines.

    Source: Smith (2017), "Cyclical learning rates for training neural networks": triangular, and
    triangular2 with `halving`.

    Args:
        low: lowest rate, as a fraction of the optimizer's, which is the highest.
        epochs: length of a whole cycle; Smith advises 4 to 20.
        halving: halve the height above `low` after every cycle.
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
    """Rise in a straight line to the optimizer's rate, then follow another schedule, or stay.

    Source: the gradual warm-up of Goyal et al. (2017). Step s of n has the fraction (s + 1) / n.

    Args:
        epochs: length of the rise; may be a fraction.
        then: the schedule that begins after it, over what is left of the run; None to stay.
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
