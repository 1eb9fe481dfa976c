"""What happens during a submit, as lines for a program that reads while it runs."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnjobs.messages import Failure, Note, Progress, Result, Stalled
from cnnjobs.planning.trials import Trial
from cnnjobs.run.documents.decision import decision_object, decision_objects
from cnnjobs.run.meter import Meter
from cnnjobs.run.watcher import Watcher
from cnnjobs.schema.json_text import utc
from cnnjobs.schema.output import Output, document, schema_name
from cnnjobs.spec.metrics import METRICS, PARTS, column_of

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling

EVERY_S = 2.0
"""Seconds between two events that only say how far trials are."""

OPEN = "open"
"""Verdict of a variant that needs more repeats."""

OF_TRIALS = tuple(column_of(part, name) for part in PARTS for name in (*METRICS, "objective"))
"""Columns of `trials` that an event holds of a trial that has ended."""


class Events:
    """Events of a submit.

    Args:
        output: where they are written; None for nowhere.
    """

    def __init__(self, output: Output | None = None) -> None:
        self._output = output
        self._summary: dict[str, Any] = {"trials_done": 0, "trials_failed": 0, "comparison": None}

    def emit(self, event: str, **fields: Any) -> None:
        """Write an event.

        Args:
            event: its kind; the schema describes each.
            **fields: of it.
        """
        if self._output is not None:
            self._output.write(_event(event, fields))

    def note(self, text: str) -> None:
        """Write what a person should know of the whole run."""
        self.emit("note", text=text, trial=None)

    def summarise(self, **fields: Any) -> None:
        """Say what the last event holds, which is written at the end whatever becomes of the submit.

        Args:
            **fields: are added to those that were said before, or replace them.
        """
        self._summary |= fields
        if self._output is not None:
            self._output.end_with(lambda: document("submit", _event("summary", self._summary)))

    def count(self, *, failed: bool) -> None:
        """Count a trial that has ended for the summary."""
        self._summary["trials_failed" if failed else "trials_done"] += 1


class TrialEvents:
    """A `Watcher` that writes events.

    Args:
        events: where to.
        meter: has counted what is told.
        clock: seconds that only grow.
    """

    def __init__(self, events: Events, meter: Meter, clock: Callable[[], float] = time.monotonic) -> None:
        self._events, self._meter, self._clock = events, meter, clock
        self._last = clock() - EVERY_S
        self._ruling: Ruling | None = None

    def started(self, trial: Trial) -> None:
        """Tell that a worker has taken it up."""
        self._events.emit("started", trial=_trial(trial))

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Tell how far all are, now and then."""
        now = self._clock()
        if now - self._last < EVERY_S:
            return
        self._last = now
        epochs, images = self._meter.rates()
        self._events.emit(
            "progress",
            **_counts(self._meter),
            running=len(self._meter.running),
            fraction=self._meter.snapshot().fraction,
            seconds_left=self._meter.left(),
            least_seconds_left=self._meter.least_left(),
            epochs_per_s=epochs,
            images_per_s=images,
            decisions=None if self._ruling is None else decision_objects(self._ruling),
        )

    def noted(self, trial: Trial, note: Note) -> None:
        """Tell what there is to know of it, or of its machine."""
        self._events.emit("note", text=note.text, trial=None if note.once else _trial(trial))

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """Tell that it makes no progress."""
        about = {"quiet_since": utc(time.time() - stalled.seconds), "timeout_s": stalled.timeout_s}
        self._events.emit("stalled", trial=_trial(trial), **about)

    def finished(self, trial: Trial, result: Result) -> None:
        """Tell how it ended, with its metrics."""
        self._events.count(failed=False)
        final = result.final
        self._events.emit(
            "finished",
            trial=_trial(trial),
            status=result.status,
            metrics={name: final[name] for name in OF_TRIALS if final.get(name) is not None},
            epochs_done=final.get("epochs_done"),
            seconds=final.get("seconds"),
            **_counts(self._meter),
        )

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """Tell why it failed, and where to read on."""
        self._events.count(failed=True)
        self._events.emit("failed", trial=_trial(trial), failure=failure.error, log=log, **_counts(self._meter))

    def ruled(self, ruling: "Ruling") -> None:
        """Tell which variants the rule has just decided, or given up."""
        before = {} if self._ruling is None else self._ruling.decisions
        for name, decision in ruling.decisions.items():
            if (before[name].verdict if name in before else OPEN) != decision.verdict:
                self._events.emit("decided", **decision_object(name, decision))
        self._ruling = ruling


class Watchers:
    """A `Watcher` that passes on what it sees to several.

    Args:
        *watchers: in the order in which they see it.
    """

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers: Sequence[Watcher] = watchers

    def started(self, trial: Trial) -> None:
        """A worker has taken it up."""
        for one in self._watchers:
            one.started(trial)

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """It is under way."""
        for one in self._watchers:
            one.progressed(trial, progress)

    def noted(self, trial: Trial, note: Note) -> None:
        """There is something of it that a person should know."""
        for one in self._watchers:
            one.noted(trial, note)

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """It makes no progress."""
        for one in self._watchers:
            one.stalled(trial, stalled)

    def finished(self, trial: Trial, result: Result) -> None:
        """It completed or diverged, and is stored."""
        for one in self._watchers:
            one.finished(trial, result)

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """It failed; `log` is where to read about it."""
        for one in self._watchers:
            one.failed(trial, failure, log)

    def ruled(self, ruling: "Ruling") -> None:
        """The rule of the job has taken in a trial."""
        for one in self._watchers:
            one.ruled(ruling)


def _event(event: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema": schema_name("submit"), "event": event, "time": utc(time.time()), **fields}


def _trial(trial: Trial) -> dict[str, Any]:
    fold = trial.fold if trial.protocol.folds else None
    return {"trial_id": trial.trial_id, "variant": trial.variant, "repeat": trial.repeat, "fold": fold}


def _counts(meter: Meter) -> dict[str, int]:
    return {"trials": meter.trials, "trials_done": meter.done, "trials_failed": meter.failed}
