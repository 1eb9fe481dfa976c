"""Summaries and paired differences: their intervals, and where there is none."""

import numpy as np
import pytest
from scipy import stats

from cnnjobs.stats import mean_interval, paired_difference, summarize

# fold accuracies (%) of a published 5-fold cross-validation on MNIST
FOLDS = {
    "baseline": [98.550, 98.600, 98.642, 98.850, 98.742],
    "batch norm": [98.475, 98.608, 98.683, 98.783, 98.667],
    "deeper": [99.058, 99.042, 98.883, 99.192, 99.133],
}


def pairs(name):
    return dict(enumerate(FOLDS[name]))


@pytest.mark.parametrize(
    ("name", "mean", "corrected_t"), [("batch norm", -0.0336, -0.92067), ("deeper", 0.3848, 5.66596)]
)
def test_folds_are_compared_with_the_corrected_variance(name, mean, corrected_t):
    """n_test / n_train is 1/4 for five folds; the interval's width must be that of the corrected t."""
    d = paired_difference(pairs(name), pairs("baseline"), overlap=1 / 4)
    assert d.mean == pytest.approx(mean, abs=1e-6)
    error = (d.high - d.low) / 2 / stats.t.ppf(0.975, df=4)
    assert d.mean / error == pytest.approx(corrected_t, abs=1e-4)


def test_without_overlap_it_is_the_plain_paired_t():
    a, b = [94.1, 94.3, 94.2, 94.5, 94.4], [94.0, 94.25, 94.1, 94.45, 94.2]
    d = paired_difference(dict(enumerate(a)), dict(enumerate(b)))
    assert (d.low, d.high) == pytest.approx((0.0240, 0.1760), abs=5e-5)
    assert d.resolved is True


def test_the_interval_is_scipys():
    x = [0.3, 0.1, 0.7, 0.4]
    expected = stats.t.interval(0.95, df=3, loc=np.mean(x), scale=stats.sem(x))
    assert mean_interval(x) == pytest.approx(expected)


def test_median_minimum_and_maximum():
    summary = summarize(FOLDS["baseline"])
    assert (summary.median, summary.minimum, summary.maximum) == (98.642, 98.550, 98.850)


def test_one_run_has_no_spread():
    summary = summarize([0.5])
    assert (summary.n, summary.mean, summary.sd, summary.low, summary.high) == (1, 0.5, None, None, None)


def test_equal_runs_have_an_sd_of_exactly_zero_and_no_interval():
    """0.1 + 0.1 + 0.1 is not 0.3: without care the SD of equal values is 1e-17, and t is enormous."""
    summary = summarize([0.1, 0.1, 0.1])
    assert (summary.sd, summary.low, summary.high) == (0, None, None)


def test_differences_that_agree_by_chance_claim_nothing():
    """0.91 - 0.90 and 0.93 - 0.92 differ in the last bit; an interval of width 1e-17 would leave out zero."""
    d = paired_difference({0: 0.91, 1: 0.93}, {0: 0.90, 1: 0.92})
    assert d.mean == pytest.approx(0.01)
    assert (d.sd, d.low, d.resolved) == (0, None, None)


def test_below_the_least_number_of_runs_there_is_no_interval():
    assert mean_interval([0.1, 0.2, 0.3], overlap=0.5, least=5) == (None, None)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("inf")]])
def test_what_is_no_number_is_never_averaged_in_silence(values):
    with pytest.raises(ValueError, match="one or more finite numbers"):
        summarize(values)


def test_only_runs_with_a_partner_are_compared():
    d = paired_difference({(0, 0): 1.0, (1, 0): 2.0, (2, 0): 9.0}, {(0, 0): 0.5, (1, 0): 1.0, (5, 0): 7.0})
    assert (d.n, d.mean, d.unmatched) == (2, 0.75, 2)


def test_no_pair_and_one_pair_say_nothing():
    none, one = paired_difference({0: 1.0}, {1: 1.0}), paired_difference({0: 1.0}, {0: 0.0})
    assert (none.n, none.mean, none.resolved) == (0, None, None)
    assert (one.n, one.mean, one.sd, one.resolved) == (1, 1.0, None, None)


def test_intervals_of_null_differences_leave_out_zero_five_times_in_a_hundred():
    random = np.random.RandomState(0)
    rejected = sum(
        bool(paired_difference(dict(enumerate(random.normal(size=6))), dict(enumerate(random.normal(size=6)))).resolved)
        for _ in range(2000)
    )
    assert stats.binomtest(rejected, 2000, 0.05).pvalue > 0.001
