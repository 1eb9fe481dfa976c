"""Ends a submit whose trials all fail in the same way: what is wrong with the job would fail the others, too."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from cnnjobs.engine.order import AlikeTogether, Order
from cnnjobs.messages import Failure, Result
from cnnjobs.wording.sentences import clause

if TYPE_CHECKING:
    from cnnjobs.planning.trials import Trial

LEAST = 3
"""So many trials must have failed: one, or two, may be an accident of the machine."""

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+", re.IGNORECASE)
_PLACE = re.compile(r'File "(.+)", line (\d+), in (.+)')


class UntilAllFailAlike:
    """An order of trials in which no more start when all that ended have failed in the same way.

    That is so when none has succeeded, `LEAST` or more have failed, at least one of every condition that was to run,
    and all with the same error, but for the numbers in it, raised at the same place. A variant that is broken for
    itself stops nothing: the others succeed.

    Args:
        order: which trial starts next, until then.
        trials: those that are to run.
    """

    def __init__(self, order: Order, trials: Collection[Trial]) -> None:
        self._order, self._left = order, len(trials)
        self._untried = {trial.condition_id for trial in trials}
        self._kinds: set[tuple[str, ...]] = set()
        self._failures = 0
        self._succeeded = False
        self._error = ""
        self.stopped = False

    def next(self) -> int | None:
        """Return the place of the trial that starts now."""
        place = None if self.stopped else self._order.next()
        self._left -= place is not None
        return place

    def freed(self, trial: Trial) -> None:
        """Pass on that a process has nothing to do any more."""
        self._order.freed(trial)

    @property
    def over(self) -> bool:
        """Whether no trial will start any more."""
        return self.stopped or self._order.over

    @property
    def why(self) -> str:
        """What is said of the trials that were not run, and why; empty unless it was stopped."""
        if not self.stopped:
            return ""
        others = "The other trial was" if self._left == 1 else f"The other {self._left:,} trials were"
        return f"all in the same way: {clause(self._error)}. {others} not run"

    def ended(self, trial: Trial, message: Result | Failure) -> str:
        """Take in how a trial ended; return what is to be said if that is why no other starts, else nothing.

        Args:
            trial: that ended.
            message: its last.
        """
        failed = isinstance(message, Failure)
        if isinstance(self._order, AlikeTogether):
            self._order.ended(trial, failed=failed)
        if not isinstance(message, Failure):
            self._succeeded = True
            return ""
        self._failures += 1
        self._untried.discard(trial.condition_id)
        self._kinds.add(_kind(message))
        self._error = message.error
        alike = not self._succeeded and len(self._kinds) == 1 and self._failures >= LEAST
        if self.stopped or not alike or self._untried or self._left == 0 or self._order.over:
            return ""
        self.stopped = True
        return (
            f"All {self._failures} trials that have ended failed in the same way, at least one of each variant. No "
            "other trial starts; with --keep-going they would"
        )


def _kind(failure: Failure) -> tuple[str, ...]:
    """Return what is the same in two failures of one cause: the error without its numbers, and where it was raised."""
    places = _PLACE.findall(failure.log)
    return (_NUMBERS.sub("#", failure.error), *(places[-1] if places else ()))
