"""Which trial starts next where a rule ends the repeats: by repeat, not too far ahead, whatever ends first."""

import math

import numpy as np
import pytest
from support.slots import DIVERGED, FAILED, play

from cnnjobs import SGD, Decide, Job, Variant, vgg
from cnnjobs.run.deciding import Deciding, with_rule
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.stats.sequential import Rule, decide
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

BASE = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=1, batch_size=4)
NAMES = ("wider", "deeper", "same")

NEAR = [2.4 * (math.sqrt(n) - math.sqrt(n - 1)) + (-1) ** n for n in range(1, 41)]
"""Pairs that are never decided, nor given up: t stays near 2.4."""


def prepared_job(count):
    job = Job(
        name="job",
        dataset="digits",
        repeats=5,
        decide=Decide(),
        variants={"base": BASE} | {NAMES[i]: BASE.but(batch_size=5 + i) for i in range(count)},
    )
    return prepare(read_job(job, Overrides()), Overrides(), lambda *_: None)


@pytest.fixture(scope="module")
def jobs():
    return {count: prepared_job(count) for count in (1, 2, 3)}


@pytest.fixture
def deciding(jobs, tmp_path):
    """Makes the order of a job with so many variants beside the reference."""

    def make(count=1, *, most_repeats=20, margin=None):
        prepared = jobs[count]
        conditions = prepared.plan.conditions
        rule = DecisionRule(
            alpha=0.05,
            margin=margin,
            most_repeats=most_repeats,
            metric="test_accuracy",
            reference=conditions["base"],
            variants={conditions[name]: name for name in NAMES[:count]},
        )
        return Deciding(with_rule(prepared, rule), Store(Files(tmp_path / "job")))

    return make


def accuracies(pairs):
    """What trials come to: the reference at one half, variants as far from it as their pairs say, in points."""

    def outcome(trial):
        one = 0.0 if trial.variant == "base" else pairs[trial.variant][trial.repeat]
        return one if isinstance(one, str) else 0.5 + one / 100

    return outcome


def random_pairs(seed, effects):
    draw = np.random.default_rng(seed)
    return {name: draw.normal(effect, 1, 100).tolist() for name, effect in zip(NAMES, effects, strict=False)}


def ends(ruling):
    """What a ruling says, to be compared."""
    return {name: (one.verdict, one.repeats, one.q) for name, one in ruling.decisions.items()}


def by_order_of_repeats(pairs, **rule):
    found = decide({name: [one / 100 for one in own] for name, own in pairs.items()}, Rule(**rule))
    return {name: (one.verdict, one.repeats, pytest.approx(one.q, rel=1e-6)) for name, one in found.items()}


@pytest.mark.parametrize("slots", [1, 3, 8, 16])
@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_never_matters(deciding, slots, seed):
    """Where durations go with results, looking as they arrive calls chance an effect in up to 62% of jobs."""
    pairs = random_pairs(seed, (0.0, 1.2, 0.6))
    noise = np.random.default_rng(seed)
    order = deciding(3)

    def seconds(trial):
        one = 0.0 if trial.variant == "base" else pairs[trial.variant][trial.repeat]
        return math.exp(one / 2 + 0.2 * noise.standard_normal())

    play(order, accuracies(pairs), slots, seconds)
    assert ends(order.ruling) == by_order_of_repeats(pairs)


@pytest.mark.parametrize(("count", "slots"), [(1, 1), (1, 2), (1, 8), (2, 2), (3, 3), (3, 8)])
def test_runs_start_by_repeat_and_not_further_ahead_than_keeps_the_slots_busy(deciding, count, slots):
    pairs = {name: [0.5 + 0.9 * (-1) ** repeat for repeat in range(20)] for name in NAMES[:count]}
    played = play(deciding(count), accuracies(pairs), slots, lambda trial: 1 + len(trial.variant) / 100)
    for _, repeat, looked_at in played.started:
        assert repeat < max(5, looked_at + 1 + math.ceil(slots / (count + 1)))
    if slots == 1:
        assert [repeat for _, repeat, _ in played.started] == sorted(repeat for _, repeat, _ in played.started)


@pytest.mark.parametrize(("count", "slots"), [(1, 1), (1, 2), (2, 2), (3, 2), (3, 8)])
def test_no_slot_is_idle_as_long_as_a_look_may_follow(deciding, count, slots):
    """Trials that take as long as one another, but for a little."""
    noise = np.random.default_rng(0)
    played = play(
        deciding(count, most_repeats=40),
        accuracies(dict.fromkeys(NAMES[:count], NEAR)),
        slots,
        lambda trial: 1 + 0.1 * noise.random(),
    )
    assert len(played.started) == 40 * (count + 1)
    assert played.idle < 2 * slots, "at the end alone"


def test_what_waits_is_dropped_on_a_decision_and_what_runs_is_kept_as_further_pairs(deciding):
    pairs = {"wider": [1.2, 0.9, 1.5, 1.1, 1.3, *[1.0] * 15]}
    order = deciding(1)
    played = play(order, accuracies(pairs), 2, lambda trial: 1.0 if trial.variant == "base" else 1.5)
    (one,) = order.ruling.decisions.values()
    assert (one.verdict, one.pairs) == ("better", 5)
    assert len(order.ruling.further["wider"]) <= 1
    assert len(played.started) <= 2 * 5 + 3
    assert order.prepared.job.repeats_of("wider") == order.prepared.job.repeats_of("base") == 5


def test_freed_slots_go_to_the_others(deciding):
    order = deciding(2)
    played = play(order, accuracies({"wider": [30.0 + 0.1 * (r % 3) for r in range(20)], "deeper": NEAR}), 2)
    counts = {name: sum(variant == name for variant, _, _ in played.started) for name in ("base", "wider", "deeper")}
    assert counts == {"base": 20, "wider": 5, "deeper": 20} or counts["wider"] == 6
    assert order.prepared.job.repeats_of("wider") == 5
    assert played.idle <= 4


def test_a_variant_whose_repeat_failed_waits_and_the_others_go_on(deciding):
    pairs = random_pairs(3, (0.9, 0.9))
    pairs["wider"][3] = FAILED
    order = deciding(2)
    played = play(order, accuracies(pairs), 2)
    assert order.ruling.waiting == {"wider": 4}
    assert order.ruling.decisions["wider"].repeats == 3
    assert order.ruling.decisions["deeper"].verdict != "open"
    assert [waiting for ruling in played.rulings for waiting in ruling.waiting], "told as it came"


def test_a_reference_that_failed_holds_all(deciding):
    order = deciding(2)

    def outcome(trial):
        return (
            FAILED
            if (trial.variant, trial.repeat) == ("base", 6)
            else accuracies({"wider": NEAR, "deeper": NEAR})(trial)
        )

    played = play(order, outcome, 2)
    assert order.ruling.waiting == {"wider": 7, "deeper": 7}
    assert max(repeat for _, repeat, _ in played.started) <= 8, "no further than ahead of it"


def test_without_a_pair_in_five_repeats_a_variant_ends(deciding):
    order = deciding(1)
    play(order, accuracies({"wider": [DIVERGED] * 20}), 1)
    (one,) = order.ruling.decisions.values()
    assert (one.verdict, one.repeats, one.pairs) == ("no_pairs", 5, 0)


def test_repeats_that_diverged_make_no_pair_and_count_as_repeats(deciding):
    pairs = {"wider": [0.6, DIVERGED, 0.9, 0.4, -0.1, DIVERGED, 0.5, 0.8, 0.3, 0.6, 0.4, *[0.5] * 9]}
    order = deciding(1)
    play(order, accuracies(pairs), 3)
    (one,) = order.ruling.decisions.values()
    assert (one.verdict, one.repeats, one.pairs) == ("better", 10, 8)


def test_more_slots_than_trials(deciding):
    pairs = random_pairs(0, (0.0,))
    order = deciding(1, most_repeats=6)
    played = play(order, accuracies(pairs), 50)
    assert len(played.started) == 12
    assert ends(order.ruling) == by_order_of_repeats(pairs, most_repeats=6)


def test_variants_that_take_longer_than_others_do_not_let_them_run_away(deciding):
    pairs = random_pairs(5, (0.7, 0.7))
    order = deciding(2)
    played = play(order, accuracies(pairs), 4, lambda trial: 20.0 if trial.variant == "wider" else 1.0)
    assert all(repeat < max(5, looked_at + 3) or looked_at == 0 for _, repeat, looked_at in played.started)
    assert ends(order.ruling) == by_order_of_repeats(pairs)


def test_endings_that_complete_no_repeat_cost_next_to_nothing(deciding, monkeypatch):
    """A job of a hundred variants ends ten thousand trials; a ruling on all of them takes half a second."""
    calls = []
    from cnnjobs.run import deciding as module

    real = module.ruling
    monkeypatch.setattr(module, "ruling", lambda *given: calls.append(1) or real(*given))
    order = deciding(3, most_repeats=30)
    played = play(order, accuracies(dict.fromkeys(NAMES, NEAR)), 4)
    assert len(played.started) == 120
    assert len(calls) <= 31
