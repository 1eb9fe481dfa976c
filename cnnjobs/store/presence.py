"""Says that a submit is at work on a store, so that two do not meet and `status` can tell."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
        alive = process_lives(pid) and born == process_birth(pid) if here else now() - float(document["at"]) < SILENT_S
        return Sign(alive, pid, host, dict(document["running"]))
    except (ValueError, KeyError, TypeError):
        return None


class Presence:
    """Claims a store for this process.

    Args:
        files: the store's folder.
        now: the clock, in seconds.

    Raises:
        StoreError: if another submit is at work on it.
    """

    def __init__(self, files: Files, now: Callable[[], float] = time.time) -> None:
        sign = read_sign(files, now)
        if sign is not None and sign.alive:
            raise StoreError(
                f"Another submit is at work on {files.location} (process {sign.pid} on {sign.host}). "
                "Wait for it, stop it, or choose another place with `--results PATH`."
            )
        self._files, self._now = files, now
        self._told = float("-inf")
        self.tell({})

    def tell(self, running: Mapping[str, str]) -> None:
        """Give a sign of life, if the last is some seconds old."""
        if self._now() - self._told < EVERY_S:
            return
        self._told = self._now()
        self._files.write(NAME, json.dumps(_document(self._told, running)).encode())

    def leave(self) -> None:
        """Take the claim back."""
        self._files.remove(NAME)


def _document(at: float, running: Mapping[str, str]) -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": platform.node(), "born": process_birth(pid), "at": at, "running": dict(running)}
