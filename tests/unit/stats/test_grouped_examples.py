"""Statistics of examples in groups: the usual ones where each is a group, at their level where errors go together."""

import doctest

import numpy as np
import pytest
from scipy import stats

from cnnjobs.comparison.tallies import GroupSums, PairTally, Tally
from cnnjobs.scoring.classification import classify
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.stats import grouped_examples, mcnemar, new_examples_interval, noise
from cnnjobs.stats.grouped_examples import grouped_mcnemar, new_groups_interval_of_sums, noise_of_groups


def sums(values, groups):
    """Sums over runs of groups' values, (runs, examples)."""
    found = GroupSums(np.asarray(groups, np.int32))
    for run in np.asarray(values, np.int64):
        found.add(run)
    return found


def noise_of(errors, groups):
    found = sums(errors, groups)
    return noise_of_groups(np.sum(errors, axis=1), found.sums, found.squares, len(groups))


def interval_of(differences, groups):
    found = sums(differences, groups)
    return new_groups_interval_of_sums(np.sum(differences, axis=1), found.sums, float(found.squares.sum()), found.sizes)


def test_the_noise_of_single_examples_is_the_usual_one():
    errors = np.random.default_rng(0).integers(0, 2, (6, 40))
    ours, usual = noise_of(errors, np.arange(40)), noise(errors)
    assert (ours.observed, ours.floor) == (pytest.approx(usual.observed), pytest.approx(usual.floor))
    assert ours.distribution == pytest.approx(usual.distribution)
    assert (ours.q.statistic, ours.q.p) == (pytest.approx(usual.q.statistic), pytest.approx(usual.q.p))


def test_copies_of_the_examples_change_no_floor_where_they_are_groups():
    """Each image three times says no more than once; taken one by one, the floor would be a third."""
    errors = np.random.default_rng(1).integers(0, 2, (6, 40))
    copied = noise_of(np.repeat(errors, 3, axis=1), np.repeat(np.arange(40), 3))
    assert copied.floor == pytest.approx(noise(errors).floor)
    assert copied.distribution == pytest.approx(noise(errors).distribution)
    assert noise(np.repeat(errors, 3, axis=1)).floor == pytest.approx(noise(errors).floor / 3)


def test_the_interval_over_new_groups_of_one_example_each_is_the_usual_one_with_t():
    differences = np.random.default_rng(2).integers(-1, 2, (8, 60))
    ours, usual = interval_of(differences, np.arange(60)), new_examples_interval(differences)
    wider = stats.t.ppf(0.975, 59) / stats.norm.ppf(0.975)
    assert ours.high - ours.low == pytest.approx(wider * (usual.high - usual.low))
    assert ours.low + ours.high == pytest.approx(usual.low + usual.high)


def test_copies_of_the_examples_change_no_interval_where_they_are_groups():
    differences = np.random.default_rng(3).integers(-1, 2, (8, 60))
    copied = interval_of(np.repeat(differences, 4, axis=1), np.repeat(np.arange(60), 4))
    once = interval_of(differences, np.arange(60))
    assert (copied.low, copied.high) == (pytest.approx(once.low), pytest.approx(once.high))


def made_up(random, groups=30, by_run=0.1):
    """Differences of two equally good variants, (8, examples), by group, example and run; groups differ in size."""
    sizes = random.integers(1, 15, groups)
    of = np.repeat(np.arange(groups), sizes)
    level = random.normal(0, 0.5, groups)[of] + random.normal(0, by_run, (8, 1))
    return np.clip(np.rint(level + random.normal(0, 0.6, (8, len(of)))), -1, 1).astype(int), of


def test_the_interval_over_new_groups_covers_and_that_over_single_examples_does_not():
    random, covered, naive = np.random.default_rng(4), [], []
    for _ in range(400):
        differences, groups = made_up(random)
        ours, usual = interval_of(differences, groups), new_examples_interval(differences)
        covered.append(ours.low <= 0 <= ours.high)
        naive.append(usual.low <= 0 <= usual.high)
    assert 0.92 <= np.mean(covered) <= 0.98
    assert np.mean(naive) < 0.85


def test_mcnemars_test_of_groups_rejects_one_null_in_twenty_and_that_of_examples_many_more():
    random, ours, usual = np.random.default_rng(5), [], []
    for groups in (12, 60):
        for _ in range(250):
            differences, of = made_up(random, groups, by_run=0)
            first = differences[0]
            ours.append(grouped_mcnemar(np.bincount(of, weights=first)).p)
            usual.append(mcnemar([[0, (first > 0).sum()], [(first < 0).sum(), 0]]).p)
    rejected = [np.mean([p is not None and p < 0.05 for p in ps]) for ps in (ours, usual)]
    assert 0.02 <= rejected[0] <= 0.08
    assert rejected[1] > 0.2


def test_mcnemars_test_of_single_examples_is_exact_or_chi_squared_without_correction():
    few = grouped_mcnemar([1] * 9 + [-1] * 2)
    assert few.p == pytest.approx(stats.binomtest(2, 11).pvalue)
    many = grouped_mcnemar([1] * 40 + [-1] * 20)
    assert many.statistic == pytest.approx((40 - 20) ** 2 / 60)


def test_the_examples_of_the_docstrings_run():
    assert doctest.testmod(grouped_examples) == (0, 4)


def test_too_few_groups_are_said():
    assert grouped_mcnemar([0, 3, 0]).why == "the two models differ in fewer than two groups"
    differences, groups = made_up(np.random.default_rng(0), groups=4)
    assert interval_of(differences, groups).why == "fewer than 5 groups: no interval over new ones"
    assert interval_of(differences[:3], groups).why == "fewer than 5 pairs: no interval over new examples"
    assert noise_of(np.ones((3, 4), int), np.zeros(4, int)) is None
    assert noise_of(np.ones((3, 4), int), np.arange(4) // 2).q.why == "all repeats err alike in every group"


def test_tallies_take_groups_for_units():
    random, groups = np.random.default_rng(6), np.repeat(np.arange(10, dtype=np.int32), 3)
    labels = random.integers(0, 2, 30).astype(np.int32)
    tally, pair = Tally(labels, 2, groups), PairTally(30, groups)
    errors, differences = [], []
    for _ in range(6):
        runs = []
        for _ in range(2):
            classes = random.integers(0, 2, 30).astype(np.int32)
            runs.append(Predicted(labels, classes, np.eye(2, dtype=np.float32)[classes]))
        tally.add(runs[0], classify(labels, runs[0].classes, runs[0].probabilities))
        pair.add(*runs)
        errors.append(runs[0].wrong.astype(int))
        differences.append(runs[1].wrong.astype(int) - runs[0].wrong)
    assert tally.noise() == noise_of(errors, groups)
    assert pair.over_both() == interval_of(differences, groups)
