"""Shows the progress of trials, and of what takes long before them."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from cnnjobs.messages import Failure, Note, Progress, Result, Stalled, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.run.meter import Meter
from cnnjobs.run.screens import open_screen
from cnnjobs.spec.metric_names import metric_of
from cnnjobs.spec.metrics import compared_column, part_of
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible
from cnnjobs.wording.times import clock_time, duration

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling


class Display:
    """A `Watcher` that shows trials on standard error.

    Args:
        meter: counts.
        verbose: print what each trial printed.
    """

    def __init__(self, meter: Meter, *, verbose: bool = False) -> None:
        self._meter, self._verbose = meter, verbose
        self._screen = open_screen(meter.snapshot)
        self._stalled: set[str] = set()
        self._ruling: Ruling | None = None

    def __enter__(self) -> "Display":
        """Begin to show."""
        self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        self.stop()

    def stop(self) -> None:
        """Take the line away."""
        self._screen.stop()

    def started(self, trial: Trial) -> None:
        """Show that a trial has begun."""
        self._meter.start(trial)
        self._screen.moved()

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """Show how far it is."""
        self._meter.move(trial, progress)
        if trial.trial_id in self._stalled:
            self._stalled.remove(trial.trial_id)
            self._screen.log_event(f"{trial.label()}: goes on")
        self._screen.moved()

    def noted(self, trial: Trial, note: Note) -> None:
        """Show what there is to know of it."""
        self._screen.log_event(f"note: {note.text}" if note.once else f"{trial.label()}: {note.text}")

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """Say that it makes no progress, and what can be done."""
        self._meter.stall(trial, stalled.seconds)
        self._stalled.add(trial.trial_id)
        since = clock_time(time.time() - stalled.seconds)
        then = (
            "The job waits for it; with --trial-timeout SECONDS it would be stopped, and fail with the place where it "
            "was"
            if stalled.timeout_s is None
            else f"After {duration(stalled.timeout_s)} it is stopped and counts as failed"
        )
        self._screen.log_event(
            f"{trial.label()}: no progress since {since} ({duration(stalled.seconds)}), longer than its pace "
            f"explains. {then}"
        )

    def finished(self, trial: Trial, result: Result) -> None:
        """Show its outcome, by the accuracy that variants are compared on."""
        column = compared_column(trial.protocol.folds)
        value = result.final.get(column) if result.status == Status.COMPLETED else None
        self._meter.end(trial, failed=False, value=value)
        if result.status == Status.DIVERGED:
            epoch = result.final["epochs_done"]
            self._screen.log_event(f"{trial.label()}: diverged at epoch {epoch}, its loss is not finite")
        else:
            metric = metric_of(column).of_part(part_of(column))
            said = "not known" if value is None else f"{value:.2%}"
            self._screen.log_event(f"{trial.label()}: {metric.words} {said}", routine=True)
        self._tell_log(result.log)

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """Show why it failed and where to read on."""
        self._meter.end(trial, failed=True)
        self._screen.log_event(f"{trial.label()}: FAILED: {clause(failure.error)}; log: {log}")
        self._tell_log(failure.log)

    def ruled(self, ruling: "Ruling") -> None:
        """Show what the rule says now, and what it did not say before."""
        before, self._ruling = self._ruling, ruling
        self._meter.rule(ruling)
        if before is not None:
            from cnnjobs.comparison.decided_words import look_text, news

            for text in news(before, ruling):
                self._screen.log_event(text)
            if ruling.next_look > before.next_look:
                self._screen.log_event(look_text(ruling), routine=True)
        self._screen.moved()

    def _tell_log(self, log: str) -> None:
        if self._verbose and log.strip():
            self._screen.write_output(log.rstrip())


@contextlib.contextmanager
def while_doing(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Say on a terminal what is going on as long as it does, from the first moment on.

    Args:
        what: "drawing figures".
        quiet: whether a program reads, to whom it is not said.
    """
    alive = sys.stderr.isatty() and not quiet
    if alive:
        sys.stderr.write(f"{visible(what, lines=False)} ...")
        sys.stderr.flush()
    try:
        yield
    finally:
        if alive:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Waiting:
    """Shows how far something is that takes more than two seconds before trials start: decoding pictures, say.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._alive = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take a report of (what is going on, done, total)."""
        now = self._clock()
        began = self._began.setdefault(what, now)
        over = total > 0 and done >= total
        if over:
            if what in self._told and self._alive:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
            return
        if total == 0 or (now - began > 2 and now - self._told.get(what, 0.0) > (0.2 if self._alive else 10)):
            self._told[what] = now
            text = visible(
                f"{what}: {done:,} of {total:,}{self._pace(done, now - began)}" if total else what, lines=False
            )
            sys.stderr.write(f"\r\x1b[K{text}" if self._alive and total else f"{text}\n")
            sys.stderr.flush()

    def _pace(self, done: int, seconds: float) -> str:
        """Say how many are done in a second, where there are enough of them to be counted so."""
        return f", {done / seconds:,.0f} per second" if seconds > 0 and done > 10 * seconds else ""
