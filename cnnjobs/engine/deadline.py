"""Ends a process that is stuck, and writes where; even in a C call that keeps Python's lock."""

import faulthandler
from pathlib import Path
from types import TracebackType


class Deadline:
    """While open, the process ends when it has not come to `restart` for so long; a thread in C sees to that.

    Args:
        seconds: how long; None for ever.
        path: the file that the stacks of all threads are written to, empty until then.
    """

    def __init__(self, seconds: float | None, path: Path) -> None:
        self._seconds, self._path = seconds, path

    def __enter__(self) -> "Deadline":
        """Begin to count."""
        if self._seconds is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "wb")
            self.restart()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Count no longer."""
        if self._seconds is not None:
            faulthandler.cancel_dump_traceback_later()
            self._file.close()

    def restart(self, at_least_s: float = 0.0) -> None:
        """Begin to count anew.

        Args:
            at_least_s: what comes next has so long, even where others have less.
        """
        if self._seconds is not None:
            faulthandler.dump_traceback_later(max(self._seconds, at_least_s), exit=True, file=self._file)
