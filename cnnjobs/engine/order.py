"""The order in which trials start: as they are listed, or as what ended before them allows."""

from typing import Protocol


class Order(Protocol):
    """Says which trial starts next; an engine asks whenever it has room for one."""

    def next(self) -> int | None:
        """Return the place, among the trials of the work, of the one that starts now; None if none may yet.

        It counts as started.
        """
        ...

    @property
    def over(self) -> bool:
        """Whether no trial will start any more, however those that run end."""
        ...


class AsListed:
    """Starts trials in the order in which they are listed.

    Args:
        trials: how many there are.
    """

    def __init__(self, trials: int) -> None:
        self._trials, self._started = trials, 0

    def next(self) -> int | None:
        """Return the place of the next one."""
        if self.over:
            return None
        self._started += 1
        return self._started - 1

    @property
    def over(self) -> bool:
        """Whether all have started."""
        return self._started >= self._trials
