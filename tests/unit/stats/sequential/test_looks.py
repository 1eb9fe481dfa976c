"""What is seen at every look: ties, rounding, the ends of the range, and what is refused."""

import numpy as np
import pytest
from scipy import stats

from cnnjobs.stats.sequential import crossing_probability, look_at, repeated_interval

B = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2]

ONE_IMAGE = 100 / 359


def test_one_sequence_look_by_look():
    looks = look_at(B)
    assert looks.x[:4].tolist() == [np.inf] * 4 and looks.q[:4].tolist() == [1] * 4
    assert looks.x[4:10] == pytest.approx([0.098592, 0.041123, 0.017384, 0.006504, 0.003655, 0.001258], abs=6e-7)
    assert looks.q[4:10] == pytest.approx([0.330897, 0.171728, 0.086634, 0.038354, 0.023478, 0.009271], abs=2e-6)


def test_a_look_is_the_paired_t_test_of_scipy():
    for n in range(5, len(B) + 1):
        p = stats.ttest_1samp(B[:n], 0).pvalue
        assert look_at(B).x_now[n - 1] == pytest.approx(p * np.sqrt(n / 5), rel=1e-12)
        below, above = (stats.ttest_1samp(B[:n], theta).pvalue for theta in (-0.7, 0.7))
        assert look_at(B, 0.7).equal_now[n - 1] == pytest.approx(max(below, above) * np.sqrt(n / 5), rel=1e-12)


def test_the_smallest_statistic_so_far_stays():
    looks = look_at([1.0, 1.1, 0.9, 1.0, 1.1, -40.0, 1.0])
    assert looks.x_now[5] > 0.3 > looks.x_now[4]
    assert looks.x[6] == looks.x_now[4]
    assert looks.q[6] == crossing_probability(looks.x_now[4])


def test_pairs_that_differ_alike_have_the_p_of_a_sign_test():
    n = np.arange(1, 13)
    for value in (ONE_IMAGE, -ONE_IMAGE, 1e-9, 1e9):
        looks = look_at([value] * 12)
        assert looks.x_now[4:] == pytest.approx(2.0 ** (1 - n[4:]) * np.sqrt(n[4:] / 5), rel=1e-12)
    assert look_at([0.0] * 12).x_now[4:].tolist() == pytest.approx(np.sqrt(n[4:] / 5))
    looks = look_at([0.0] * 12, margin=1e-9)
    assert looks.equal_now[4:] == pytest.approx(2.0 ** (1 - n[4:]) * np.sqrt(n[4:] / 5))
    assert look_at([0.2] * 12, margin=0.2).q_equal.min() == 1


@pytest.mark.parametrize(("images", "unit"), [(100, 1.0), (359, 1.0), (359, 100.0), (10_000, 100.0), (7, 1e3)])
def test_differences_that_tie_but_for_their_last_bits_are_alike(images, unit):
    """0.91 - 0.90 is not 0.93 - 0.92: a t test of nothing but rounding would be certain of everything."""
    right = np.random.default_rng(0).integers(images // 2, images, (500, 8))
    differences = (right + 1) / images * unit - right / images * unit
    assert np.ptp(differences) > 0
    assert (look_at(differences).sd[:, 1:] == 0).all()
    assert (look_at(differences).x_now[:, 4] == 0.0625).all()


def test_ties_on_either_side_of_a_place_of_rounding_are_alike():
    """Half a unit of the twelfth decimal, and a last bit below or above it."""
    half = 0.1234567890125
    around = [np.nextafter(half, 0) - 1e-15, half + 1e-15] * 5
    assert np.ptp(np.round(around, 12)) > 0
    assert look_at(around).x_now[4] == 0.0625
    assert look_at([half] * 5, margin=half + 1e-13).x_equal[4] >= 1, "at the margin within rounding"


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e6, 1e100])
def test_no_unit_changes_what_is_seen(scale):
    looks = look_at(np.array(B) * scale, 0.5 * scale)
    assert looks.x[4:] == pytest.approx(look_at(B).x[4:], rel=1e-4)
    assert looks.x_equal[4:] == pytest.approx(look_at(B, 0.5).x_equal[4:], rel=1e-4)


@pytest.mark.parametrize("huge", [1e160, -1e290, 1e300, 1.7e308])
def test_what_float64_cannot_square_decides_nothing(huge):
    looks = look_at([huge, 1.0, 2.0, -huge, 1.0, 3.0, 2.0], margin=1.0)
    assert looks.q.tolist() == [1] * 7
    assert looks.q_equal.tolist() == [1] * 7
    assert look_at([1.0, 1.1, 0.9, 1.0, 1.1, huge]).x[-1] == look_at([1.0, 1.1, 0.9, 1.0, 1.1]).x[-1]


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_differences_that_are_not_finite_are_refused(broken):
    with pytest.raises(ValueError, match=r"`differences` must be finite numbers\. Received: -?(nan|inf)\."):
        look_at([0.1, broken, 0.2])


def test_looks_end_at_a_hundred_pairs():
    """F counts those from 5 to 100: what comes later is seen, but is no look."""
    d = np.concatenate([np.tile([1.0, -1.0], 50), [9.0] * 50])
    looks = look_at(d, margin=20.0)
    assert np.isfinite(looks.x_now[99]) and np.isinf(looks.x_now[100:]).all()
    assert np.isinf(looks.equal_now[100:]).all()
    assert looks.x[-1] == looks.x[99]


def test_no_pair_and_one_pair():
    assert look_at([]).x.shape == (0,)
    assert look_at([0.3]).x.tolist() == [np.inf]
    assert look_at([0.3], 0.5).q_equal.tolist() == [1]


def test_many_sequences_are_seen_as_each_alone():
    d = np.random.default_rng(0).normal(size=(3, 2, 30))
    for place in np.ndindex(3, 2):
        assert look_at(d, 1.0).x[place].tolist() == look_at(d[place], 1.0).x.tolist()
        assert look_at(d, 1.0).x_equal[place].tolist() == look_at(d[place], 1.0).x_equal.tolist()


def test_the_interval_leaves_out_what_the_look_rejects():
    """At its level: an end of it has exactly the statistic of the bound."""
    random = np.random.default_rng(0)
    for n, alpha in [(5, 0.05), (8, 0.05 / 3), (40, 0.2), (100, 0.0005)]:
        d = random.normal(0.3, 1, n)
        interval = repeated_interval(d.mean(), d.std(ddof=1), n, alpha)
        for end in (interval.low, interval.high):
            assert crossing_probability(look_at(d - end).x_now[-1]) == pytest.approx(alpha, rel=1e-6)


def test_there_is_no_interval_before_the_fifth_pair_or_of_pairs_that_are_alike():
    assert repeated_interval(1.0, 0.5, 4, 0.05).why == "4 of the 5 pairs of the first look"
    assert repeated_interval(1.0, 0.0, 9, 0.05).why == "all pairs alike"
