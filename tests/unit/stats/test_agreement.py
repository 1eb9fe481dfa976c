"""What repeats have in common comes from sums over them, and is what whole arrays say."""

from itertools import combinations

import numpy as np
import pytest
from statsmodels.stats import contingency_tables

from cnnjobs import statistics
from cnnjobs.stats import examples


def made_up(repeats, examples, classes=4, seed=0):
    """Probabilities (repeats, examples, classes) and labels (examples,)."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=examples)
    logits = random.normal(size=(repeats, examples, classes)) + 1.5 * random.normal(size=(examples, classes))
    logits[:, np.arange(examples), labels] += 1
    return np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True), labels


@pytest.mark.parametrize("repeats", [2, 3, 9])
def test_churn_is_the_mean_share_that_changes_over_all_pairs_of_repeats(repeats):
    predicted = made_up(repeats, 50)[0].argmax(axis=2)
    pairs = [np.mean(one != other) for one, other in combinations(predicted, 2)]
    assert statistics.churn(predicted) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_repeats_that_agree_have_no_churn_and_one_repeat_has_none_to_speak_of():
    assert statistics.churn([[0, 1, 2], [0, 1, 2]]) == 0
    assert statistics.churn([[0, 1, 2], [1, 2, 0]]) == 1
    assert statistics.churn([[0, 1, 2]]) is None


def test_an_ensemble_is_right_where_its_mean_probabilities_are():
    probabilities = np.array([[[0.9, 0.1], [0.4, 0.6]], [[0.2, 0.8], [0.45, 0.55]], [[0.7, 0.3], [0.9, 0.1]]])
    assert statistics.ensemble_accuracy(probabilities, [0, 0]) == 1.0, "two of three are wrong on the second"
    assert statistics.ensemble_accuracy(probabilities, [0, 1]) == 0.5


def by_definition(errors):
    """Observed, floor and distribution-wise variance as the formulas are printed."""
    examples = errors.shape[1]
    observed = errors.mean(axis=1).var(ddof=1)
    floor = errors.var(axis=0, ddof=1).sum() / examples**2
    return observed, floor, examples / (examples - 1) * (observed - floor)


@pytest.mark.parametrize("repeats", [2, 3, 30])
def test_the_noise_from_counts_is_that_of_the_formulas_on_whole_arrays(repeats):
    probabilities, labels = made_up(repeats, 200)
    errors = (probabilities.argmax(axis=2) != labels).astype(float)
    found = examples.noise_of_counts(errors.sum(axis=1), errors.sum(axis=0))
    assert (found.observed, found.floor, found.distribution) == pytest.approx(by_definition(errors), rel=1e-12)
    if repeats > 2:
        oracle = contingency_tables.cochrans_q(errors.T)
        assert (found.q.statistic, found.q.p) == pytest.approx((oracle.statistic, oracle.pvalue), rel=1e-10)


def mean_squares(x):
    """The two-way analysis of variance as the textbook prints it."""
    repeats, examples = x.shape
    rows, columns = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    residual = ((x - rows - columns + x.mean()) ** 2).sum() / ((repeats - 1) * (examples - 1))
    return examples * rows.var(ddof=1), repeats * columns.var(ddof=1), residual


@pytest.mark.parametrize("far", [0.0, 1e6])
def test_mean_squares_are_those_of_the_textbook_however_far_the_mean_is_from_zero(far):
    x = np.random.default_rng(0).normal(size=(7, 40))
    found = statistics.components(x + far)
    expected = pytest.approx(mean_squares(x), rel=1e-12 if not far else 1e-6)
    assert (found.ms_repeat, found.ms_example, found.ms_residual) == expected


def differences(repeats=6, examples=300):
    (own, labels), (other, _) = made_up(repeats, examples), made_up(repeats, examples, seed=1)
    return (own.argmax(axis=2) == labels).astype(int) - (other.argmax(axis=2) == labels)


def test_mean_squares_of_differences_of_errors_come_from_their_sums():
    d = differences()
    found = examples.components_of_sums(d.sum(axis=1), d.sum(axis=0), int((d**2).sum()))
    assert (found.ms_repeat, found.ms_example, found.ms_residual) == pytest.approx(mean_squares(d), rel=1e-12)


def test_the_interval_over_new_examples_comes_from_sums():
    d = differences()
    repeat, example, residual = mean_squares(d)
    half = 1.959963984540054 * np.sqrt((repeat + example - residual) / d.size)
    expected = pytest.approx((d.mean() - half, d.mean() + half), abs=1e-12)
    found = examples.new_examples_interval_of_sums(d.sum(axis=1), d.sum(axis=0), int((d**2).sum()))
    assert (found.low, found.high) == expected
    whole = statistics.new_examples_interval(d)
    assert (whole.low, whole.high) == expected
