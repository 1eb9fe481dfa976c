"""Statistics against the same ones by others."""

import baycomp
import mlxtend.evaluate
import numpy as np
import pytest
import scikit_posthocs
from scipy import stats
from statsmodels.stats.power import TTestPower

from cnnjobs.analysis import statistics

RANDOM = np.random.default_rng(0)
ERRORS = (RANDOM.random((5, 300)) < 0.2).astype(int)
SCORES = RANDOM.normal(size=(12, 4))


def test_the_corrected_t_is_that_of_baycomp():
    """Its correlated t test of two variants without a rope: P(left better) is one minus the one-sided p."""
    a, b = RANDOM.normal(0.3, 1, 50), RANDOM.normal(size=50)
    below, _ = baycomp.two_on_single(b, a, rope=0, runs=5, names=None)
    found = statistics.corrected_t((a - b).tolist(), overlap=1 / 9)
    assert found.p / 2 == pytest.approx(min(below, 1 - below), rel=1e-6)


def test_without_overlap_it_is_scipys_paired_t():
    a, b = RANDOM.normal(size=9), RANDOM.normal(size=9)
    found = statistics.corrected_t((a - b).tolist())
    assert (found.statistic, found.p) == pytest.approx(tuple(stats.ttest_rel(a, b)))


def test_cochrans_q_is_that_of_mlxtend():
    truth = np.zeros(ERRORS.shape[1], int)
    q, p = mlxtend.evaluate.cochrans_q(truth, *ERRORS)
    found = statistics.cochrans_q(ERRORS)
    assert (found.statistic, found.p) == pytest.approx((q, p))


@pytest.mark.parametrize(("table", "exact"), [([[90, 30], [14, 9]], False), ([[90, 12], [4, 9]], True)])
def test_mcnemar_is_that_of_mlxtend(table, exact):
    _, p = mlxtend.evaluate.mcnemar(np.array(table), exact=exact)
    assert statistics.mcnemar(table).p == pytest.approx(p)


def test_critical_differences_decide_as_scikit_posthocs():
    """A pair lies exactly its critical difference apart at the alpha that is its p there."""
    p = scikit_posthocs.posthoc_nemenyi_friedman(SCORES).to_numpy()
    ranks = statistics.friedman(SCORES).ranks
    gap = statistics.critical_difference(4, 12, alpha=p[0, 1])
    assert gap == pytest.approx(abs(ranks[0] - ranks[1]), rel=1e-4)


def test_friedman_without_ties_is_scipys():
    found = statistics.friedman(SCORES).chi_squared
    assert (found.statistic, found.p) == pytest.approx(tuple(stats.friedmanchisquare(*SCORES.T)))


def test_repeats_needed_are_those_of_statsmodels():
    for effect in (0.1, 0.5, 1.0):
        needed = TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
        assert statistics.repeats_to_resolve(1.0, effect) == np.ceil(needed)
