"""The protocol of learning rate schedules: the factor of the optimizer's learning rate at every step of a run."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Run:
    """The run to which a schedule is applied.

    Args:
        learning_rate: learning rate of the optimizer.
        epochs: number of epochs; after a warm-up, those that are left, which may be a fraction.
        steps_an_epoch: number of steps per epoch.
    """

    learning_rate: float
    epochs: float
    steps_an_epoch: int


class Schedule(Protocol):
    """Defines the learning rate of each step."""

    @property
    def follows_length(self) -> bool:
        """Whether the learning rate of a step depends on the number of epochs."""
        ...

    def factor_at(self, step: int, run: Run) -> float:
        """Return the learning rate of a step, counted from 0, as a multiple of the optimizer's."""
        ...
