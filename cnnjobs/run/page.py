"""The page of a job that is submitted with it: a process of its own, so that looking takes nothing from the run."""

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from cnnjobs.process.loopback import address_of, listening, new_token, tunnel_hint

PROGRAM = "from cnnjobs.cli.page import main; main()"

LEAVES_S = 8.0
"""Seconds that the page has to show the end."""


@dataclass(frozen=True)
class PageOf:
    """What a page shows.

    Args:
        place: the job's folder, or its URI; on a cluster's head with `address`.
        address: of a cluster's dashboard; None for this machine.
        insecure: whether it may be a cluster that asks for no token.
    """

    place: str
    address: str | None = None
    insecure: bool = False


class Page:
    """A page that is served by another process, from `open` to `close`.

    Its address is good at once: this process listens, the other one answers as soon as it is there. It ends when this
    process does, however that ends.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: socket.socket | None = None

    def open(self, page: PageOf, say: Callable[[str], None]) -> None:
        """Serve it, unless it is served already, and say where it is.

        Args:
            page: what it shows.
            say: shows a line.
        """
        if self._process is not None:
            return
        self._listener, token = listening(), new_token()
        words = [sys.executable, "-P", "-c", PROGRAM, str(self._listener.fileno())]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[self._listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the run
        )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps({"token": token, **asdict(page)}).encode() + b"\n")
            self._process.stdin.flush()
        say(f"  watch: {address_of(self._listener, token)}")
        if hint := tunnel_hint(self._listener):
            say(f"  {hint}")

    def close(self) -> None:
        """Let it show the end, and go."""
        if self._process is None or self._listener is None:
            return
        self._listener.close()
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=LEAVES_S)  # closes what it waits on
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
