"""Which steps of an epoch make an update together, and how much each counts in it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class EpochSteps(NamedTuple):
    """What each step of an epoch is told.

    Args:
        rates: (steps,) float32, the learning rate; not looked at without a schedule.
        shares: (steps,) float32, how much it counts in its update; not looked at where each step is an update.
        ends: (steps,) bool, whether it is the last of its update; likewise.
    """

    rates: Any
    shares: Any
    ends: Any


@dataclass(frozen=True)
class Accumulation:
    """The updates of an epoch: each takes so many steps, the last what is left.

    With one step an update, and with several, the updates of an epoch are those of batches that are larger by so much.

    Args:
        step_rows: rows of each step over all replicas, (steps,).
        steps_an_update: at least 1.
    """

    step_rows: NDArray[np.int64]
    steps_an_update: int

    @property
    def updates(self) -> int:
        """Updates an epoch."""
        return -(-len(self.step_rows) // self.steps_an_update)

    @cached_property
    def update_of_step(self) -> NDArray[np.int64]:
        """Which update each step belongs to, counted from 0, (steps,)."""
        return np.arange(len(self.step_rows)) // self.steps_an_update

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Whether each step is the last of its update, (steps,)."""
        return np.append(np.diff(self.update_of_step) > 0, True)

    @property
    def shares(self) -> NDArray[np.float32]:
        """The rows of each step as a fraction of those of its update, (steps,)."""
        rows = np.bincount(self.update_of_step, self.step_rows)
        shares: NDArray[np.float64] = self.step_rows / rows[self.update_of_step]
        return shares.astype(np.float32)
