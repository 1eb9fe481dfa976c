"""What a learning rate schedule is: the factor of the optimizer's learning rate at every step of a run."""

from dataclasses import dataclass
from typing import Protocol


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

    def factor_at(self, step: int, run: Run) -> float:
        """Return the rate of a step, counted from 0, as a multiple of the optimizer's."""
        ...
