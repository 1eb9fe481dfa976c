"""A shell on a terminal of its own, as a person has it."""

import contextlib
import os
import pty
import select
import signal
import time
from pathlib import Path


class Bash:
    """An interactive bash without anybody's settings.

    Args:
        folder: where it begins.
        path: folders that are looked in first for commands.
    """

    def __init__(self, folder: Path, path: str) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            environment = {**os.environ, "PS1": "$ ", "TERM": "dumb", "PATH": f"{path}:{os.environ['PATH']}"}
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        self._said = ""

    def __enter__(self) -> "Bash":
        return self

    def __exit__(self, *error: object) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def types(self, keys: str, until: str, seconds: float = 20) -> str:
        """Type keys, and return what comes on the terminal until something is there.

        Args:
            keys: also a tab, or control-U, which empties the line.
            until: what is waited for.
            seconds: for how long.
        """
        before = len(self._said)
        os.write(self._terminal, keys.encode())
        end = time.monotonic() + seconds
        while until not in self._said[before:] and time.monotonic() < end:
            if select.select([self._terminal], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self._said += os.read(self._terminal, 65536).decode(errors="replace")
        return self._said[before:]
