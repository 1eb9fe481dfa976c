"""Says that a submit is at work on a store, so that two do not meet and `status` can tell."""

import contextlib
import json
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.machine import process_birth, process_lives
from cnnjobs.store.files import Files

NAME = "running.json"
EVERY_S = 5.0
"""Seconds between two signs of life."""

SILENT_S = 120.0
"""Without a sign of life for that long, a submit on another machine is taken for dead."""


@dataclass(frozen=True)
class Sign:
    """The last sign of life of a submit.

    Args:
        alive: whether it is still at work.
        pid: its process.
        host: its machine.
        running: label -> what it is doing, for each trial that was under way.
    """

    alive: bool
    pid: int
    host: str
    running: Mapping[str, str]


def read_sign(files: Files, now: Callable[[], float] = time.time) -> Sign | None:
    """Return the sign of life in a store, or None if no submit is at work or was cut off."""
    content = files.read(NAME)
    if content is None:
        return None
    try:
        document = json.loads(content)
        pid, host, born = int(document["pid"]), str(document["host"]), document["born"]
        here = host == platform.node()
        alive = (
            process_lives(pid) and born == process_birth(pid) if here else abs(now() - float(document["at"])) < SILENT_S
        )
        return Sign(alive, pid, host, dict(document["running"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Presence:
    """Claims a store for this process, and gives signs of life from a thread of its own until `leave`.

    Args:
        files: the store's folder.
        now: the clock, in seconds.
        every_s: seconds between two signs of life.

    Raises:
        StoreError: if another submit is at work on it, or it cannot be written.
    """

    def __init__(self, files: Files, now: Callable[[], float] = time.time, every_s: float = EVERY_S) -> None:
        sign = read_sign(files, now)
        if sign is not None and sign.alive:
            raise StoreError(
                f"Another submit is at work on {files.location} (process {sign.pid} on {sign.host}). Wait for it, stop "
                f"it, or choose another place with `--results PATH`. If it is gone, remove {files.location}/{NAME}."
            )
        self._files, self._now, self._every_s = files, now, every_s
        self._running: Mapping[str, str] = {}
        self._over = threading.Event()
        self._give()
        self._thread = threading.Thread(target=self._live, name="signs of life", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Presence":
        """Claimed already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the claim back."""
        self.leave()

    def tell(self, running: Mapping[str, str]) -> None:
        """Say what is running; the next sign of life carries it."""
        self._running = dict(running)

    def leave(self) -> None:
        """Take the claim back, unless another has taken the store over."""
        self._over.set()
        self._thread.join()
        with contextlib.suppress(StoreError):  # where the storage cannot be reached, the claim grows old by itself
            sign = read_sign(self._files, self._now)
            if sign is None or (sign.pid, sign.host) == (os.getpid(), platform.node()):
                self._files.remove(NAME)

    def _live(self) -> None:
        while not self._over.wait(self._every_s):
            with contextlib.suppress(StoreError):  # a disk that is full for a moment does not end the run
                self._give()

    def _give(self) -> None:
        self._files.write(NAME, json.dumps(_document(self._now(), self._running)).encode())


def _document(at: float, running: Mapping[str, str]) -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": platform.node(), "born": process_birth(pid), "at": at, "running": dict(running)}
