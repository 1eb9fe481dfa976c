"""Counts trials, epochs and images while they run."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnjobs.messages import Progress
from cnnjobs.planning.trials import Trial
from cnnjobs.run.screens import ProgressSnapshot
from cnnjobs.run.time_left import TimeLeft
from cnnjobs.wording.times import clock_time, duration

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling

RATE_WINDOW_S = 30.0
"""Rates are averages over the last so many seconds."""


class Meter:
    """Counts trials, epochs and images, and from them rates and the time that is left.

    Args:
        trials: those that are to run.
        images_of: images a trial sees in all, over its epochs.
        kept_of: those that it need not see again, because it is to go on from a state that was kept.
        at_once: how many are to run at the same time.
        clock: seconds that only grow.
        before: variant -> accuracies of its runs that are stored.
    """

    def __init__(
        self,
        trials: Collection[Trial],
        images_of: Callable[[Trial], int],
        kept_of: Callable[[Trial], int] = lambda trial: 0,
        at_once: int = 1,
        clock: Callable[[], float] = time.monotonic,
        before: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        self._values = {trial.variant: list(before.get(trial.variant, ())) for trial in trials}
        self.trials, self._clock = len(trials), clock
        self._time = TimeLeft(trials, images_of, kept_of, at_once)
        self.done = self.failed = 0
        self.running: dict[str, str] = {}
        self._ruling: Ruling | None = None
        self._dropped: set[str] = set()
        self._seen = self._epochs = 0
        self._window: deque[tuple[float, int, int]] = deque()
        self._lock = threading.RLock()  # a screen looks from another thread

    def start(self, trial: Trial) -> None:
        """Begin to count a trial."""
        with self._lock:
            self.running[trial.label()] = "starting"
            if trial.trial_id in self._dropped:  # wanted after all
                self._dropped.remove(trial.trial_id)
                self.trials += 1
            self._time.start(trial, self._clock())
            if not self._window:
                self._note()

    def move(self, trial: Trial, progress: Progress) -> None:
        """Count what a trial has done since the last message."""
        with self._lock:
            self.running[trial.label()] = f"epoch {progress.epoch}/{progress.epochs}"
            self._epochs += self._time.move(trial, progress, self._clock())
            self._seen += progress.images
            self._note()

    def stall(self, trial: Trial, seconds: float) -> None:
        """Take in that a trial makes no progress."""
        with self._lock:
            doing = self.running.get(trial.label(), "starting")
            self.running[trial.label()] = f"{doing}, no progress since {clock_time(time.time() - seconds)}"

    def end(self, trial: Trial, *, failed: bool, value: float | None = None) -> None:
        """Count a trial as over; what it still owed will never come.

        Args:
            trial: which.
            failed: whether it failed.
            value: its accuracy; None if it has none.
        """
        with self._lock:
            self.running.pop(trial.label(), None)
            self._time.end(trial, self._clock(), failed=failed)
            if value is not None:
                self._values.setdefault(trial.variant, []).append(value)
            self.failed += failed
            self.done += not failed

    def rule(self, ruling: "Ruling") -> None:
        """Take in what the rule says: trials of variants that it has done with are not to come."""
        wanted = {*ruling.open, ruling.reference} if ruling.open else set()
        with self._lock:
            self._ruling = ruling
            dropped = self._time.drop(lambda trial: trial.variant not in wanted)
            self.trials -= len(dropped)
            self._dropped.update(dropped)

    @property
    def begun(self) -> bool:
        """Whether a trial has started."""
        return bool(self._window)

    def rates(self) -> tuple[float, float]:
        """Return epochs and images a second over the last half minute."""
        if not self._window:
            return 0.0, 0.0
        began, epochs, images = self._window[0]
        seconds = max(self._clock() - began, 1e-9)
        return (self._epochs - epochs) / seconds, (self._seen - images) / seconds

    def left(self) -> float | None:
        """Return the seconds that are left, at most where a rule may end before; None before they can be estimated."""
        return self._time.seconds(self._clock())

    def least_left(self) -> float | None:
        """Return the seconds until the next look, after which the rule may end; None before, and without a rule."""
        ruling = self._ruling
        return None if ruling is None else self._time.seconds(self._clock(), ruling.first + ruling.next_look)

    def left_text(self) -> str:
        """Say what is left: until all trials have run, and, where a rule may end before, from its next look on."""
        most, least = self.left(), self.least_left()
        if most is None:
            return ""
        if least is None:
            return duration(most)
        first, last = duration(least), duration(most)
        return last if first == last else f"{first} to {last}"

    def counted(self) -> str:
        """Return how many trials there are: as a number, or as at most so many."""
        return str(self.trials) if self._ruling is None else f"at most {self.trials}"

    def describe(self) -> str:
        """Say it in one line."""
        epochs, images = self.rates()
        parts = [f"{self.done}/{self.trials} done" if self._ruling is None else f"{self.done} of {self.counted()} done"]
        if self.running:
            parts.append(f"{len(self.running)} running")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self._seen:
            parts.append(f"{epochs:.1f} epochs/s, {images:,.0f} images/s")
        left = self.left_text()
        unknown = "estimating time left" if self._seen else "starting workers"
        parts.append(f"{left} left" if left else unknown)
        return " · ".join(parts)

    def snapshot(self) -> ProgressSnapshot:
        """Return it all at one moment."""
        with self._lock:
            return ProgressSnapshot(
                trials=self.trials,
                ended=self.done + self.failed,
                fraction=self._time.fraction(),
                line=self.describe(),
                left=self.left_text() if self.left() else "",
                running=dict(self.running),
                at_most=self._ruling is not None,
                standing=self._standing(),
                means=self._means(),
            )

    def _standing(self) -> tuple[str, ...]:
        """Say how far each variant is that is not decided."""
        if self._ruling is None:
            return ()
        from cnnjobs.comparison.decided_words import standing_text

        return tuple(standing_text(self._ruling, name) for name in self._ruling.open)

    def _means(self) -> tuple[str, ...]:
        """Say the mean accuracy of each variant so far; with a rule, its bounds say more."""
        if self._ruling is not None:
            return ()
        known = {name: values for name, values in self._values.items() if values}
        return tuple(
            f"{name}: {sum(values) / len(values):.2%}, mean of {len(values):,}"
            if len(values) > 1
            else f"{name}: {values[0]:.2%}, one run"
            for name, values in known.items()
        )

    def _note(self) -> None:
        now = self._clock()
        self._window.append((now, self._epochs, self._seen))
        while len(self._window) > 2 and now - self._window[1][0] > RATE_WINDOW_S:
            self._window.popleft()
