"""What the rule can reach: shares and pairs of independent simulations, which used the rule pair by pair."""

import numpy as np
import pytest

from cnnjobs.stats.sequential import (
    Rule,
    Verdict,
    decide,
    smallest_difference,
    smallest_margin,
    until_better,
    until_equal,
)

TOLERANCE = 4 * np.sqrt(0.25 / 10_000 + 0.25 / 10_000)
"""Four standard errors of two simulated shares."""

BETTER = {
    20: {0.3: (0.12, 19.0), 0.5: (0.31, 17.6), 1: (0.912, 11.4), 1.5: (None, 7.5), 2: (None, 6.0), 3: (None, 5.2)},
    30: {0.3: (0.186, 27.5), 0.5: (0.478, 23.8), 1: (0.992, 11.8)},
    50: {0.3: (0.300, 42.8), 0.5: (0.762, 31.3), 1: (None, 11.8)},
}
"""Most pairs -> true difference in SDs of pairs -> share decided, mean pairs."""

EQUAL = {
    0.5: ({20: 0.01, 50: 0.43, 100: 0.93}, 54),
    0.75: ({20: 0.29, 50: 0.95, 100: 0.96}, 25),
    1: ({20: 0.80, 50: 0.97}, 15),
    1.5: ({20: 0.98}, 8.8),
    2: ({20: 0.99}, 6.6),
}
"""Margin in SDs of pairs -> most pairs -> share decided as equal; mean pairs of at most 100."""


@pytest.mark.parametrize("most_pairs", BETTER)
def test_differences_are_decided_as_often_and_as_soon_as_by_the_rule_pair_by_pair(most_pairs):
    for difference, (share, pairs) in BETTER[most_pairs].items():
        found = until_better(difference * 0.7, 0.7, most_pairs=most_pairs)
        print(difference, found)
        assert share is None or found.share == pytest.approx(share, abs=TOLERANCE)
        assert found.pairs == pytest.approx(pairs, abs=0.3)


@pytest.mark.parametrize("margin", EQUAL)
def test_margins_are_reached_as_often_and_as_soon_as_by_the_rule_pair_by_pair(margin):
    shares, pairs = EQUAL[margin]
    for most_pairs, share in shares.items():
        found = until_equal(margin * 3, 3, most_pairs=most_pairs)
        print(most_pairs, found)
        assert found.share == pytest.approx(share, abs=TOLERANCE)
    assert until_equal(margin * 3, 3).pairs == pytest.approx(pairs, abs=0.5 if margin > 0.5 else 1.5)


def test_the_plan_of_one_study_is_what_the_rule_does():
    """The decisions themselves, without giving up: 300 studies of at most 12 pairs."""
    random = np.random.default_rng(1)
    rule = Rule(most_repeats=12, gives_up=False)
    ends = [decide({"a": random.normal(1.2, 1, 12)}, rule)["a"] for _ in range(300)]
    plan = until_better(1.2, 1, most_pairs=12)
    share = np.mean([one.verdict is Verdict.BETTER for one in ends])
    assert share == pytest.approx(plan.share, abs=4 * np.sqrt(0.25 / 300))
    assert np.mean([one.pairs for one in ends]) == pytest.approx(plan.pairs, abs=4 * 3 / np.sqrt(300))


def test_a_fifth_of_a_point_at_an_sd_of_nearly_half_a_point_needs_about_seventy_pairs():
    assert until_equal(0.2, sd=0.45).typical == pytest.approx(70, abs=3)
    assert until_equal(0.2, sd=0.45, most_pairs=20).share < 0.02
    assert smallest_margin(0.45, most_pairs=20) > 0.4


def test_a_margin_below_half_an_sd_is_hardly_ever_reached_within_fifty_pairs():
    assert smallest_margin(1.0, most_pairs=50) > 0.5
    assert until_equal(0.49, sd=1.0, most_pairs=50).share < 0.45


@pytest.mark.parametrize("family", [1, 3, 6])
@pytest.mark.parametrize("most_pairs", [5, 20, 100])
def test_what_can_be_reached_is_decided_with_that_probability(most_pairs, family):
    difference = smallest_difference(0.3, most_pairs=most_pairs, family=family)
    margin = smallest_margin(0.3, most_pairs=most_pairs, family=family)
    assert until_better(difference, 0.3, most_pairs=most_pairs, family=family).share == pytest.approx(0.8, abs=0.001)
    assert until_equal(margin, 0.3, most_pairs=most_pairs, family=family).share == pytest.approx(0.8, abs=0.001)
    assert until_better(difference, 0.3, family=family).needed == pytest.approx(most_pairs, abs=1)


def test_more_variants_need_more_pairs_and_a_larger_sd_a_larger_margin():
    assert until_better(1, 1, family=6).needed > until_better(1, 1).needed
    assert smallest_margin(0.9, most_pairs=20) == pytest.approx(2 * smallest_margin(0.45, most_pairs=20))


def test_what_a_hundred_pairs_would_not_decide_has_no_number_of_pairs():
    assert until_better(0.1, 1).needed is None
    assert until_equal(0.1, 1).typical is None
