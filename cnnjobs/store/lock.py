"""Says that a submit is at work on a store, so that two do not meet and `status` can tell."""

import contextlib
import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.labels import run_label
from cnnjobs.machine import process_birth, process_lives
from cnnjobs.store.files import Files

PREFIX, SUFFIX = "running-", ".json"
"""How the file of a submit begins and ends; each has one of its own, so that none can write over another's claim."""

EVERY_S = 5.0
"""Seconds between two heartbeats."""

SILENT_S = 120.0
"""Without a heartbeat for that long, a submit on another machine is taken for dead."""

YIELD_S = 3.0
"""So long one of two that began in the same instant waits for the other to give way."""


@dataclass(frozen=True)
class Running:
    """A trial that is under way.

    Args:
        variant: its name.
        repeat: counted from 0.
        fold: counted from 0; None where the job has no folds.
        doing: what it is doing, in words.
        quiet_since: when it last made progress, seconds since 1970, if that is longer ago than its pace explains.
    """

    variant: str
    repeat: int
    fold: int | None
    doing: str
    quiet_since: float | None = None

    @property
    def label(self) -> str:
        """The trial for people."""
        return run_label(self.variant, self.repeat, self.fold)


@dataclass(frozen=True)
class Heartbeat:
    """The last heartbeat of a submit.

    Args:
        name: of its file.
        alive: whether it is still at work.
        pid: its process.
        host: its machine.
        at: seconds since 1970.
        running: the trials that were under way.
    """

    name: str
    alive: bool
    pid: int
    host: str
    at: float
    running: tuple[Running, ...]


def read_heartbeat(files: Files, now: Callable[[], float] = time.time) -> Heartbeat | None:
    """Return the heartbeat in a store, or None if no submit is at work or was cut off."""
    return max(_heartbeats(files, now), key=lambda heartbeat: (heartbeat.alive, heartbeat.at), default=None)


def _heartbeats(files: Files, now: Callable[[], float]) -> Iterator[Heartbeat]:
    for name in files.names(SUFFIX):
        content = files.read(name) if name.startswith(PREFIX) else None
        heartbeat = None if content is None else _parsed(name, content, now)
        if heartbeat is not None:
            yield heartbeat


def _parsed(name: str, content: bytes, now: Callable[[], float]) -> Heartbeat | None:
    try:
        document = json.loads(content)
        pid, host, at = int(document["pid"]), str(document["host"]), float(document["at"])
        if host == platform.node():
            alive = process_lives(pid) and document["born"] == process_birth(pid)
        else:
            alive = abs(now() - at) < SILENT_S
        return Heartbeat(name, alive, pid, host, at, tuple(Running(**trial) for trial in document["running"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class StoreLock:
    """Claims a store for this process, and gives heartbeats from a thread of its own until `release`.

    Writes a file of its own first and looks for those of others then: of two that do so at once, at least one sees
    the other, on a disk as in object storage, which shows what was written. Where both do, the later name gives way.

    Args:
        files: the store's folder.
        now: the clock, in seconds.
        every_s: seconds between two heartbeats.

    Raises:
        StoreError: if another submit is at work on it, or it cannot be written.
    """

    def __init__(self, files: Files, now: Callable[[], float] = time.time, every_s: float = EVERY_S) -> None:
        self._files, self._now, self._every_s = files, now, every_s
        self._name = f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        self._running: tuple[Running, ...] = ()
        self._over, self._news = threading.Event(), threading.Event()
        self._refuse_others(list(_heartbeats(files, now)))  # nothing is written where one is at work for long
        self._give()
        try:
            self._refuse_others(self._left_after_yielding())
        except BaseException:
            files.remove(self._name)
            raise
        self._thread = threading.Thread(target=self._live, name="heartbeats", daemon=True)
        self._thread.start()

    def __enter__(self) -> "StoreLock":
        """Claimed already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the claim back."""
        self.release()

    def update(self, running: Iterable[Running]) -> None:
        """Say what is running; the next heartbeat carries it, which comes at once for the first trial."""
        before, self._running = self._running, tuple(running)
        if self._running and not before:
            self._news.set()

    def release(self) -> None:
        """Take the claim back. Where the storage cannot be reached, it grows old by itself."""
        self._over.set()
        self._news.set()
        self._thread.join()
        self._files.remove(self._name)

    def _left_after_yielding(self) -> list[Heartbeat]:
        """Return the heartbeats of others, after those had time to give way that began at the same time and must."""
        until = time.monotonic() + YIELD_S
        while True:
            others = [heartbeat for heartbeat in _heartbeats(self._files, self._now) if heartbeat.name != self._name]
            alive = [heartbeat for heartbeat in others if heartbeat.alive]
            if not alive or any(heartbeat.name < self._name for heartbeat in alive) or time.monotonic() > until:
                return others
            time.sleep(YIELD_S / 10)

    def _refuse_others(self, others: list[Heartbeat]) -> None:
        """Refuse to work beside one that is alive; remove what the dead have left."""
        for heartbeat in others:
            if heartbeat.alive:
                raise StoreError(
                    f"Another submit is at work on {self._files.location} (process {heartbeat.pid} on "
                    f"{heartbeat.host}). Wait "
                    "for it, stop it, or choose another place with `results=PATH`. If it is gone, remove "
                    f"{self._files.location}/{heartbeat.name}."
                )
        for heartbeat in others:
            self._files.remove(heartbeat.name)

    def _live(self) -> None:
        while True:
            self._news.wait(self._every_s)
            self._news.clear()
            if self._over.is_set():
                return
            with contextlib.suppress(StoreError):  # a disk that is full for a moment does not end the run
                self._give()

    def _give(self) -> None:
        self._files.write(self._name, json.dumps(_document(self._now(), self._running)).encode())


def _document(at: float, running: Iterable[Running]) -> dict[str, Any]:
    pid, trials = os.getpid(), [asdict(trial) for trial in running]
    return {"pid": pid, "host": platform.node(), "born": process_birth(pid), "at": at, "running": trials}
