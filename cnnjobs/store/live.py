"""What trials under way have told so far, in a file that grows by lines: for pages that show a job while it runs.

Nothing is computed from it, and nothing is lost with it: what trials came to is in the store's tables. It lies beside
`job.json`; of results in object storage, in the cache of the machine that submits. A submit begins it anew and removes
it in the end; one that was killed leaves it. Whoever reads it takes no lock.
"""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnjobs.datasets.storage.cache import cache_folder
from cnnjobs.planning.trials import Trial
from cnnjobs.spec.metrics import CURVE_COLUMNS
from cnnjobs.store.files import Files

NAME = "live.jsonl"
"""The file, beside `job.json`."""

EVERY_S = 1.0
"""Seconds between two times that lines are written."""

CLOSES_S = 5.0
"""A disk that takes nothing for so long at the end is not waited for."""

MOST_BYTES = 4 << 20
"""A file to which so much was added is written anew, without the trials that have ended."""

MOST_NOTES = 50
"""So many notes are kept when a file is written anew."""


def live_file(files: Files) -> Path:
    """Return where the record of a store is, or would be.

    Args:
        files: the store's folder.
    """
    if files.path is not None:
        return files.path / NAME
    return cache_folder() / "live" / f"{hashlib.sha256(files.location.encode()).hexdigest()[:32]}.jsonl"


@dataclass
class LiveTrial:
    """A trial under way.

    Args:
        variant: its name.
        repeat: counted from 0.
        fold: counted from 0; None where the job has no folds.
        epochs: how many it is to have.
        began: when it was taken up, seconds since 1970.
        points: epoch, from 1 -> a value each of `CURVE_COLUMNS`; None where there is none.
        quiet_since: when it last made progress, seconds since 1970, if that is longer ago than its pace explains.
    """

    variant: str
    repeat: int
    fold: int | None
    epochs: int
    began: float
    points: dict[int, list[float | None]] = field(default_factory=dict)
    quiet_since: float | None = None


@dataclass
class LiveState:
    """What a record says.

    Args:
        begin: what was told when the trials began; empty before.
        trials: identity -> trial, of those that are under way.
        now: how far the run is: `line` in words, `fraction`, `at` when, in seconds since 1970.
        notes: what a person should know.
    """

    begin: Mapping[str, Any] = field(default_factory=dict)
    trials: dict[str, LiveTrial] = field(default_factory=dict)
    now: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, line: Mapping[str, Any]) -> None:
        """Take in a line; one of a kind that is not known is passed over.

        Raises:
            KeyError, TypeError, ValueError: if it is none of these lines.
        """
        which = line.get("trial")
        if "begin" in line:
            self.begin = line["begin"]
        elif "now" in line:
            self.now = line["now"]
        elif "note" in line:
            self.notes.append(str(line["note"]))
        elif "started" in line:
            before = self.trials.get(which or "")  # it goes on elsewhere from a checkpoint, perhaps
            self.trials[which or ""] = LiveTrial(**line["started"], points=before.points if before else {})
        elif which not in self.trials:
            return
        elif "epoch" in line:
            trial = self.trials[which]
            trial.points[int(line["epoch"])] = list(line["values"])
            trial.quiet_since = None
        elif "quiet_since" in line:
            self.trials[which].quiet_since = line["quiet_since"]
        elif "ended" in line:
            del self.trials[which]

    def lines(self) -> list[dict[str, Any]]:
        """Return lines that say the same, without trials that have ended."""
        found: list[dict[str, Any]] = [{"begin": self.begin}, *({"note": one} for one in self.notes[-MOST_NOTES:])]
        for which, trial in self.trials.items():
            about = {name: value for name, value in vars(trial).items() if name != "points"}
            found.append({"trial": which, "started": about})
            found += ({"trial": which, "epoch": epoch, "values": told} for epoch, told in trial.points.items())
        return [*found, {"now": self.now}]


class LiveRecord:
    """Writes a record, in a thread of its own: what is said costs the run nothing, be the disk slow or full.

    A file that cannot be written is left: the page then lacks what would be in it.

    Args:
        path: of `live_file`.
        now: says how far the run is.
        every_s: seconds between two times that lines are written.
    """

    def __init__(self, path: Path, now: Callable[[], Mapping[str, Any]], every_s: float = EVERY_S) -> None:
        self._path, self._now, self._every_s = path, now, every_s
        self._state = LiveState()
        self._waiting: list[str] = []
        self._bytes = MOST_BYTES + 1  # the file is begun anew
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._live, name="live", daemon=True)

    def begin(self, **about: Any) -> None:
        """Begin the file anew, and write from now on.

        Args:
            **about: the run, as JSON.
        """
        self._say({"begin": about})
        self._thread.start()

    def start(self, trial: Trial) -> None:
        """Say that a trial is under way."""
        fold = trial.fold if trial.protocol.folds else None
        about = {"variant": trial.variant, "repeat": trial.repeat, "fold": fold, "epochs": trial.spec.epochs}
        self._say({"trial": trial.trial_id, "started": about | {"began": time.time()}})

    def add(self, trial: Trial, epoch: int, metrics: Mapping[str, float]) -> None:
        """Say what came of an epoch.

        Args:
            trial: which.
            epoch: counted from 1.
            metrics: by columns of `epochs`.
        """
        values = [_short(metrics.get(name)) for name in CURVE_COLUMNS]
        self._say({"trial": trial.trial_id, "epoch": epoch, "values": values})

    def stall(self, trial: Trial, since: float) -> None:
        """Say that a trial makes no progress since a time, in seconds since 1970."""
        self._say({"trial": trial.trial_id, "quiet_since": since})

    def end(self, trial: Trial) -> None:
        """Say that a trial has ended; how is in the store."""
        self._say({"trial": trial.trial_id, "ended": True})

    def note(self, text: str) -> None:
        """Say what a person should know."""
        self._say({"note": text})
        del self._state.notes[:-MOST_NOTES]

    def close(self) -> None:
        """Remove the file: all trials have ended, or none is under way any more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(CLOSES_S)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _say(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._state.take(line)
            self._waiting.append(_encoded(line))

    def _live(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write()
            while not self._over.wait(self._every_s):
                self._write()
        except OSError:  # the disk is full or gone: the run goes on
            pass

    def _write(self) -> None:
        """Write what was said since the last time, if anything was."""
        if not self._waiting:
            return
        self._say({"now": self._now()})
        with self._lock:
            anew = self._bytes > MOST_BYTES
            content = "".join(map(_encoded, self._state.lines()) if anew else self._waiting).encode()
            self._waiting.clear()
        if anew:
            part = self._path.with_name(f".{self._path.name}.{os.getpid()}-00000000.part")
            part.write_bytes(content)
            part.replace(self._path)
            self._bytes = 0
            return
        with open(self._path, "ab") as stream:
            stream.write(content)
        self._bytes += len(content)


class LiveReader:
    """Reads a record while it grows.

    Args:
        path: of `live_file`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self.state = LiveState()

    def read(self) -> LiveState:
        """Return what the record says now; nothing where there is none.

        The same object as before, unless the file was begun anew.
        """
        try:
            with open(self._path, "rb") as stream:
                about = os.fstat(stream.fileno())
                if (about.st_dev, about.st_ino) != self._file or about.st_size < self._offset:
                    self._file, self._offset = (about.st_dev, about.st_ino), 0
                    self.state = LiveState()
                stream.seek(self._offset)
                content = stream.read()
        except OSError:
            if self._file is not None:
                self._file, self._offset, self.state = None, 0, LiveState()
            return self.state
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                self.state.take(json.loads(line))
        return self.state


def _encoded(line: Mapping[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":")) + "\n"


def _short(value: float | None) -> float | None:
    """Return a value to six digits, which a figure needs; None for one that is not finite, which JSON has not."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return float(f"{value:.6g}")
