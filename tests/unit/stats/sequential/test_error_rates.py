"""Error rates and behaviour of the rule by simulation, each within four standard errors of what is promised."""

import heapq

import numpy as np
import pytest
from scipy import stats

from cnnjobs.comparison.decisions import Endings, ruling
from cnnjobs.stats.sequential import (
    Rule,
    Verdict,
    bound_of_x,
    critical_t,
    decide,
    look_at,
    mean_allowing_for_stop,
    repeated_interval,
)
from cnnjobs.store.decision_rule import DecisionRule

LOOKS = np.arange(5, 101)


@pytest.fixture
def random():
    return np.random.default_rng(1)


def near(share, expected, times, beside=0.0):
    """Whether a simulated share is within four standard errors of what is expected, which is itself known so well."""
    print(f"{share:.4f} of {times}, expected {expected:.4f}")
    return abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / times) + beside


def t_of(paths, first=5):
    """Return (studies, looks) t from the fifth pair on; infinite where pairs differ alike."""
    n = np.arange(1, paths.shape[1] + 1)
    means = np.cumsum(paths, axis=1) / n
    squares = np.maximum(np.cumsum(paths**2, axis=1) / n - means**2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = means / np.sqrt(squares / (n - 1))
    return t[:, first - 1 :]


def crossed(paths, alpha=0.05):
    """Return (studies, looks) whether the rule has decided by then, of pairs that are not all alike."""
    t = np.abs(t_of(paths))
    return np.logical_or.accumulate(t >= critical_t(LOOKS[: t.shape[1]], alpha), axis=1)


def crossed_with_ties(paths):
    """Return the same where pairs may be alike."""
    return look_at(paths).q[:, 4:] <= 0.05


def test_normal_pairs_are_called_different_as_often_as_was_spent_by_each_look(random):
    found = crossed(random.normal(size=(20_000, 100))).mean(axis=0)
    spent = {5: 0.0089199, 10: 0.0233545, 20: 0.0340398, 30: 0.0390566, 50: 0.0443353, 100: 0.05}
    for cap, share in spent.items():
        assert near(found[cap - 5], share, 20_000)


def test_the_sequential_p_is_a_p(random):
    q = look_at(random.normal(size=(10_000, 100))).q[:, -1]
    for level in (0.01, 0.05, 0.1, 0.2, 0.4):
        assert near((q <= level).mean(), level, 10_000)


def test_whoever_raises_the_most_repeats_of_what_is_undecided_is_wrong_in_one_of_twenty(random):
    paths = random.normal(size=(20_000, 100))
    by = crossed(paths)
    undecided, wrong = np.full(20_000, True), 0
    for cap in (20, 40, 100):
        wrong += (undecided & by[:, cap - 5]).sum()
        undecided &= ~by[:, cap - 5]
    assert near(wrong / 20_000, 0.05, 20_000)
    for path, decided in zip(paths[:60], by, strict=False):
        for cap in (20, 40, 100):
            found = decide({"a": path}, Rule(most_repeats=cap, gives_up=False))["a"]
            assert found.verdict.is_decided == decided[cap - 5]
            assert found.repeats == (5 + np.argmax(decided) if decided[cap - 5] else cap)


def families(random, count, repeats, effects=(0.0, 0.0, 0.0)):
    """Return (studies, variants, pairs) differences from one reference, with an SD of 1."""
    reference = random.normal(size=(count, 1, repeats))
    return (random.normal(size=(count, len(effects), repeats)) - reference) / 2**0.5 + np.array(effects)[:, None]


def test_three_variants_without_effect_give_a_false_verdict_in_at_most_one_of_twenty(random):
    """Whether any is called different; by 40 repeats 0.038 are promised for three."""
    paths = families(random, 10_000, 40)
    any_crossed = crossed(paths.reshape(-1, 40), 0.05 / 3).reshape(-1, 3, 36).any(axis=1)
    assert near(any_crossed[:, 15].mean(), 0.031, 10_000, beside=0.0025)
    assert near(any_crossed[:, 35].mean(), 0.038, 10_000, beside=0.0025)
    alone = crossed(paths.reshape(-1, 40)).reshape(-1, 3, 36).any(axis=1)
    assert alone[:, 15].mean() > 0.075, "without Holm"
    for path, decided in zip(paths[:60], any_crossed, strict=False):
        made = decide(dict(zip("abc", path, strict=True)), Rule(most_repeats=40, gives_up=False))
        assert any(found.verdict.is_decided for found in made.values()) == decided[-1]


@pytest.mark.parametrize("gives_up", [False, True])
def test_decisions_themselves_are_false_in_at_most_one_of_twenty(random, gives_up):
    """Two without effect beside one that is better and decided early, so that they are at half of alpha each."""
    rule = Rule(gives_up=gives_up, most_repeats=15)
    wrong = right = 0
    for path in families(random, 300, 15, effects=(3.0, 0.0, 0.0)):
        made = decide(dict(zip("abc", path, strict=True)), rule)
        right += made["a"].verdict is Verdict.BETTER
        wrong += made["b"].verdict.is_decided or made["c"].verdict.is_decided
    print(f"{wrong} of 300 false")
    assert right == 300
    assert wrong <= stats.binom.ppf(0.999, 300, 0.05)


def test_equal_is_false_in_at_most_one_of_twenty_at_the_margin(random):
    """Three variants that differ by the margin exactly: whether any is called equal."""
    paths = families(random, 4_000, 40, effects=(1.0, 1.0, -1.0))
    looks = look_at(paths, margin=1.0)
    false = (looks.q_equal[:, :, -1] <= 0.05 / 3).any(axis=1).mean()
    print(f"{false:.4f}")
    assert 0.005 < false < 0.05
    alone = (look_at(paths[:, 0], margin=1.0).q_equal[:, -1] <= 0.05).mean()
    assert 0.005 < alone <= 0.025 + 4 * np.sqrt(0.025 / 4_000)
    for path, q in zip(paths[:40], looks.q_equal[:, :, -1], strict=False):
        made = decide(dict(zip("abc", path, strict=True)), Rule(most_repeats=40, margin=1.0, gives_up=False))
        called = [found.verdict is Verdict.EQUAL for found in made.values()]
        assert not any(called) or q.min() <= 0.05 / 3 + 0.02


def collapses(random, shape, rate, far=-20.0):
    return np.where(random.random(shape) < rate, far, random.normal(size=shape))


def plateaus(random, shape):
    return random.choice([0.0, 5.0], shape) + random.normal(0, 0.5, shape)


def images(random, shape, sd):
    """Right images of 359, rounded."""
    return np.rint(random.normal(345.3, sd, shape))


def two(make):
    """Return differences of two runs of one law."""
    return lambda random, shape, *args: make(random, shape, *args) - make(random, shape, *args)


NULLS = {
    "359 images, SD 1.15": (lambda r, s: two(images)(r, s, 1.15), 0.032, 0.048),
    "359 images, SD 0.36": (lambda r, s: two(images)(r, s, 0.36), 0.015, 0.030),
    "1% of runs collapse": (lambda r, s: two(collapses)(r, s, 0.01), 0.025, 0.033),
    "5% of runs collapse": (lambda r, s: two(collapses)(r, s, 0.05), 0.013, 0.014),
    "two plateaus": (two(plateaus), 0.030, 0.046),
    "t with 3 degrees of freedom": (lambda r, s: r.standard_t(3, s), 0.021, 0.034),
    "uniform": (lambda r, s: r.uniform(-1, 1, s), 0.051, 0.068),
    "nearly +-1, the worst that is symmetric": (
        lambda r, s: r.choice([-1.0, 1.0], s) + r.normal(0, 1e-3, s),
        0.079,
        0.094,
    ),
    "exponential differences": (lambda r, s: r.exponential(size=s) - 1, 0.132, 0.164),
}
"""Null -> how differences are drawn, false decisions by 20 and by 100 pairs, each to 0.002."""


@pytest.mark.parametrize("null", NULLS)
def test_pairs_that_are_not_normal_are_called_different_as_often_as_documented(random, null):
    draw, by_20, by_100 = NULLS[null]
    found = crossed_with_ties(draw(random, (4_000, 100))).mean(axis=0)
    assert near(found[15], by_20, 4_000, beside=0.004)
    assert near(found[95], by_100, 4_000, beside=0.004)


def test_five_images_of_one_sign_are_not_yet_an_effect(random):
    """One image more or less in each: all five of one sign in 6.25% of nulls, whose t is infinite."""
    found = crossed_with_ties(random.choice([-1.0, 1.0], (4_000, 20)) / 359)
    assert not found[:, 0].any()
    assert found[:, -1].mean() < 0.05


ENDS = {
    (0.0, 20): (0.034, 9.6),
    (0.0, 30): (0.039, 14.0),
    (1.0, 20): (0.901, None),
    (2.0, 20): (1.0, 6.0),
}
"""(effect in SDs of pairs, most repeats) -> share decided, mean pairs, with giving up."""


@pytest.mark.parametrize(("effect", "most"), ENDS)
def test_giving_up_halves_the_pairs_of_nulls_and_loses_little(random, effect, most):
    share, pairs = ENDS[effect, most]
    times = 400
    made = [decide({"a": random.normal(effect, 1, most)}, Rule(most_repeats=most))["a"] for _ in range(times)]
    decided = np.mean([found.verdict.is_decided for found in made])
    used = np.array([found.pairs for found in made])
    print(decided, used.mean())
    assert abs(decided - share) <= 4 * np.sqrt(max(share * (1 - share), 0.002) / times)
    assert pairs is None or abs(used.mean() - pairs) < 4 * used.std() / np.sqrt(times)


JOBS = {
    (0.0,) * 6: ((0.028,), 54),
    (2.0,) * 6: ((1.0,) * 6, 51),
    (1.5, 1.0, 0.0): ((1.0, 0.83), 44),
    (2.0, 1.5, 1.0, 0.5, 0.0, 0.0): ((1.0, 0.99, 0.74, 0.16), 74),
}
"""Effects of variants in SDs of pairs -> how often each is better, and trials of a job with those of the reference."""


@pytest.mark.parametrize("effects", JOBS)
def test_jobs_of_several_variants_take_as_many_trials_as_documented(random, effects):
    shares, trials = JOBS[effects]
    times = 80
    better, taken = [], []
    for path in families(random, times, 20, effects):
        made = list(decide(dict(zip("abcdef", path, strict=False)), Rule()).values())
        taken.append(sum(found.repeats for found in made) + max(found.repeats for found in made))
        better.append([found.verdict is Verdict.BETTER for found in made])
    print(np.mean(better, axis=0), np.mean(taken))
    assert abs(np.mean(taken) - trials) < 4 * np.std(taken) / np.sqrt(times) + 1
    if any(effects):
        for share, expected in zip(np.mean(better, axis=0), shares, strict=False):
            assert near(share, min(expected, 0.985), times, beside=0.015)


def stopped(paths, cap):
    """Return the pairs at the stop of each study of at most `cap` pairs, and whether it was decided there."""
    by = crossed(paths[:, :cap])
    return np.where(by.any(axis=1), 5 + by.argmax(axis=1), cap), by.any(axis=1)


STOPS = {0.5: (0.993, 0.934, 0.051), 1.0: (0.991, 0.949, 0.104), 2.0: (0.989, 0.946, 0.036)}
"""Effect in SDs of pairs -> how often the interval covers at the stop, how often the ordinary one, bias of the mean."""


@pytest.mark.parametrize("effect", STOPS)
def test_intervals_cover_at_the_stop_and_means_flatter(random, effect):
    covers, ordinary, bias = STOPS[effect]
    times = 4_000
    paths = random.normal(effect, 1, (times, 20))
    n, _ = stopped(paths, 20)
    rows = np.arange(times)
    means = (np.cumsum(paths, axis=1) / np.arange(1, 21))[rows, n - 1]
    errors = means / t_of(paths)[rows, n - 5]
    off = np.abs(means - effect) / np.abs(errors)
    assert near((off < critical_t(n, 0.05)).mean(), covers, times, beside=0.002)
    assert near((off < stats.t.isf(0.025, n - 1)).mean(), ordinary, times, beside=0.005)
    assert abs((means - effect).mean() - bias) < 4 * means.std() / np.sqrt(times)
    for row in range(5):
        interval = repeated_interval(means[row], errors[row] * n[row] ** 0.5, int(n[row]), 0.05)
        assert (interval.low < effect < interval.high) == (off[row] < critical_t(n[row], 0.05))


def test_the_mean_that_allows_for_the_stop_takes_its_bias_off(random):
    """At an effect of one SD the plain mean is 0.104 too large; the estimate 0.01 +- 0.01."""
    paths = random.normal(1, 1, (120, 20))
    n, _ = stopped(paths, 20)
    taken = [
        path[:pairs].mean() - mean_allowing_for_stop(path[:pairs], 0.05, random)
        for path, pairs in zip(paths, n, strict=True)
    ]
    print(np.mean(taken), np.std(taken) / np.sqrt(120))
    assert abs(np.mean(taken) - 0.1) < 4 * np.std(taken) / np.sqrt(120)
    assert np.mean(taken) > 0.03


def order_of_ends(durations, slots):
    """Return the places of tasks in the order in which they end, started in their own order on so many slots."""
    running, ends = [], []
    for place, takes in enumerate(durations):
        now = heapq.heappop(running) if place >= slots else 0.0
        heapq.heappush(running, now + takes)
        ends.append(now + takes)
    return np.argsort(ends)


def test_decisions_follow_the_order_of_repeats_whatever_ends_first(random):
    """On eight slots, where better runs take longer: at every ending the rule says what it says of the whole store."""
    rule = DecisionRule(alpha=0.05, margin=None, most_repeats=12, metric="test_accuracy", reference="r", variants={})
    conditions = {"reference": "r", "a": "a"}
    early = 0
    for _ in range(25):
        d = random.normal(0.7, 1, 12)
        whole = decide({"a": d}, Rule(most_repeats=12))["a"]
        endings, decided = Endings(), None
        durations = np.exp(np.column_stack([np.zeros(12), d / 2]) + 0.2 * random.normal(size=(12, 2)))
        for place in order_of_ends(durations.ravel(), 8):
            repeat, side = place // 2, ("reference", "a")[place % 2]
            value = 0.5 + (d[repeat] if side == "a" else 0.0)
            endings.add((conditions[side], repeat), f"{side}{repeat}", "completed", value)
            found = ruling(rule, conditions, endings).decisions["a"]
            if found.verdict is not Verdict.OPEN:
                decided = decided or found
                assert found.verdict is decided.verdict and found.repeats == decided.repeats
        early += decided.repeats < 12
        assert (decided.verdict, decided.repeats) == (whole.verdict, whole.repeats)
        assert decided.differences == pytest.approx(whole.differences)
    assert early > 5


def test_the_order_of_arrival_would_have_called_chance_an_effect_far_more_often(random):
    """Of pairs that end among others on eight slots, the first twenty: 0.197, in the order of repeats 0.034."""
    times = 1_500
    paths = random.normal(size=(times, 28))
    durations = np.exp(paths / 2 + 0.2 * random.normal(size=paths.shape))
    arrived = [path[order_of_ends(takes, 8)[:20]] for path, takes in zip(paths, durations, strict=True)]
    assert near(crossed(np.array(arrived))[:, -1].mean(), 0.197, times)
    assert near(crossed(paths[:, :20])[:, -1].mean(), 0.034, times)


def test_two_names_for_one_network_on_the_digits(random):
    """200 jobs of 359 test images, some of them hard for all: decided in at most one of twenty, as promised."""
    hard = np.clip(random.beta(0.12, 2.5, 359), 0, 1)
    right = (random.random((200, 2, 20, 359), dtype=np.float32) > hard).mean(axis=3)
    differences = right[:, 0] - right[:, 1]
    made = [decide({"the same": d.tolist()}, Rule())["the same"] for d in differences]
    wrong = sum(found.verdict.is_decided for found in made)
    n = np.arange(3, 21)
    peeking = (np.abs(t_of(differences, first=3)) >= stats.t.isf(0.025, n - 1)).any(axis=1).sum()
    print(f"{wrong} of 200; by looking at an ordinary t after every pair {peeking}")
    assert wrong <= stats.binom.ppf(0.999, 200, 0.05)
    assert peeking > 0.15 * 200


def test_the_bound_is_no_looser_than_it_must_be(random):
    """A tenth more of x would be noticed by the first of these tests: alpha would be 0.054."""
    paths = random.normal(size=(20_000, 100))
    looser = stats.t.isf(1.2 * bound_of_x(0.05) * np.sqrt(5 / LOOKS) / 2, LOOKS - 1)
    assert not near((np.abs(t_of(paths)) >= looser).any(axis=1).mean(), 0.05, 20_000)
