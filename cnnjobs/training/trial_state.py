"""A trial under way: its network, its data and what has happened so far."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnjobs.planning.trials import Trial
from cnnjobs.scoring.watching import Watching
from cnnjobs.spec import Run, Schedule
from cnnjobs.training.accumulation import Accumulation, EpochSteps
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

    def epoch_steps(self) -> EpochSteps:
        """Return what each step of the epoch that is next is told."""
        spec = self.trial.spec
        accumulation = Accumulation(self.layout.step_rows, spec.accumulate)
        rates, shares, ends = np.zeros(1, np.float32), np.ones(1, np.float32), np.ones(1, np.bool_)
        if spec.schedule is not None:
            rates = self._learning_rates(spec.schedule, accumulation.updates)[accumulation.update_of_step]
        if spec.accumulate > 1:
            shares, ends = accumulation.shares, accumulation.ends
        return EpochSteps(rates, shares, ends)

    def _learning_rates(self, schedule: Schedule, updates: int) -> NDArray[np.float32]:
        """Return the learning rate of each update of the epoch that is next, (updates,).

        The schedule is laid over the epochs of each phase.
        """
        phase = self.trial.spec.phases[self.phase]
        base = self.train_graph.base_rate if phase.learning_rate is None else phase.learning_rate
        run = Run(base, phase.epochs, updates)
        first = (self.log.epochs - phase.first) * updates
        return np.array([base * schedule.factor_at(step, run) for step in range(first, first + updates)], np.float32)
