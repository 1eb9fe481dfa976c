"""What sends runs to an experiment tracker."""

from typing import Protocol

from cnnjobs.trackers.tracked_run import RunName, TrackedRun


class Tracker(Protocol):
    """An open tracker; its methods are called from one thread.

    What has been sent is what the tracker says it has, so that a run is there once, whatever was killed between.

    Attributes:
        where: where a person finds the runs.
    """

    where: str

    def has(self, name: RunName) -> bool:
        """Say whether it has the whole run."""
        ...

    def send(self, run: TrackedRun) -> None:
        """Send a run that it does not have; a part of it that an earlier try left is replaced."""
        ...

    def close(self) -> None:
        """Nothing more is sent."""
        ...
