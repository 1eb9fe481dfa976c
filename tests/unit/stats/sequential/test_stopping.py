"""The mean that allows for the stop."""

import numpy as np
import pytest

from cnnjobs.stats.sequential import Rule, decide, mean_allowing_for_stop

A = [1.2, 0.9, 1.5, 1.1, 1.3]
B = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8]


def allowing(differences, alpha=0.05, seed=0, **others):
    return mean_allowing_for_stop(differences, alpha, np.random.default_rng(seed), **others)


def test_the_known_answer():
    """0.458 +- 0.002, where the mean is 0.4875."""
    assert np.mean([allowing(B, seed=seed) for seed in range(10)]) == pytest.approx(0.458, abs=0.002)


def test_a_stop_at_the_first_look_hides_nothing():
    assert allowing(A) == pytest.approx(1.2, abs=1e-12)
    assert allowing([0.3] * 9) == pytest.approx(0.3, abs=1e-12), "nothing is known of other orders of pairs all alike"


def test_it_moves_with_the_pairs():
    assert allowing([-v for v in B]) == pytest.approx(-allowing(B), abs=0.01)
    assert allowing([1e-3 * v for v in B]) == pytest.approx(1e-3 * allowing(B), rel=1e-9)


def test_the_order_of_the_pairs_says_nothing_beyond_the_stop():
    assert allowing([*B[1:], B[0]]) == pytest.approx(allowing(B), abs=0.01)


def test_a_stop_by_the_margin_counts():
    """Looks that would have called the pairs equal exclude orders of them as well."""
    d = [0.3, -0.2, 0.1, -0.4, 0.2, 0, -0.1, 0.5]
    assert allowing(d, margin=0.5) != allowing(d)
    assert allowing(d, margin=1e-9) == allowing(d)


@pytest.mark.parametrize("n", [6, 20, 100])
def test_pairs_that_were_convincing_before_their_level_was_reached_have_an_estimate(n):
    """With Holm the stop may come when another variant is decided: the earlier looks were not yet enough."""
    d = np.random.default_rng(0).normal(1, 1, n)
    found = allowing(d)
    assert found == pytest.approx(d.mean(), abs=4 / np.sqrt(n))


def test_an_undecided_end_is_moved_less_than_a_stop():
    d = np.random.default_rng(1).normal(0, 1, 20)
    assert decide({"a": d}, Rule(gives_up=False))["a"].pairs == 20
    assert allowing(d) == pytest.approx(d.mean(), abs=0.02)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        allowing([0.1, float("nan"), *B])
