"""Where there is too little data a statistic says so in a sentence, and gives no number."""

import numpy as np
import pytest

from cnnjobs import statistics
from cnnjobs.report.figures.comparison import FEWEST_FOR_QUARTILES as LEAST_FOR_BOX
from cnnjobs.stats.summary import FEWEST_FOR_QUARTILES

RNG = np.random.default_rng(0)
ALIKE = np.tile([0, 1, 1, 0], (4, 1))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (statistics.sd_interval([0.5]), "one repeat: no spread"),
        (statistics.sd_interval([0.5, 0.5]), "all repeats identical"),
        (statistics.sd_ratio_interval(range(4), range(9)), "fewer than 5 repeats: no interval of the ratio"),
        (statistics.sd_ratio_interval(range(5), [0.5] * 5), "all repeats identical"),
        (statistics.stein_interval([0.5, 0.6, 0.7], 1), "fewer than two runs of the pilot: no spread"),
        (statistics.stein_interval([0.5, 0.5, 0.7], 2), "all runs of the pilot are identical"),
        (statistics.new_examples_interval(np.eye(4)), "fewer than 5 pairs: no interval over new examples"),
        (statistics.new_examples_interval(np.eye(5)), "variance not resolved: no interval over new examples"),
    ],
)
def test_intervals(found, why):
    assert found == statistics.Interval.none(why)


@pytest.mark.parametrize(
    ("values", "confidence", "why"),
    [
        ([0.5], 0.95, "one repeat: no spread"),
        ([0.5] * 20, 0.95, "all repeats identical"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 0.95, "fewer than 6 runs: no interval of the median at 0.95"),
        ([0.1, 0.2, 0.3, 0.4], 0.9, "fewer than 5 runs: no interval of the median at 0.9"),
    ],
)
def test_intervals_of_a_median(values, confidence, why):
    assert statistics.median_interval(values, confidence) == statistics.MedianInterval(None, None, None, why)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (statistics.corrected_t([0.5]), "one pair: cannot tell from chance"),
        (statistics.sign_flip([0.5], RNG), "one pair: cannot tell from chance"),
        (statistics.corrected_t([0.5, 0.5], overlap=0.25), "all pairs differ alike: cannot tell"),
        (statistics.corrected_t([0.5, 0.6, 0.7], 0.5, 5), "below 5 folds: an estimate only"),
        (statistics.paired_difference({0: 1.0}, {1: 1.0}).t, "no pairs yet"),
        (statistics.cochrans_q(ALIKE[:2]), "fewer than 3 repeats: no Cochran's Q"),
        (statistics.cochrans_q(ALIKE), "all repeats err on the same examples"),
        (statistics.mcnemar([[5, 0], [0, 5]]), "the two models err on the same examples"),
        (statistics.equivalence([0.5], [0.4], 0.1), "one pair: cannot tell from chance"),
        (statistics.friedman([[1, 2, 3]]).f, "one data set or variant: nothing to rank"),
        (statistics.pairwise_wilcoxon(np.eye(4))[0, 1], "fewer than 5 data sets: no test of pairs"),
        (statistics.pairwise_wilcoxon(np.ones((6, 2)))[0, 1], "alike on every data set"),
    ],
)
def test_tests(found, why):
    assert found == statistics.Outcome.none(why)


def test_pairs_that_do_not_differ_have_p_one_and_cannot_reach_less():
    found = statistics.sign_flip([0.0] * 10, RNG)
    assert (found.p, found.why) == (1.0, "cannot reach 0.05 at this n")


def test_pairs_without_a_difference_do_not_lower_the_smallest_p():
    """Six pairs, one of them a tie, can do no more than five."""
    found = statistics.sign_flip([0.1, 0.2, 0.3, 0.4, 0.5, 0.0], RNG)
    assert (found.p, found.why) == (0.0625, "cannot reach 0.05 at this n")


def test_differences_that_tie_but_for_rounding_flip_as_ties():
    d = [0.91 - 0.90, 0.93 - 0.92, 0.95 - 0.94, 0.90 - 0.91, 0.92 - 0.91, 0.94 - 0.93]
    assert statistics.sign_flip(d, RNG).p == 14 / 64, "at most one of six with the other sign, both ways"


def test_differences_between_data_sets_that_tie_but_for_rounding_rank_as_ties():
    scores = [[0.11, 0.10], [0.21, 0.20], [0.41, 0.40], [0.90, 0.91], [0.61, 0.60], [0.81, 0.80]]
    assert statistics.pairwise_wilcoxon(scores)[0, 1].p == 14 / 64, "at most one of six with the other sign"


def test_ties_count_a_half_and_widen_the_interval():
    tie, win = (statistics.superiority(d, RNG) for d in ([1, 1, -1, 0], [1, 1, -1, 1]))
    assert (tie.share, win.share) == (0.625, 0.75)
    assert tie.interval.high == win.interval.high
    assert tie.interval.low < win.interval.low


def test_thirty_wins_of_thirty_are_not_certainty():
    """A bootstrap of equal values has no width."""
    assert statistics.superiority([1.0] * 30, RNG).interval.low == pytest.approx(0.025 ** (1 / 30))


def test_four_runs_have_no_quartiles():
    assert statistics.quartiles([1.0, 2.0, 3.0, 4.0]) is None
    assert statistics.quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2, 3, 4)
    assert FEWEST_FOR_QUARTILES == LEAST_FOR_BOX, "the box plot draws dots below as many"


def test_folds_in_one_repeat_have_no_components():
    assert statistics.fold_components([[1.0, 2.0, 3.0]]) is None


def test_one_repeat_has_no_noise():
    assert statistics.noise([[0, 1, 0]]) is None


def test_a_negative_variance_is_kept():
    """Errors of two repeats that avoid each other: accuracy is the same, though examples differ."""
    found = statistics.noise([[0, 1, 0, 1], [1, 0, 1, 0]])
    assert found.observed == 0 < found.floor
    assert found.distribution == pytest.approx(-1 / 6)


def test_a_margin_far_below_the_spread_is_out_of_reach():
    assert statistics.repeats_to_resolve(1.0, 1e-4) is None


def test_a_margin_far_above_the_spread_needs_two_pairs():
    assert statistics.repeats_to_resolve(1e-3, 1.0) == 2
    assert statistics.repeats_to_resolve(0.00447, 0.05) == 3, "where the power of both sides of the test is nan"


def test_steins_rule_needs_a_pilot_and_keeps_all_of_it():
    assert statistics.stein_repeats(1.0, 1, 0.5) is None
    assert statistics.stein_repeats(0.1, 7, 0.5) == 7
