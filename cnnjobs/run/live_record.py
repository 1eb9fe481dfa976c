"""Keeps what trials tell while they run, for pages that show it."""

import contextlib
import os
import platform
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cnnjobs.messages import Failure, Note, Progress, Result, Stalled
from cnnjobs.planning.trials import Trial
from cnnjobs.run.meter import Meter
from cnnjobs.store import live
from cnnjobs.store.files import Files
from cnnjobs.store.live import LiveRecord, live_file

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling


class LiveRecorder:
    """A `Watcher` that keeps what it sees in a `LiveRecord`.

    Args:
        record: where to.
    """

    def __init__(self, record: LiveRecord) -> None:
        self._record = record

    def started(self, trial: Trial) -> None:
        """Keep that a worker has taken it up."""
        self._record.start(trial)

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Keep what came of an epoch."""
        if progress.metrics is not None:
            self._record.add(trial, progress.epoch, progress.metrics)

    def noted(self, trial: Trial, note: Note) -> None:
        """Keep what there is to know."""
        self._record.note(note.text if note.once else f"{trial.label()}: {note.text}")

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """Keep that it makes no progress."""
        self._record.stall(trial, time.time() - stalled.seconds)

    def finished(self, trial: Trial, result: Result) -> None:
        """It is in the store."""
        self._record.end(trial)

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """It is in the store, with its log."""
        self._record.end(trial)

    def ruled(self, ruling: "Ruling") -> None:
        """What the rule says follows from the store."""


@contextlib.contextmanager
def live_recorder(files: Files, meter: Meter, at_once: int) -> Iterator[LiveRecorder]:
    """Yield what keeps a run in the record of a store, which is removed after it.

    Args:
        files: the store's folder.
        meter: of the run.
        at_once: how many trials run at the same time.
    """

    def now() -> Mapping[str, Any]:
        snapshot = meter.snapshot()
        return {"line": snapshot.line, "fraction": round(snapshot.fraction, 4), "at": time.time()}

    record = LiveRecord(live_file(files), now, live.EVERY_S)
    record.begin(pid=os.getpid(), host=platform.node(), at=time.time(), trials=meter.trials, at_once=at_once)
    try:
        yield LiveRecorder(record)
    finally:
        record.close()
