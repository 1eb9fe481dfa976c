"""Which trial a process that is free takes next."""

import itertools
import random

import pytest

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.order import AlikeTogether
from cnnjobs.planning.trials import make_plan


def trials_of(variants, repeats):
    models = {f"v{number}": Variant(model=vgg(filters=number + 1), optimizer=SGD(0.1)) for number in range(variants)}
    return make_plan(Job(name="a", dataset="digits", repeats=repeats, variants=models), "data").trials


def run(trials, processes, draws):
    """Return what each process has run, when they end in a random order."""
    order, done = AlikeTogether(trials), [[] for _ in range(processes)]
    busy = {process: order.next() for process in range(processes)}
    while any(place is not None for place in busy.values()):
        process = draws.choice([one for one, place in busy.items() if place is not None])
        trial = trials[busy[process]]
        done[process].append(trial)
        order.freed(trial)
        busy[process] = order.next()
    assert order.over
    return done


@pytest.mark.parametrize(("variants", "repeats", "processes"), [(4, 6, 2), (3, 3, 2), (1, 5, 3), (4, 6, 16), (7, 2, 3)])
def test_every_trial_runs_once_and_a_process_changes_its_network_no_more_than_it_must(variants, repeats, processes):
    trials = trials_of(variants, repeats)
    for seed in range(50):
        done = run(trials, processes, random.Random(seed))
        assert sorted(trials.index(trial) for own in done for trial in own) == list(range(len(trials)))
        stretches = sum(
            1 + sum(a.condition_id != b.condition_id for a, b in itertools.pairwise(own)) for own in done if own
        )
        assert stretches <= variants + processes, "each process begins once, and each further variant once more"


def test_in_one_process_trials_run_as_they_are_listed():
    trials = trials_of(3, 2)
    assert run(trials, 1, random.Random(0)) == [list(trials)]


def test_processes_begin_with_different_variants():
    trials = trials_of(3, 4)
    order = AlikeTogether(trials)
    assert [trials[order.next()].variant for _ in range(6)] == ["v0", "v1", "v2"] * 2
