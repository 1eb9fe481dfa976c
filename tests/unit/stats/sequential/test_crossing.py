"""F, the probability that a bound is ever crossed, and its inverse: against a second recursion and printed tables."""

import numpy as np
import pytest
from support.crossing_recursion import crossing_by_recursion

from cnnjobs.stats.sequential import FIRST_LOOK, bound_of_x, critical_t, crossing_probability, nominal_level
from cnnjobs.stats.sequential.crossing import KNOTS, TAIL

X_ALPHA = {
    0.10: 0.0207576476,
    0.05: 0.0089199477,
    0.025: 0.0039325998,
    0.05 / 3: 0.0024580585,
    0.0125: 0.0017671569,
    0.01: 0.0013704711,
    0.05 / 6: 0.0011145940,
    0.05 / 7: 0.0009365530,
    0.05 / 8: 0.0008058763,
    0.005: 0.0006275112,
}

LEVELS = {
    5: (0.0089199, 4.75775, 2.12773, 0.0089199),
    6: (0.0081428, 4.24344, 1.73238, 0.0132588),
    8: (0.0070518, 3.76249, 1.33024, 0.0192281),
    10: (0.0063074, 3.54068, 1.11966, 0.0233545),
    15: (0.0051499, 3.31085, 0.85486, 0.0299591),
    20: (0.0044600, 3.22471, 0.72107, 0.0340398),
    30: (0.0036416, 3.16355, 0.57758, 0.0390566),
    50: (0.0028207, 3.14509, 0.44478, 0.0443353),
    100: (0.0019946, 3.17548, 0.31755, 0.0500000),
}
"""Pairs -> p that a look needs, its t, its effect in SDs, alpha spent by then."""


@pytest.mark.parametrize("alpha", X_ALPHA)
def test_the_bound_of_a_level(alpha):
    assert bound_of_x(alpha) == pytest.approx(X_ALPHA[alpha], rel=1e-5)
    assert crossing_probability(bound_of_x(alpha)) == pytest.approx(alpha, rel=1e-9)


@pytest.mark.parametrize("n", LEVELS)
def test_what_a_look_needs(n):
    p, t, effect, _ = LEVELS[n]
    assert nominal_level(n, 0.05) == pytest.approx(p, abs=1.1e-7)
    assert critical_t(n, 0.05) == pytest.approx(t, abs=1.1e-5)
    assert critical_t(n, 0.05) / n**0.5 == pytest.approx(effect, abs=1.1e-5)


@pytest.mark.parametrize("caps", [(5, 6, 8, 10, 15, 20), (30,), (50,)])
def test_what_of_alpha_is_spent_by_a_look(caps):
    for cap in caps:
        spent = crossing_by_recursion(bound_of_x(0.05), range(FIRST_LOOK, cap + 1))
        assert spent == pytest.approx(LEVELS[cap][3], abs=2e-6)


@pytest.mark.parametrize("alpha", [0.05])
def test_the_bound_is_crossed_with_its_probability_by_a_second_recursion(alpha):
    assert crossing_by_recursion(bound_of_x(alpha)) == pytest.approx(alpha, rel=2e-4)


@pytest.mark.parametrize("knot", [9, 28, 31])
def test_knots_are_those_of_a_second_recursion(knot):
    x, f = KNOTS[knot]
    assert crossing_by_recursion(x) == pytest.approx(f, rel=2e-4)


def test_one_look_alone_is_crossed_as_often_as_its_p_says():
    for n in (5, 8, 30):
        assert crossing_by_recursion(0.05, [n]) == pytest.approx(0.05 * np.sqrt(5 / n), rel=1e-9)


def test_knots_rise_and_are_the_printed_ones():
    x, f = np.array(KNOTS).T
    printed = {0: 0.000012618, 2: 0.000111251, 5: 0.001230632, 12: 0.007570316, 20: 0.054993741, 27: 0.270900419}
    assert f[list(printed)] == pytest.approx(list(printed.values()), abs=6e-10)
    assert (np.diff(x) > 0).all() and (np.diff(f) > 0).all()
    assert np.log10(x[4:29]) == pytest.approx(-4 + np.arange(25) / 8)
    assert crossing_probability(x[:-1]) == pytest.approx(f[:-1], rel=1e-12)


def test_it_rises_without_steps_from_nothing_to_certainty():
    x = np.concatenate([[0], np.geomspace(1e-12, 0.39999, 5000)])
    f = crossing_probability(x)
    assert f[0] == 0 and (np.diff(f) > 0).all() and f[-1] < 0.803
    assert crossing_probability([0.4, 1, np.inf]).tolist() == [1, 1, 1]
    assert (f >= x).all(), "a first look alone is crossed with probability x"


def test_below_the_first_knot_it_is_an_upper_bound():
    """The exponent of F there: between the first two knots it is larger already, and it grows to 1."""
    (x, f), (next_x, next_f) = KNOTS[:2]
    assert TAIL < np.log(next_f / f) / np.log(next_x / x) < 1
    assert bound_of_x(1e-6) < KNOTS[0][0]
    assert crossing_probability(bound_of_x(1e-6)) == pytest.approx(1e-6)
