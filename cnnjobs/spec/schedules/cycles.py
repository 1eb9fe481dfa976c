"""Schedules that rise and fall, once or repeatedly."""

import math
from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, flag, one_of
from cnnjobs.spec.schedules.base import Run


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Cyclical:
    """Rise linearly from `low` to the optimizer's learning rate and fall back, once per cycle.

    Source: Smith (2017), "Cyclical learning rates for training neural networks": triangular, and triangular2 with
    `halving`.

    Args:
        low: lowest learning rate as a fraction of the optimizer's, which is the highest; in [0, 1).
        epochs: length of a cycle in epochs, above 0, fractions allowed; Smith advises 4 to 20.
        halving: whether the amplitude is halved after every cycle.

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

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        cycles = step / (self.epochs * run.steps_an_epoch)
        height = 1 - abs(2 * (cycles % 1) - 1)
        shrunk = 0.5 ** math.floor(cycles) if self.halving else 1.0
        return self.low + (1 - self.low) * height * shrunk


@arguments_named
@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """Rise to the optimizer's learning rate and fall to almost zero, once over the whole training.

    Source: Smith and Topin (2018), "Super-convergence"; formulas and defaults are those of PyTorch's `OneCycleLR`. Only
    the learning rate is cycled: the optimizer's momentum stays constant, as with `cycle_momentum=False` in PyTorch.

    Args:
        rise: fraction of the steps in which the learning rate rises, in (0, 1); fastai uses 0.25. With three phases,
            the first fall takes as many steps.
        start: learning rate of the first step as a fraction of the optimizer's, in (0, 1]: 1 divided by PyTorch's
            `div_factor`.
        final: learning rate of the last step as a fraction of the optimizer's, in [0, 1]: 1 divided by the product of
            PyTorch's `div_factor` and `final_div_factor`.
        shape: shape of rise and fall: "cosine", as in PyTorch and fastai, or "linear", as in the paper.
        three_phases: True rises, falls back to `start` in as many steps, then falls to `final`, as in the paper; False
            falls in one phase.

    Raises:
        SpecError: for a value out of range, or three phases with a rise of more than half of the steps.

    Example:
        >>> from cnnjobs import OneCycle
        >>> OneCycle(rise=0.25).start
        0.04
    """

    kind: ClassVar[str] = "OneCycle"

    rise: float = 0.3
    start: float = 1 / 25
    final: float = 1 / 250_000
    shape: str = "cosine"
    three_phases: bool = False

    def __post_init__(self) -> None:
        as_float(self, "rise", above=0, below=1)
        as_float(self, "start", above=0, most=1)
        as_float(self, "final", least=0, most=1)
        one_of("OneCycle.shape", self.shape, ("cosine", "linear"))
        flag("OneCycle.three_phases", self.three_phases)
        if self.three_phases and self.rise > 0.5:
            raise SpecError(
                "`OneCycle.rise` must be at most 0.5 with three phases, of which the second is as long. "
                f"Received: rise={self.rise}."
            )

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return True

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        steps = run.epochs * run.steps_an_epoch
        ends = [self.rise * steps - 1, *([2 * self.rise * steps - 2] if self.three_phases else []), steps - 1]
        values = [self.start, 1.0, *([self.start] if self.three_phases else []), self.final]
        begin = 0.0
        for phase, end in enumerate(ends):
            if step <= end or phase == len(ends) - 1:
                part = min((step - begin) / (end - begin), 1.0) if end > begin else 1.0
                return self._between(values[phase], values[phase + 1], part)
            begin = max(end, 0.0)
        raise AssertionError("the last phase has every step that is left")

    def _between(self, first: float, last: float, part: float) -> float:
        if self.shape == "linear":
            return first + (last - first) * part
        return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


@arguments_named
@dataclass(frozen=True, kw_only=True)
class CosineRestarts:
    """Fall along half a cosine repeatedly, each time from the highest learning rate: SGDR.

    Source: Loshchilov and Hutter (2017), equation 5; as `keras.optimizers.schedules.CosineDecayRestarts`. A training
    whose last cycle is complete ends at the lowest learning rate: after 10, 30, 70 or 150 epochs with the defaults.

    Args:
        epochs: length of the first cycle in epochs, above 0, fractions allowed.
        t_mul: factor by which each cycle is longer than the one before, at least 1.
        m_mul: factor by which the highest learning rate changes from one cycle to the next, in (0, 1].
        final: lowest learning rate as a fraction of the optimizer's, in [0, 1].

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import CosineRestarts
        >>> CosineRestarts(epochs=10, t_mul=2).m_mul
        1.0
    """

    kind: ClassVar[str] = "CosineRestarts"

    epochs: float = 10.0
    t_mul: float = 2.0
    m_mul: float = 1.0
    final: float = 0.0

    def __post_init__(self) -> None:
        as_float(self, "epochs", above=0)
        as_float(self, "t_mul", least=1)
        as_float(self, "m_mul", above=0, most=1)
        as_float(self, "final", least=0, most=1)

    @property
    def follows_length(self) -> bool:
        """Whether a step's rate depends on the number of epochs."""
        return False

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step as a multiple of the optimizer's."""
        cycles = step / (self.epochs * run.steps_an_epoch)  # in lengths of the first
        restarts = self._restarts(cycles)
        part = (cycles - self._start(restarts)) / self.t_mul**restarts
        height = self.m_mul**restarts * (1 + math.cos(math.pi * part)) / 2
        return self.final + (1 - self.final) * height

    def _start(self, restarts: int) -> float:
        """Return where the cycle after so many restarts begins, in lengths of the first cycle."""
        return restarts if self.t_mul == 1 else (self.t_mul**restarts - 1) / (self.t_mul - 1)

    def _restarts(self, cycles: float) -> int:
        """Return how many restarts there were; a logarithm is off by one where it should be whole."""
        if self.t_mul == 1:
            return math.floor(cycles)
        near = round(math.log1p(cycles * (self.t_mul - 1)) / math.log(self.t_mul))
        return near if self._start(near) <= cycles else near - 1
