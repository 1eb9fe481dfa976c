"""Says that a submit is at work on a store, so that two do not meet and `status` can tell."""

import contextlib
import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.process.machine import process_birth, process_lives, process_scope
from cnnjobs.store.files import Files
from cnnjobs.wording.labels import run_label

PREFIX, SUFFIX = "running-", ".json"
"""How the file of a submit begins and ends; each has one of its own, so that none can write over another's claim."""

EVERY_S = 5.0
"""Seconds between two heartbeats."""

SILENT_S = 120.0
"""A submit on another machine whose heartbeat has not changed for that long, while it was watched, is dead."""

GLANCE_S = 3 * EVERY_S
"""For so long it is watched by who only wants to tell how things are."""

POLL_S = 1.0
"""Seconds between two looks at it."""

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
        alive: whether it is still at work; None where its process cannot be seen from here.
        pid: its process.
        host: its machine.
        beat: how many it has given; the next one is another.
        running: the trials that were under way.
    """

    name: str
    alive: bool | None
    pid: int
    host: str
    beat: int
    running: tuple[Running, ...]


@dataclass(frozen=True)
class Pace:
    """How time passes; tests set it.

    Args:
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def read_heartbeat(files: Files, pace: Pace = Pace()) -> Heartbeat | None:
    """Return the heartbeat in a store, or None if no submit is at work or was cut off.

    One of a process that cannot be seen from here is watched until the next one comes, for `GLANCE_S` at most.
    """
    found = _watched(files, list(_heartbeats(files)), GLANCE_S, pace)
    return max(found, key=lambda heartbeat: (bool(heartbeat.alive), heartbeat.beat), default=None)


class Pulse:
    """Follows the heartbeats of a store, without waiting for any: for who looks again and again.

    Args:
        files: the store's folder.
        pace: how time passes.
    """

    def __init__(self, files: Files, pace: Pace = Pace()) -> None:
        self._files, self._pace = files, pace
        self._changed: dict[str, tuple[int, float]] = {}

    def look(self) -> Heartbeat | None:
        """Return the heartbeat in the store; None if no submit is at work or was cut off.

        One of a process that cannot be seen from here is taken for alive until it has not changed for `GLANCE_S`.
        """
        found, now = list(_heartbeats(self._files)), self._pace.clock()
        seen = {one.name: self._changed.get(one.name, (-1, now)) for one in found}
        self._changed = {
            one.name: seen[one.name] if seen[one.name][0] == one.beat else (one.beat, now) for one in found
        }
        told = (
            replace(one, alive=now - self._changed[one.name][1] < GLANCE_S) if one.alive is None else one
            for one in found
        )
        return max(told, key=lambda heartbeat: (bool(heartbeat.alive), heartbeat.beat), default=None)


def _heartbeats(files: Files) -> Iterator[Heartbeat]:
    for name in files.names(SUFFIX):
        content = files.read(name) if name.startswith(PREFIX) else None
        heartbeat = None if content is None else _parsed(name, content)
        if heartbeat is not None:
            yield heartbeat


def _parsed(name: str, content: bytes) -> Heartbeat | None:
    try:
        document = json.loads(content)
        pid, host, beat = int(document["pid"]), str(document["host"]), int(document["beat"])
        seen = document["scope"] == process_scope()
        alive = (process_lives(pid) and document["born"] == process_birth(pid)) if seen else None
        return Heartbeat(name, alive, pid, host, beat, tuple(Running(**trial) for trial in document["running"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _watched(files: Files, heartbeats: list[Heartbeat], within_s: float, pace: Pace) -> list[Heartbeat]:
    """Return the heartbeats, with what is known after a while of those whose processes cannot be seen.

    By this process's clock alone, which nobody sets: one that changes is alive, one that does not is dead, one whose
    file is gone has ended. Ends with the first that is alive.
    """
    began, until = {one.name: one.beat for one in heartbeats}, pace.clock() + within_s
    while any(one.alive is None for one in heartbeats) and not any(one.alive for one in heartbeats):
        if pace.clock() >= until:
            break
        pace.sleep(POLL_S)
        now = {one.name: one for one in _heartbeats(files)}
        left = [(one, now[one.name]) for one in heartbeats if one.name in now]
        heartbeats = [replace(new, alive=True) if new.beat != began[old.name] else old for old, new in left]
    return [replace(one, alive=bool(one.alive)) for one in heartbeats]


class StoreLock:
    """Claims a store for this process, and gives heartbeats from a thread of its own until `release`.

    Writes a file of its own first and looks for those of others then: of two that do so at once, at least one sees
    the other, on a disk as in object storage, which shows what was written. Where both do, the later name gives way.

    A claim of a process that can be seen from here is judged at once. One of another machine or container is watched:
    it was left behind if it does not change for `SILENT_S`.

    Args:
        files: the store's folder.
        every_s: seconds between two heartbeats.
        say: is told what is waited for.
        pace: how time passes.

    Raises:
        StoreError: if another submit is at work on it, or it cannot be written.
    """

    def __init__(
        self,
        files: Files,
        every_s: float = EVERY_S,
        say: Callable[[str], None] | None = None,
        pace: Pace = Pace(),
    ) -> None:
        self._files, self._every_s, self._pace = files, every_s, pace
        self._name = f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        self._beat = 0
        self._running: tuple[Running, ...] = ()
        self._over, self._news = threading.Event(), threading.Event()
        found = list(_heartbeats(files))
        self._announce(found, say)
        self._refuse_others(_watched(files, found, SILENT_S, pace))  # nothing is written where one is at work for long
        self._give()
        try:
            self._refuse_others(self._left_after_yielding({one.name for one in found}))
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

    def _announce(self, found: Iterable[Heartbeat], say: Callable[[str], None] | None) -> None:
        """Say for whom will be waited."""
        for one in found:
            if one.alive is None and say is not None:
                say(
                    f"{self._files.location} is claimed by a submit on {one.host} (process {one.pid}), which cannot be "
                    f"seen from here: waiting up to {SILENT_S:g} s for a sign of life"
                )

    def _left_after_yielding(self, dead: Collection[str]) -> list[Heartbeat]:
        """Return the heartbeats of others, after those had time to give way that began at the same time and must.

        Args:
            dead: claims that were there before and are left behind; all others came meanwhile, and are alive.
        """
        until = self._pace.clock() + YIELD_S
        while True:
            others = [
                replace(one, alive=one.name not in dead) if one.alive is None else one
                for one in _heartbeats(self._files)
                if one.name != self._name
            ]
            alive = [one for one in others if one.alive]
            if not alive or any(one.name < self._name for one in alive) or self._pace.clock() > until:
                return others
            self._pace.sleep(YIELD_S / 10)

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
        self._beat += 1
        self._files.write(self._name, json.dumps(_document(self._beat, self._running)).encode())


def _document(beat: int, running: Iterable[Running]) -> dict[str, Any]:
    pid, trials = os.getpid(), [asdict(trial) for trial in running]
    who = {"pid": pid, "host": platform.node(), "scope": process_scope(), "born": process_birth(pid)}
    return who | {"beat": beat, "running": trials}
