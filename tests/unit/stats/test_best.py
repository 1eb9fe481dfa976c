"""The probability of being best: of two variants that of baycomp, of several a posterior with the same pairs."""

import baycomp
import numpy as np
import pytest
from baycomp.single import Posterior

from cnnjobs import statistics
from cnnjobs.stats.best import DRAWS

RANDOM = np.random.default_rng(11)
TWO = RANDOM.normal([0.90, 0.905], 0.01, (10, 2))
FOUR = RANDOM.normal([0.90, 0.905, 0.91, 0.88], 0.01, (8, 4))


def chances(values, **options):
    return statistics.best_chances(values, np.random.default_rng(0), **options)


@pytest.mark.parametrize("margin", [0.0, 0.002, 0.01])
@pytest.mark.parametrize("runs", [1, 2])
def test_of_two_variants_with_folds_it_is_that_of_baycomp(margin, runs):
    a, b = TWO.T
    probabilities = baycomp.two_on_single(a, b, rope=margin, runs=runs)
    below, above = probabilities[0], probabilities[-1]
    first, second = chances(TWO, overlap=1 / (10 / runs - 1), margin=margin)
    assert (first.clearly, second.clearly) == pytest.approx((below, above), abs=1e-6)
    assert (first.near, second.near) == pytest.approx((1 - above, 1 - below), abs=1e-6)
    without = baycomp.two_on_single(a, b, runs=runs)
    assert (first.best, second.best) == pytest.approx(without, abs=1e-6)


def test_of_independent_runs_it_is_baycomps_posterior_without_the_correction():
    d = TWO[:, 1] - TWO[:, 0]
    below, _, above = Posterior(d.mean(), d.var(ddof=1) / len(d), len(d) - 1, 0.003).probs()
    first, second = chances(TWO, margin=0.003)
    assert (first.clearly, second.clearly) == pytest.approx((below, above), abs=1e-6)


def test_two_runs_are_wide_and_the_same_as_baycomps():
    values = np.array([[0.90, 0.91], [0.90, 0.93]])
    d = values[:, 1] - values[:, 0]
    expected = Posterior(d.mean(), d.var(ddof=1) / 2, 1).probs()
    assert [one.best for one in chances(values)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("overlap", [0.0, 0.25])
def test_each_two_of_several_have_the_posterior_of_the_two_alone(overlap):
    """The others are far behind, so the best is one of the two."""
    far = np.c_[TWO, TWO.mean(axis=1) - 5, TWO[:, 0] - 6 + RANDOM.normal(0, 0.01, 10)]
    several, alone = (chances(x, overlap=overlap, margin=0.002) for x in (far, TWO))
    for one, other in zip(several[:2], alone, strict=True):
        expected = pytest.approx((other.best, other.near, other.clearly), abs=4 / (2 * DRAWS**0.5))
        assert (one.best, one.near, one.clearly) == expected
    assert [one.best for one in several[2:]] == pytest.approx([0, 0], abs=1e-3)


def test_of_several_it_is_the_posterior_of_a_multivariate_t():
    from scipy import stats

    n = len(FOUR)
    posterior = stats.multivariate_t(FOUR.mean(axis=0), np.cov(FOUR.T) / n, n - 1, seed=3)
    means = posterior.rvs(200_000)
    ordered = np.sort(means, axis=1)
    best = np.bincount(means.argmax(axis=1), minlength=4) / len(means)
    clearly = np.bincount(means.argmax(axis=1)[ordered[:, -1] - ordered[:, -2] > 0.003], minlength=4) / len(means)
    near = (means >= ordered[:, -1:] - 0.003).mean(axis=0)
    found = chances(FOUR, margin=0.003)
    for name, expected in (("best", best), ("near", near), ("clearly", clearly)):
        assert [getattr(one, name) for one in found] == pytest.approx(expected, abs=0.006), name


def test_probabilities_add_up_and_the_same_runs_give_the_same():
    found = chances(FOUR, margin=0.001)
    assert sum(one.best for one in found) == pytest.approx(1)
    assert all(one.clearly <= one.best <= one.near for one in found)
    assert chances(FOUR, margin=0.001) == found


def test_what_repeats_have_in_common_falls_out():
    common = RANDOM.normal(0, 1, (8, 1))
    assert [one.best for one in chances(FOUR + common)] == pytest.approx([one.best for one in chances(FOUR)], abs=0.006)


def test_less_is_better_of_a_loss():
    assert [one.best for one in chances(-FOUR, higher_is_better=False)] == [one.best for one in chances(FOUR)]


def test_equal_variants_share_the_probability():
    values = np.c_[TWO, TWO[:, 1]]
    first, second, third = chances(values, margin=0.002)
    alone = chances(TWO, margin=0.002)
    assert first.best == alone[0].best
    assert second == third
    assert second.best == pytest.approx(alone[1].best / 2)
    assert (second.near, second.clearly) == (alone[1].near, 0.0)
    assert [one.best for one in chances(TWO[:, [0, 0]])] == [0.5, 0.5]


def test_more_variants_than_runs_have_a_posterior():
    found = chances(RANDOM.normal(0.9, 0.01, (5, 12)))
    assert sum(one.best for one in found) == pytest.approx(1)
    assert max(one.best for one in found) < 0.9, "nothing differs, and five runs do not show which is best"


def test_the_probability_of_the_true_best_is_calibrated():
    """Where the best is called with a probability of about p, it is right in about p of the cases."""
    random, said, right = np.random.default_rng(2), 0.0, 0
    for _ in range(300):
        means = random.normal(0, 0.01, 2)
        values = means + random.normal(0, 0.02, (6, 2))
        first, second = chances(values)
        best = int(second.best > first.best)
        said += max(first.best, second.best)
        right += int(means[best] == means.max())
    assert abs(said / 300 - right / 300) < 0.1


@pytest.mark.parametrize("values", [[[0.9, 0.8]], [[0.9], [0.8]], [0.9, 0.8], [[0.9, np.nan], [0.9, 0.8]]])
def test_what_is_no_matrix_of_runs_is_refused(values):
    with pytest.raises(ValueError, match="`values` must be"):
        chances(values)
