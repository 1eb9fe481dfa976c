"""Runs on slots that take made-up times, in the order that a rule lets them start: no processes, no store."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from cnnjobs.comparison.decisions import Ruling
from cnnjobs.messages import Failure, Result, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.run.steering import Steering

DIVERGED, FAILED = "diverged", "failed"
"""In place of a value: how a run ends."""


@dataclass
class Played:
    """What became of it.

    Args:
        started: (variant, repeat, repeats that had been looked at) of each run, as they started.
        rulings: what the rule said, whenever it said something.
        idle: seconds of a slot in which nothing ran.
    """

    started: list[tuple[str, int, int]] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    idle: float = 0.0


def play(
    steering: Steering,
    outcome: Callable[[Trial], float | str],
    slots: int = 1,
    seconds: Callable[[Trial], float] = lambda trial: 1.0,
    ends: int | None = None,
) -> Played:
    """Run trials until no more start.

    Args:
        steering: says which trial starts next.
        outcome: test accuracy of a trial, or how it ends.
        slots: how many run at once.
        seconds: that a trial takes.
        ends: stop after so many, as if killed.
    """
    played = Played()
    steering.begin(slots, played.rulings.append)
    running: list[tuple[float, int, Trial]] = []
    now, ended = 0.0, 0
    while True:
        while len(running) < slots and (place := steering.next()) is not None:
            trial = steering.trials[place]
            played.started.append((trial.variant, trial.repeat, steering.ruling.looked_at))
            heapq.heappush(running, (now + seconds(trial), len(played.started), trial))
        if not running:
            assert steering.over, "nothing runs, and more is to come"
            return played
        assert not steering.over, "trials run still"
        then, _, trial = heapq.heappop(running)
        played.idle += (slots - len(running) - 1) * (then - now)
        now = then
        steering.ended(trial, ending(outcome(trial)))
        ended += 1
        if ended == ends:
            return played


def ending(outcome: float | str) -> Result | Failure:
    """Return the last message of a trial."""
    if outcome == FAILED:
        return Failure("RuntimeError: no luck", "")
    if outcome == DIVERGED:
        return Result(Status.DIVERGED, {"epochs_done": 1, "seconds": 0.1}, {}, None)
    final = {"test_accuracy": outcome, "test_loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0, "seconds": 0.1}
    return Result(Status.COMPLETED, final, {}, None)
