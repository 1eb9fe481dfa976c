"""The order in which trials start: alike ones in one process, or as what ended before them allows."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Protocol

from cnnjobs.planning.trials import Trial


class Order(Protocol):
    """Says which trial starts next; an engine asks whenever it has room for one."""

    def next(self) -> int | None:
        """Return the place, among the trials of the work, of the one that starts now; None if none may yet.

        It counts as started.
        """
        ...

    def freed(self, trial: Trial) -> None:
        """Be told that a process has nothing to do any more: this trial has ended in it."""
        ...

    @property
    def over(self) -> bool:
        """Whether no trial will start any more, however those that run end."""
        ...


class AlikeTogether:
    """Starts trials as they are listed, but those of one condition in one process, which traces its network once.

    A process that is free takes the next trial of the condition that it has just trained; where none is left, or it is
    new, one of the condition that the fewest processes train. So all conditions that fit begin at the same time, and
    the last repeats of each are shared by processes that would have nothing to do. Of a condition whose trials fail the
    next waits until the others had their turn, so that it soon shows whether all fail.

    Args:
        trials: those that are to run.
    """

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._waiting: dict[str, deque[int]] = {}
        for place, trial in enumerate(trials):
            self._waiting.setdefault(trial.condition_id, deque()).append(place)
        self._running: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._freed: deque[str] = deque()

    def next(self) -> int | None:
        """Return the place of the next one; None if all have started."""
        condition = self._freed.popleft() if self._freed else None
        if condition not in self._waiting or self._failed[condition]:
            condition = min(self._waiting, key=lambda one: (self._failed[one], self._running[one]), default=None)
        if condition is None:
            return None
        self._running[condition] += 1
        places = self._waiting[condition]
        place = places.popleft()
        if not places:
            del self._waiting[condition]
        return place

    def freed(self, trial: Trial) -> None:
        """Remember what the process has trained."""
        self._running[trial.condition_id] -= 1
        self._freed.append(trial.condition_id)

    def ended(self, trial: Trial, *, failed: bool) -> None:
        """Take in how a trial ended, before its process is free.

        Args:
            trial: which.
            failed: whether with an error.
        """
        self._failed[trial.condition_id] = self._failed[trial.condition_id] + 1 if failed else 0

    @property
    def over(self) -> bool:
        """Whether all have started."""
        return not self._waiting
