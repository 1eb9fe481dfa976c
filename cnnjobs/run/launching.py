"""Which runs start next where a rule looks at repeats in their order: those of the next repeats only."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

from cnnjobs.comparison.decisions import Endings, Ruling, Run
from cnnjobs.messages import Failure, Result, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.stats.sequential import FIRST_LOOK


class RunOrder(ABC):
    """The order of trials of which the runs that have ended say which starts next; subclasses say which.

    Args:
        endings: of the runs that are stored; those that failed are tried again.
        metric: a column of `trials`, which decides.

    Attributes:
        trials: those that may run.
    """

    trials: Sequence[Trial] = ()

    def __init__(self, endings: Endings, metric: str) -> None:
        self._endings, self._metric = endings, metric
        self._endings.forget_failed()
        self._places: dict[Run, int] = {}
        self._running: set[Run] = set()
        self._at_once = 1
        self._on_ruling: Callable[[Ruling], None] | None = None

    def begin(self, at_once: int, on_ruling: Callable[[Ruling], None]) -> None:
        """Be told on how many slots trials run, and whom to tell whenever more is known."""
        self._at_once, self._on_ruling = at_once, on_ruling

    @property
    def over(self) -> bool:
        """Whether no trial will start any more."""
        return not self._running and self._following() is None

    def next(self) -> int | None:
        """Return the place of the trial that starts now; None if none may yet."""
        run = self._following()
        if run is None:
            return None
        self._running.add(run)
        return self._places[run]

    def freed(self, trial: Trial) -> None:  # noqa: B027 - of no rule anything follows
        """Nothing follows: repeats start in their order, whatever a process has trained before."""

    def ended(self, trial: Trial, message: Result | Failure) -> None:
        """Take in how a trial ended, after it was stored."""
        run = run_of(trial)
        self._running.discard(run)
        if isinstance(message, Result):
            self._endings.add(run, trial.trial_id, message.status, message.final.get(self._metric))
        else:
            self._endings.add(run, trial.trial_id, Status.FAILED, None)
        news = self._judge()
        if news is not None and self._on_ruling is not None:
            self._on_ruling(news)

    def _may_run(self, trials: Iterable[Trial]) -> None:
        """Let these trials run, as far as they have not ended."""
        self.trials = tuple(trial for trial in trials if run_of(trial) not in self._endings.ids)
        self._places = {run_of(trial): place for place, trial in enumerate(self.trials)}

    def _following(self) -> Run | None:
        """Return the next run; the earliest repeat first."""
        fresh = (run for run in self._runs() if run in self._places and run not in self._running)
        return next((run for run in fresh if run not in self._endings.ids), None)

    @abstractmethod
    def _runs(self) -> Iterable[Run]:
        """Return the runs that may be under way now, in the order in which they start."""

    @abstractmethod
    def _judge(self) -> Ruling | None:
        """Return what is known after one more run has ended; None if that cannot have changed."""


def window(sides: Sequence[str], looked_at: int, most_repeats: int, at_once: int) -> Iterator[Run]:
    """Yield the runs that may be under way, repeat by repeat.

    Those of the repeat that is waited for, and of as many repeats after it as keep all slots busy meanwhile: a decision
    may come at every repeat, and what is ahead of it then was for nothing. Before the first look none can come.

    Args:
        sides: condition ids of the variants that go on, and of the reference.
        looked_at: repeats that have ended on all sides.
        most_repeats: of each side.
        at_once: how many runs are under way at the same time.
    """
    ahead = math.ceil(at_once / len(sides))
    until = min(max(looked_at + 1 + ahead, FIRST_LOOK), most_repeats)
    return ((side, repeat) for repeat in range(looked_at, until) for side in sides)


def run_of(trial: Trial) -> Run:
    """Return the run that a trial of a job without folds is."""
    return trial.condition_id, trial.repeat
