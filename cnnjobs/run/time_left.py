"""How long trials still take, from what those under way and those that ended have told."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from statistics import fmean, median

from cnnjobs.messages import Progress
from cnnjobs.planning.trials import Trial

SETTLED_S = 2.0
"""A trial's speed is known when it has trained so long after it first told of itself: before, graphs are traced."""

PATIENCE_S = 60.0
"""After so long with a known speed the estimate no longer waits for trials that were to run at the same time."""

RECENT_S = 30.0
"""As many trials run at once as the most within so long: between two trials a slot is empty for a moment."""

HALF_LIFE_S = 600.0
"""Seconds of training after which what was measured before counts half: a machine may be shared at times."""

RECENT_TRIALS = 8
"""What a trial costs beside its training is the median over so many of those that ended last: one may have traced its
graphs in a process in which others had not."""

AS_OTHERS_S = 2.0
"""A condition's speed counts as if it had trained so long at the speed of the others too: messages come in bursts."""

OF_COLD_START, TRACING_OF_COLD_START = 0.1, 0.5
"""Shares of the start of a trial in a new process that come again with each trial, and with each condition, whose
graphs are traced; the rest is importing. They are guesses until trials in warm processes have shown it."""


@dataclass
class Underway:
    """A trial under way.

    Args:
        trial: which.
        images: that it sees in all, over all its epochs.
        position: how many of them are done.
        began: when it was taken up.
        is_cold: whether none had ended then: its process has just started.
        is_fresh: whether it is the first of its condition, whose graphs are traced.
    """

    trial: Trial
    images: int
    position: int
    began: float
    is_cold: bool
    is_fresh: bool
    epoch: int | None = None
    first: float | None = None
    first_images: int = 0
    last: float = 0.0

    def move(self, progress: Progress, now: float) -> int:
        """Take in how far it is; return the epochs that it finished since it last told.

        A trial that goes on from a checkpoint says so by its epoch alone: what is before it was not trained now.
        """
        rows = self.images // max(progress.epochs, 1)
        if self.epoch is None:
            whole = progress.epoch > 0 and progress.images >= rows
            self.epoch, self.first, self.first_images = progress.epoch - whole, now, progress.images
            self.position = 0  # if it went on from anything, the epoch says so
        finished, self.epoch = progress.epoch - self.epoch, progress.epoch
        self.position = min(self.images, max(self.position + progress.images, progress.epoch * rows))
        self.last = now
        return finished

    @property
    def is_settled(self) -> bool:
        """Whether its speed is known."""
        return self.first is not None and self.last - self.first >= SETTLED_S


@dataclass
class Speed:
    """Seconds of a slot an image, and how many images trials leave out at their end, for trials of one condition."""

    seconds: float = 0.0
    images: float = 0.0
    ended: int = 0
    left_out: int = 0

    def learn(self, seconds: float, images: int) -> None:
        """Take in a piece of training."""
        kept = 0.5 ** (seconds / HALF_LIFE_S)
        self.seconds, self.images = kept * self.seconds + seconds, kept * self.images + images

    @property
    def mean_left_out(self) -> float:
        """Images that a trial leaves out."""
        return self.left_out / self.ended if self.ended else 0.0


class TimeLeft:
    """Estimates how long trials still take; says nothing before the speed of those that run at once is known.

    What is left of a condition costs what its trials cost until now; one that has not run yet counts as the mean of
    the others, and once more what the first trials of others took to trace their graphs. Work is shared by as many
    slots as are busy, and takes no less than the longest trial: such a bound is at least half of what handing trials
    to free slots one by one takes (Graham, 1966).

    Args:
        trials: all that are to run.
        images_of: images a trial sees in all.
        kept_of: those that it need not see again, because it is to go on from a state that was kept.
        at_once: how many are to run at the same time.
    """

    def __init__(
        self,
        trials: Collection[Trial],
        images_of: Callable[[Trial], int],
        kept_of: Callable[[Trial], int] = lambda trial: 0,
        at_once: int = 1,
    ) -> None:
        self._images_of, self._kept_of, self._wanted = images_of, kept_of, min(at_once, len(trials))
        self._waiting = {trial.trial_id: trial for trial in trials}
        self._count = Counter(trial.condition_id for trial in trials)
        self._images: Counter[str] = Counter()
        for trial in trials:
            self._images[trial.condition_id] += images_of(trial) - kept_of(trial)
        self._under_way: dict[str, Underway] = {}
        self._speeds: defaultdict[str, Speed] = defaultdict(Speed)
        self._busy: deque[tuple[float, int]] = deque()
        self._ended, self._known_at = 0, math.inf
        self._around: deque[float] = deque(maxlen=RECENT_TRIALS)
        self._tails: deque[float] = deque(maxlen=RECENT_TRIALS)
        self._tracings: deque[float] = deque(maxlen=RECENT_TRIALS)
        self._cold_starts: list[float] = []
        self._begun: set[str] = set()
        self._done = 0

    def start(self, trial: Trial, now: float) -> None:
        """Begin to count a trial, or one that begins anew."""
        self._take_out(trial)
        self._note(now)
        self._under_way[trial.trial_id] = Underway(
            trial,
            self._images_of(trial),
            self._kept_of(trial),
            now,
            is_cold=not self._ended,
            is_fresh=trial.condition_id not in self._begun,
        )
        self._begun.add(trial.condition_id)

    def drop(self, unwanted: Callable[[Trial], bool]) -> list[str]:
        """Take out the trials that wait and are not wanted any more; return their ids."""
        found = [trial for trial in self._waiting.values() if unwanted(trial)]
        for trial in found:
            self._take_out(trial)
        return [trial.trial_id for trial in found]

    def move(self, trial: Trial, progress: Progress, now: float) -> int:
        """Take in how far a trial is; return the epochs that it finished since it last told."""
        if trial.trial_id not in self._under_way:
            self.start(trial, now)
        running = self._under_way[trial.trial_id]
        if running.first is not None:
            self._speeds[trial.condition_id].learn(now - running.last, progress.images)
        elif running.is_cold:
            self._cold_starts.append(now - running.began)
        return running.move(progress, now)

    def end(self, trial: Trial, now: float, *, failed: bool) -> None:
        """Take in that a trial is over; what it still owed will never come."""
        self._note(now)
        self._ended += 1
        running = self._under_way.pop(trial.trial_id, None)
        if running is None:
            return
        self._done += running.position
        if not failed and running.first is not None:
            self._learn_from(running, running.first, now)

    def fraction(self) -> float:
        """Return the share of all images that is done."""
        done = self._done + sum(running.position for running in self._under_way.values())
        left = sum(running.images - running.position for running in self._under_way.values()) + self._images.total()
        return done / (done + left) if left else 1.0

    def seconds(self, now: float, before: int | None = None) -> float | None:
        """Return the seconds that are left; None as long as they cannot be estimated.

        Args:
            now: the time.
            before: of trials that wait only those count whose repeat, from 0, is before this one; None for all.
        """
        costs = self._costs()
        if not costs or not self._is_ready(now):
            return None
        mean = sum(costs.values()) / len(costs)
        running = [self._owed(one) * costs.get(one.trial.condition_id, mean) for one in self._under_way.values()]
        count, images = self._owed_by_waiting(before)
        waiting = {name: self._of_waiting(name, costs.get(name, mean), count, images) for name in +count}
        slots = self._slots(now)
        next_free = min(running) if len(running) >= slots else 0.0
        longest = max((seconds / count[name] for name, seconds in waiting.items()), default=0.0)
        shared = (sum(running) + sum(waiting.values())) / slots
        return max(shared, max(running, default=0.0), next_free + longest if waiting else 0.0)

    def _costs(self) -> dict[str, float]:
        """Return condition -> seconds of a slot an image; the less it has trained, the more it counts as the others."""
        measured = {name: speed.seconds / speed.images for name, speed in self._speeds.items() if speed.images}
        if len(measured) < 2:
            return measured
        total, found = sum(measured.values()), {}
        for name, cost in measured.items():
            speed, others = self._speeds[name], (total - cost) / (len(measured) - 1)
            found[name] = (speed.seconds + AS_OTHERS_S) / (speed.images + AS_OTHERS_S / others) if others else cost
        return found

    def _learn_from(self, running: Underway, first: float, now: float) -> None:
        """Take in what a trial that ended by itself cost beside its training, and how far it got."""
        speed = self._speeds[running.trial.condition_id]
        if running.last == first and not speed.images:  # it told once alone
            speed.learn(first - running.began, running.first_images)
        speed.ended, speed.left_out = speed.ended + 1, speed.left_out + running.images - running.position
        start = first - running.began - running.first_images * speed.seconds / max(speed.images, 1.0)
        tail = now - running.last
        self._tails.append(tail)
        if running.is_fresh and not running.is_cold:
            self._tracings.append(max(start, 0.0))
        elif not running.is_cold:
            self._around.append(tail + max(start, 0.0))

    def _owed(self, running: Underway) -> float:
        """Return the images that a trial under way is to see still; it may end as early as those before it."""
        owed, left_out = running.images - running.position, self._speeds[running.trial.condition_id].mean_left_out
        return owed - left_out if owed > left_out else owed

    def _owed_by_waiting(self, before: int | None) -> tuple[Counter[str], Counter[str]]:
        """Return condition -> trials that wait, and condition -> their images; of all repeats, or of the first ones."""
        if before is None:
            return self._count, self._images
        count, images = Counter[str](), Counter[str]()
        for trial in self._waiting.values():
            if trial.repeat < before:
                count[trial.condition_id] += 1
                images[trial.condition_id] += self._images_of(trial) - self._kept_of(trial)
        return count, images

    def _of_waiting(self, condition: str, cost: float, counts: Counter[str], images: Counter[str]) -> float:
        """Return the seconds of a slot of the trials that wait; they may end as early as those before them."""
        count, left_out = counts[condition], self._speeds[condition].mean_left_out
        seconds = max(images[condition] - count * left_out, 0) * cost + count * self._beside()
        return seconds if condition in self._begun else seconds + self._tracing()

    def _beside(self) -> float:
        """Return the seconds that a trial takes beside its training, in a process that has trained its condition."""
        if self._around:
            return median(self._around)
        return median(self._tails or [0.0]) + OF_COLD_START * min(self._cold_starts, default=0.0)

    def _tracing(self) -> float:
        """Return the seconds that the first trial of a condition takes more than others."""
        if self._tracings:
            return max(fmean(self._tracings) - self._beside(), 0.0)
        return TRACING_OF_COLD_START * min(self._cold_starts, default=0.0)

    def _take_out(self, trial: Trial) -> None:
        """Count a trial as one that does not wait."""
        if self._waiting.pop(trial.trial_id, None) is not None:
            self._count[trial.condition_id] -= 1
            self._images[trial.condition_id] -= self._images_of(trial) - self._kept_of(trial)

    def _is_ready(self, now: float) -> bool:
        """Say whether the speed of as many trials is known as run at once, or was waited for in vain."""
        settled = self._ended + sum(running.is_settled for running in self._under_way.values())
        if settled:
            self._known_at = min(self._known_at, now)
        if settled >= self._wanted:
            self._known_at = -math.inf
        return now - self._known_at >= PATIENCE_S

    def _slots(self, now: float) -> int:
        """Return how many trials run at once."""
        return max(1, len(self._under_way), *(busy for at, busy in self._busy if now - at <= RECENT_S))

    def _note(self, now: float) -> None:
        """Keep how many ran until now."""
        self._busy.append((now, len(self._under_way)))
        while now - self._busy[0][0] > RECENT_S:
            self._busy.popleft()
