"""Sends trials to experiment trackers while others train, from what is stored; a tracker that fails hurts no run."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnjobs.errors import Interrupted
from cnnjobs.messages import FINISHED, Failure, Note, Result
from cnnjobs.planning.trials import Trial
from cnnjobs.run.progress import Waiting
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store
from cnnjobs.trackers.kinds import WORDS, open_tracker, said_by, tracker_settings
from cnnjobs.trackers.tracked_run import WHICH, RunName, TrackedRun
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import echo, note

if TYPE_CHECKING:
    from cnnjobs.trackers.tracker import Tracker

PATIENCE_S = 60.0
"""A tracker that takes nothing for so long at the end of a run is left; the next submit sends the rest."""

LAST_RUN_S = 5.0
"""When a submit is stopped, it waits for the run that is being sent at most so long."""

MOST_REFUSED = 2
"""A tracker that refuses so many runs one after the other is not tried again by this submit."""

AT_ONCE = 50
"""Runs that are read from the store at a time."""

OpenTracker = Callable[[str, str, Files], "Tracker"]
"""Takes the name of a tracker, of the job, and the job's folder."""


class Tracking:
    """The trackers of a submit.

    Args:
        names: which; () for none.
        job: name of the job.
        files: folder of the job.
        conditions: variant -> condition id; the stored trials of these are sent.
        opened: opens one.
        patience_s: a tracker that takes nothing for so long at the end is left.
    """

    def __init__(
        self,
        names: Sequence[str] = (),
        job: str = "",
        files: Files | None = None,
        conditions: Mapping[str, str] | None = None,
        opened: OpenTracker = open_tracker,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._names, self._job, self._files, self._opened = tuple(names), job, files, opened
        self._variants = {condition: variant for variant, condition in (conditions or {}).items()}
        self._patience_s = patience_s
        self._senders: list[Sender] = []
        self._told: set[str] = set()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Send what is stored, and in the context what is told of; at its end wait for the rest.

        The store is claimed by this process, so that no other sends the same.

        Raises:
            Interrupted: on Ctrl-C while it waits; the results are stored.
        """
        files = self._files
        names = [name for name in self._names if name not in self._told]
        self._senders = [] if files is None else [self._sender(name, files) for name in names]
        with tracker_settings(names):
            for sender in self._senders:
                sender.start()
            try:
                yield
            except BaseException:
                self._stop()
                raise
            try:
                self._finish()
            except KeyboardInterrupt:
                self._stop()
                raise Interrupted(
                    "Stopped while runs were sent to trackers. The results are stored; the next submit sends the rest"
                ) from None

    def _sender(self, name: str, files: Files) -> Sender:
        return Sender(name, lambda: self._opened(name, self._job, files), files, self._variants)

    def stored(self, trial_id: str) -> None:
        """A trial has been stored."""
        for sender in self._senders:
            sender.tell(trial_id)

    def news(self) -> list[str]:
        """Return why trackers failed, each once."""
        failed = [one for one in self._senders if one.error is not None and one.tracker not in self._told]
        self._told.update(one.tracker for one in failed)
        return [
            f"{WORDS[one.tracker]} has not taken all runs: {clause(one.error)}. Training is not affected, and the next "
            "submit sends the rest"
            for one in failed
        ]

    def _stop(self) -> None:
        """Send no more than the run that is being sent, so that the next submit does not send it as well."""
        for sender in self._senders:
            sender.stop()
        for sender in self._senders:
            sender.join(LAST_RUN_S)

    def _finish(self) -> None:
        for sender in self._senders:
            sender.tell(None)
        for sender in self._senders:
            if not sender.wait(self._patience_s):
                sender.stop()
                self._told.add(sender.tracker)
                silent = f"{WORDS[sender.tracker]} has not answered for {self._patience_s:g} s"
                note(f"{silent}; the next submit sends the rest")
            elif sender.sent:
                runs = "1 run" if sender.sent == 1 else f"{sender.sent:,} runs"
                echo(f"{runs} sent to {WORDS[sender.tracker]}: {sender.where}", err=True)
        for line in self.news():
            note(line)


class Sender(threading.Thread):
    """Sends runs to one tracker.

    Args:
        name: of the tracker.
        opened: opens it.
        files: folder of the job.
        variants: condition id -> variant.

    Attributes:
        tracker: its name.
        sent: how many runs it has sent.
        error: why a run was not taken; None if all were.
        where: where a person finds the runs, once it is open.
    """

    def __init__(self, name: str, opened: Callable[[], Tracker], files: Files, variants: Mapping[str, str]) -> None:
        super().__init__(name=f"tracker {name}", daemon=True)  # one that hangs does not keep the process
        self.tracker, self._opened, self._files, self._variants = name, opened, files, variants
        self._told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._moved = time.monotonic()
        self._due, self._refused, self._stopped = 0, 0, False
        self.sent = 0
        self.error: str | None = None
        self.where = ""

    def tell(self, trial_id: str | None) -> None:
        """A trial has been stored; None: none will be any more."""
        self._told.put(trial_id)

    def stop(self) -> None:
        """Send no further run."""
        self._stopped = True
        self._told.put(None)

    def wait(self, patience_s: float) -> bool:
        """Wait until all is sent, or it failed; return False if nothing has happened for some time.

        Args:
            patience_s: for so long.
        """
        waiting, begun, what = Waiting(), time.monotonic(), f"sending runs to {WORDS[self.tracker]}"
        while self.is_alive():
            self.join(0.2)
            if time.monotonic() - max(self._moved, begun) > patience_s:
                return False
            if self._due:
                waiting(what, self.sent, self._due)
        waiting(what, 1, 1)
        return True

    def run(self) -> None:
        """Send what is stored, then what it is told of."""
        try:
            self._send_all()
        except Exception as error:  # of whatever library: the run goes on
            self.error = said_by(error)

    def _send_all(self) -> None:
        tracker = self._opened()
        self.where = tracker.where
        try:
            store = Store(self._files)
            self._send(tracker, store, None)
            over = False
            while not over:
                told = [self._told.get()]
                while not self._told.empty():
                    told.append(self._told.get())
                over = told[-1] is None
                self._send(tracker, store, [trial for trial in told if trial is not None])
        finally:
            tracker.close()

    def _send(self, tracker: Tracker, store: Store, trials: Sequence[str] | None) -> None:
        """Send those of some stored trials that the tracker does not have; None for all."""
        if trials is not None and not trials:
            return
        rows = store.read("trials", trials, list(WHICH)).table.to_pylist()
        names = [RunName.of(row, self._variants[row["condition_id"]]) for row in rows if self._is_due(row)]
        due = [name for name in names if not tracker.has(name)]
        self._due = self.sent + len(due)
        for begin in range(0, len(due), AT_ONCE):
            for run in _runs(store, due[begin : begin + AT_ONCE]):
                if self._stopped:
                    return
                self._try(tracker, run)

    def _try(self, tracker: Tracker, run: TrackedRun) -> None:
        """Send a run; one that is refused does not keep others back, but the tracker may be gone."""
        try:
            tracker.send(run)
        except Exception as error:
            self.error = said_by(error)
            self._refused += 1
            if self._refused == MOST_REFUSED:
                raise
            return
        self._refused = 0
        self.sent += 1
        self._moved = time.monotonic()

    def _is_due(self, row: Mapping[str, Any]) -> bool:
        return row["status"] in FINISHED and row["condition_id"] in self._variants


def _runs(store: Store, names: Sequence[RunName]) -> Iterator[TrackedRun]:
    """Yield stored runs, with their epochs."""
    trials = [name.trial_id for name in names]
    rows = {row["trial_id"]: row for row in store.read("trials", trials).table.to_pylist()}
    epochs: dict[str, list[dict[str, Any]]] = {trial: [] for trial in trials}
    for row in store.read("epochs", trials).table.to_pylist():
        epochs[row["trial_id"]].append(row)
    for name in names:
        if name.trial_id in rows:
            yield TrackedRun.of(name, rows[name.trial_id], epochs[name.trial_id])


class TrackedTrials:
    """Tells trackers of trials that were stored, and a person of trackers that failed; see `Watcher`.

    Args:
        tracking: the trackers.
        tell: is told of a failure, and the trial after which it was seen.
    """

    def __init__(self, tracking: Tracking, tell: Callable[[Trial, Note], None]) -> None:
        self._tracking, self._tell = tracking, tell

    def finished(self, trial: Trial, result: Result) -> None:
        """Send it."""
        self._tracking.stored(trial.trial_id)
        self.failed(trial)

    def failed(self, trial: Trial, failure: Failure | None = None, log: str = "") -> None:
        """Say what trackers failed; trials that fail are not sent."""
        for line in self._tracking.news():
            self._tell(trial, Note(line, once=True))

    def nothing(self, *_: object) -> None:
        """Nothing follows."""

    started = progressed = noted = stalled = ruled = nothing
