"""Catches what a process prints while a trial runs, down to the output of C++ libraries."""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from cnnjobs.engine.stacks import Frame, where

LIMIT = 1_000_000
"""How much of a trial's output is kept, from its end."""


class Capture:
    """While open, file descriptors 1 and 2 go to a file, which outlives the process should it die.

    Args:
        path: the file; what is printed is added at its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "Capture":
        """Redirect."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._flush()
        self._saved = [(number, os.dup(number)) for number in (1, 2)]
        with open(self._path, "ab") as file:
            for number, _ in self._saved:
                os.dup2(file.fileno(), number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore."""
        self._flush()
        for number, saved in self._saved:
            os.dup2(saved, number)
            os.close(saved)

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def take_printed(path: Path) -> str:
    """Return what was printed into a file, and remove it; nothing if there is none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - LIMIT, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    path.unlink(missing_ok=True)
    return text


def announce_exits() -> None:
    """Make `os._exit`, which ends a process without a word, write where it was called; not in processes it forks."""
    plain, own = os._exit, os.getpid()

    def told(status: int) -> NoReturn:
        if os.getpid() == own:
            stack = traceback.extract_stack()[:-1]
            frames = [Frame(frame.filename, str(frame.lineno), frame.name) for frame in reversed(stack)]
            text = f"\nos._exit({status}) was called in {where(frames)}\n"
            os.write(2, f"{''.join(traceback.format_list(stack))}{text}".encode("utf-8", "backslashreplace"))
        plain(status)

    os._exit = told  # type: ignore[assignment,unused-ignore]
