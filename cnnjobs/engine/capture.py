"""Catches what a process prints while a trial runs, down to the output of C++ libraries."""

import os
import sys
import tempfile
from types import TracebackType
from typing import IO

LIMIT = 1_000_000
"""How much of a trial's output is kept, from its end."""


class Capture:
    """While open, file descriptors 1 and 2 go to a temporary file."""

    def __enter__(self) -> "Capture":
        """Redirect."""
        self._file: IO[bytes] = tempfile.TemporaryFile()
        self._flush()
        self._saved = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in self._saved:
            os.dup2(self._file.fileno(), number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore."""
        self._flush()
        for number, saved in self._saved:
            os.dup2(saved, number)
            os.close(saved)
        self._file.close()

    def text(self) -> str:
        """Return what was printed so far."""
        self._flush()
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(size - LIMIT, 0))
        content = self._file.read().decode("utf-8", "replace")
        self._file.seek(0, os.SEEK_END)
        return content

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
