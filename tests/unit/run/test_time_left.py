"""The time left in runs that are played through with a clock of their own: within a factor of two once it is said."""

import heapq
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.fakes import Clock

from cnnjobs import Job, Variant, vgg
from cnnjobs.messages import Progress
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.meter import Meter

EPOCHS, ROWS = 10, 1000


def trials_of(repeats, *batch_sizes):
    """Trials of a variant for each batch size, which is all that they differ by."""
    variants = {f"b{size}": Variant(model=vgg(), epochs=EPOCHS, batch_size=size) for size in batch_sizes or (32,)}
    return make_plan(Job(name="a", dataset="digits", repeats=repeats, variants=variants), "data").trials


@dataclass
class World:
    """What a run is like.

    Args:
        slots: when each is there.
        rate: images a second of a slot, by batch size.
        tracing: seconds before the first image in a process that has not trained yet.
        around: seconds of every trial beside its training.
        anew: seconds before the first image of a batch size that no trial has had.
        resumed: epochs that trials need not train, by their place.
        stops: after how many epochs every trial stops.
    """

    slots: tuple[float, ...] = (10.0, 12.0)
    rate: Mapping[int, float] = field(default_factory=dict)
    tracing: float = 12.0
    around: float = 1.0
    anew: float = 0.0
    resumed: Mapping[int, int] = field(default_factory=dict)
    stops: int = EPOCHS

    def events(self, trial, place, began, *, cold, new):
        """Yield (when, message) of a trial: the first call is short, then one every half second and every epoch."""
        rate = self.rate.get(trial.spec.batch_size, 500.0)
        now, epoch = (
            began + cold * self.tracing + (new and not cold) * self.anew + self.around / 2,
            self.resumed.get(place, 0),
        )
        call = 32
        while epoch < self.stops:
            left = ROWS
            while left:
                images = min(left, call)
                left, now, call = left - images, now + images / rate, int(min(10 * call, rate / 2))
                epoch += not left
                yield now, Progress(epoch, EPOCHS, images)
        yield now + self.around / 2, None


def play(trials, world, at_once=None, kept=0):
    """Run the trials; return (seconds since the start, estimate or None, truth) after every event."""
    clock, told, ids, traced = Clock(), [], itertools.count(), set()
    clock.now = 0.0
    meter = Meter(trials, lambda trial: EPOCHS * ROWS, lambda trial: kept * ROWS, at_once or len(world.slots), clock)
    waiting = list(enumerate(trials))[::-1]
    queue = [(at, next(ids), None, iter(()), None) for at in world.slots]
    heapq.heapify(queue)
    while queue:
        clock.now, _, trial, rest, message = heapq.heappop(queue)
        if message is not None:
            meter.move(trial, message)
        elif trial is not None:
            meter.end(trial, failed=False)
        if message is None:
            if not waiting:
                continue
            cold = trial is None
            place, trial = waiting.pop()
            meter.start(trial)
            rest = world.events(trial, place, clock.now, cold=cold, new=trial.spec.batch_size not in traced)
            traced.add(trial.spec.batch_size)
        told.append((clock.now, meter.left()))
        when, following = next(rest)
        heapq.heappush(queue, (when, next(ids), trial, rest, following))
    assert meter.done == len(trials)
    assert meter.snapshot().fraction == pytest.approx(1.0)
    return [(now, left, clock.now - now) for now, left in told]


def far_off(told):
    """What was said more than 5 s before the end and is not between half and twice the truth."""
    said = [(now, left, truth) for now, left, truth in told if left is not None and truth > 5]
    return [(now, left, truth) for now, left, truth in said if not truth / 2 <= left <= truth * 2]


RUNS = {
    "three minutes on two slots": (trials_of(16), World(), {}),
    "one trial": (trials_of(1), World(slots=(5.0,)), {}),
    "five trials on four slots": (trials_of(5), World(slots=(5.0, 6.0, 7.0, 8.0)), {}),
    "slots that come up over a minute": (trials_of(64), World(slots=(10.0, 20.0, 45.0, 70.0)), {}),
    "a node that comes after ten minutes": (trials_of(64), World(slots=(5.0, 600.0)), {}),
    "short trials that take long beside their training": (trials_of(60), World(rate={32: 5000.0}, around=3.0), {}),
    "slow trials": (trials_of(6), World(rate={32: 20.0}), {}),
    "two variants, one twice as fast": (trials_of(10, 32, 64), World(rate={32: 250.0, 64: 500.0}), {}),
    "trials that were cut off": (trials_of(12), World(resumed={0: 9, 1: 6}), {}),
    "one trial that was cut off": (trials_of(1), World(slots=(5.0,), resumed={0: 5}), {}),
    "trials that go on from kept states": (trials_of(20), World(resumed=dict.fromkeys(range(20), 8)), {"kept": 8}),
    "variants that each trace anew": (trials_of(6, 32, 64, 16), World(anew=6.0), {}),
    "kept states that do not serve": (trials_of(20), World(), {"kept": 4}),
}


@pytest.mark.parametrize(("trials", "world", "options"), RUNS.values(), ids=RUNS)
def test_the_estimate_is_within_a_factor_of_two_once_it_is_said(trials, world, options):
    assert far_off(play(trials, world, **options)) == []


@pytest.mark.parametrize(("trials", "world", "options"), RUNS.values(), ids=RUNS)
def test_it_is_said_from_some_time_on_and_then_always(trials, world, options):
    told = play(trials, world, **options)
    silent = [now for now, left, _ in told if left is None]
    assert silent == [now for now, *_ in told[: len(silent)]]


def test_three_minutes_of_work_are_estimated_two_seconds_after_the_second_slot_trains():
    told = play(trials_of(16), World())
    assert told[-1][0] == pytest.approx(191.5)
    assert next(now for now, left, _ in told if left is not None) == pytest.approx(12 + 12.5 + 2.5, abs=0.6)


def test_slots_that_do_not_come_are_not_waited_for_without_end():
    told = play(trials_of(4), World(slots=(5.0,), rate={32: 50.0}), at_once=16)
    first = next(now for now, left, _ in told if left is not None)
    assert first == pytest.approx(5 + 12 + 2 + 60, abs=3)
    assert far_off(told) == []


def test_trials_that_stop_early_make_those_that_wait_shorter():
    told = play(trials_of(20), World(stops=3))
    assert far_off([one for one in told if one[0] > 40]) == []


def test_a_trial_that_begins_anew_owes_again_what_it_had_done():
    clock, (trial,) = Clock(), trials_of(1)
    meter = Meter([trial], lambda _: EPOCHS * ROWS, clock=clock)
    for epochs in (6, 2):
        meter.start(trial)
        for epoch in range(epochs):
            clock.now += 2
            meter.move(trial, Progress(epoch + 1, EPOCHS, ROWS))
    assert meter.snapshot().fraction == pytest.approx(0.2)
    assert meter.left() == pytest.approx(8 * 2)


# runs as they were, on two shared cores: [seconds, 0 begun 1 under way 2 ended, variant, repeat, epochs, images]

RECORDED = json.loads(Path(__file__).with_name("timelines.json").read_text())


def play_recorded(run):
    """Return (seconds since the start, estimate or None, truth) after every message of a run that was recorded."""
    variants = {
        str(place): Variant(model=vgg(), epochs=epochs, batch_size=10 + place)
        for place, epochs in enumerate(run["epochs"])
    }
    repeats = max(event[3] for event in run["events"]) + 1
    trials = make_plan(Job(name="a", dataset="digits", repeats=repeats, variants=variants), "data").trials
    by_name = {(int(trial.variant), trial.repeat): trial for trial in trials}
    clock, told, end = Clock(), [], run["events"][-1][0]
    meter = Meter(trials, lambda trial: run["rows"] * trial.spec.epochs, at_once=run["slots"], clock=clock)
    for now, kind, variant, repeat, *done in run["events"]:
        clock.now, trial = now, by_name[variant, repeat]
        if kind == 0:
            meter.start(trial)
        elif kind == 1:
            meter.move(trial, Progress(done[0], trial.spec.epochs, done[1]))
        else:
            meter.end(trial, failed=False)
        told.append((now, meter.left(), end - now))
    assert meter.done == len(trials)
    return told


@pytest.mark.parametrize("name", RECORDED)
def test_the_time_left_of_recorded_runs(name):
    told = play_recorded(RECORDED[name])
    said = [(now, left, truth) for now, left, truth in told if left is not None]
    first = said[0]
    assert first[2] / 1.5 <= first[1] <= 1.5 * first[2], "the first guess"
    assert first[0] < (first[0] + first[2]) / 3, "which comes in the first third"
    assert len(far_off(told)) <= len(said) / 200
    seen = {now: now + left for now, left, truth in said if truth < 50}  # of messages that come together, the last
    jumps = [abs(after - before) for before, after in itertools.pairwise(seen.values())]
    assert max(jumps) < 8, "a new variant, whose graphs are traced, is expected"
