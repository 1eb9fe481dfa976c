"""What sees trials run: a display, or lines for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cnnjobs.messages import Failure, Note, Progress, Result, Stalled
from cnnjobs.planning.trials import Trial

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling


class Watcher(Protocol):
    """Sees what happens to trials, to show it to a person."""

    def started(self, trial: Trial) -> None:
        """A worker has taken it up."""
        ...

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """It is under way."""
        ...

    def noted(self, trial: Trial, note: Note) -> None:
        """There is something of it that a person should know."""
        ...

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """It makes no progress."""
        ...

    def finished(self, trial: Trial, result: Result) -> None:
        """It completed or diverged, and is stored."""
        ...

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """It failed; `log` is where to read about it."""
        ...

    def ruled(self, ruling: Ruling) -> None:
        """The rule of the job has taken in a trial."""
        ...
