"""Notices that a trial makes no progress, by its own pace."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

LEAST_S = 60.0
"""Seconds of silence that are never worth a word: a trial tells of itself about every second, if its steps let it."""

FIRST_S = 300.0
"""The same before a trial has told how far it is, while nothing is known: TensorFlow is imported, graphs are traced."""

TIMES = 10.0
"""Silence of so many times the longest that trials of the same settings were silent is not their pace."""

LOOK_S = 5.0
"""Time counts between two looks, at most so much: when this process was stopped, or busy, trials were not silent."""


@dataclass
class _Watched:
    settings: str
    heard: float
    begun: bool = False
    told: bool = False


class StallWatch:
    """Knows since when trials are silent.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last, self._now = clock, clock(), 0.0
        self._watched: dict[str, _Watched] = {}
        self._longest: defaultdict[tuple[str, bool], float] = defaultdict(float)

    def start(self, trial: str, settings: str) -> None:
        """Begin to watch a trial, or one that begins anew.

        Args:
            trial: its id.
            settings: id of what it has in common with its repeats.
        """
        self._tick()
        self._watched[trial] = _Watched(settings, self._now)

    def hear(self, trial: str, *, begun: bool = True) -> None:
        """Take in a sign of life of a trial.

        Args:
            trial: its id.
            begun: whether it has trained; else it only said something.
        """
        self._tick()
        one = self._watched.get(trial)
        if one is not None and not begun:
            one.heard = self._now
        elif one is not None:
            key = (one.settings if one.begun else "", one.begun)
            self._longest[key] = max(self._longest[key], self._now - one.heard)
            one.heard, one.begun, one.told = self._now, True, False

    def end(self, trial: str) -> None:
        """Forget a trial that has ended, or waits to begin anew."""
        self._watched.pop(trial, None)

    def silent(self) -> dict[str, float]:
        """Return the trials that are silent for longer than their pace explains, with seconds; each once a silence."""
        self._tick()
        found = {}
        for trial, one in self._watched.items():
            seconds = self._now - one.heard
            if not one.told and seconds > self._patience(one):
                one.told = True
                found[trial] = seconds
        return found

    def silent_for(self, at_least_s: float) -> list[str]:
        """Return the trials that are silent for so long, and those that have not begun for as long as that may take."""
        self._tick()
        return [
            trial
            for trial, one in self._watched.items()
            if self._now - one.heard >= at_least_s + (0.0 if one.begun else FIRST_S)
        ]

    def _patience(self, one: _Watched) -> float:
        """Return how long a trial may be silent before that is told."""
        if one.begun:
            return max(LEAST_S, TIMES * self._longest[one.settings, True])
        starts = self._longest["", False]
        return max(LEAST_S, TIMES * starts) if starts else FIRST_S

    def _tick(self) -> None:
        now = self._clock()
        self._now += min(now - self._last, LOOK_S)
        self._last = now
