"""A trial under way: its network, its data and what has happened so far."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnjobs.planning.trials import Trial
from cnnjobs.scoring.watching import Watching
from cnnjobs.spec import Run
from cnnjobs.training.epochs import EpochLog, Pace
from cnnjobs.training.input_pipeline import Layout, PixelScaling
from cnnjobs.training.train_graph import TrainGraph

Rows = NDArray[np.int64]


@dataclass
class TrialState:
    """A trial under way.

    Args:
        trial: which.
        train_graph: its network.
        pixel_scaling: its scaling.
        layout: how its training rows are cut.
        validation: rows of train it validates on, none for no validation; None for the whole test set.
        watching: what computes the metrics that its variant watches.
        tested: what the network said about the test set when it was last asked.
        stopped: whether a callback has ended it before its last epoch.
    """

    trial: Trial
    train_graph: TrainGraph
    pixel_scaling: PixelScaling
    layout: Layout
    validation: Rows | None
    watching: Watching = field(default_factory=lambda: Watching({}, ()))
    log: EpochLog = field(default_factory=EpochLog)
    pace: Pace = field(default_factory=Pace)
    tested: NDArray[np.float32] | None = None
    stopped: bool = False
    seconds_before: float = 0.0
    began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds the trial has taken, with those before it was cut off."""
        return self.seconds_before + time.perf_counter() - self.began

    @property
    def validates(self) -> bool:
        """Whether there are validation rows."""
        return self.validation is None or len(self.validation) > 0

    @property
    def over(self) -> bool:
        """Whether no epoch is left to train."""
        return self.stopped or self.log.epochs >= self.trial.spec.epochs

    @property
    def phase(self) -> int:
        """Which phase the epoch that is next is of."""
        return sum(self.log.epochs >= phase.first for phase in self.trial.spec.phases[1:])

    def learning_rates(self) -> NDArray[np.float32]:
        """Return the learning rate of each step of the epoch that is next, (steps,); a zero without a schedule.

        The schedule is laid over the epochs of each phase.
        """
        spec, steps = self.trial.spec, self.layout.steps
        if spec.schedule is None:
            return np.zeros(1, np.float32)
        phase = spec.phases[self.phase]
        base = spec.optimizer.learning_rate if phase.learning_rate is None else phase.learning_rate
        run = Run(base, phase.epochs, steps)
        first = (self.log.epochs - phase.first) * steps
        return np.array([base * spec.schedule.factor_at(step, run) for step in range(first, first + steps)], np.float32)
