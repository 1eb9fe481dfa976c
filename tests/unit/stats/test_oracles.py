"""Statistics against the same ones by others."""

import baycomp
import mlxtend.evaluate
import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats import contingency_tables
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from cnnjobs import statistics

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


def test_what_repeats_resolve_is_the_effect_of_statsmodels_and_the_inverse_of_repeats_needed():
    for n, alpha in ((5, 0.05), (10, 0.05 / 6), (50, 0.05 / 11)):
        effect = TTestPower().solve_power(nobs=n, alpha=alpha, power=0.8)
        found = statistics.resolvable_difference(2.0, n, alpha=alpha)
        assert found == pytest.approx(2 * effect, rel=1e-5)
        assert statistics.repeats_to_resolve(2.0, found * 1.0001, alpha=alpha) == n
        assert statistics.repeats_to_resolve(2.0, found * 0.9999, alpha=alpha) == n + 1
    assert statistics.resolvable_difference(2.0, 1) is None


@pytest.mark.parametrize("margin", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("pairs", [2, 5, 40])
def test_equivalence_is_that_of_statsmodels(pairs, margin):
    a, b = RANDOM.normal(0.1, 0.2, (2, pairs))
    p, above, below = ttost_paired(a, b, -margin, margin)
    found = statistics.equivalence(a.tolist(), b.tolist(), margin)
    assert (found.p, found.statistic) == pytest.approx((p, max(above, below, key=lambda test: test[1])[0]), rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (3, 3), (4, 9), (12, 12), (12, 13), (40, 22), (0, 31)])
def test_mcnemars_test_is_that_of_statsmodels(first, second):
    table = [[900, first], [second, 40]]
    oracle = contingency_tables.mcnemar(table, exact=first + second < 25, correction=True)
    found = statistics.mcnemar(table)
    assert (found.statistic, found.p) == pytest.approx((oracle.statistic, oracle.pvalue), rel=1e-9)


@pytest.mark.parametrize("ps", [[0.01, 0.01, 0.04], [1.0, 0.4, 1.0], RANDOM.random(12) ** 4, [0.03]])
def test_holms_adjustment_is_that_of_statsmodels(ps):
    assert statistics.holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_components_are_the_mean_squares_of_statsmodels():
    values = RANDOM.normal(size=(5, 12)) + RANDOM.normal(size=(5, 1))
    repeat, example = np.indices(values.shape)
    frame = pd.DataFrame({"value": values.ravel(), "repeat": repeat.ravel(), "example": example.ravel()})
    squares = anova_lm(ols("value ~ C(repeat) + C(example)", frame).fit())
    mean_squares = squares["sum_sq"] / squares["df"]
    found = statistics.components(values)
    assert (found.ms_repeat, found.ms_example, found.ms_residual) == pytest.approx(tuple(mean_squares))


def test_components_of_folds_are_the_mean_squares_of_statsmodels():
    values = RANDOM.normal(size=(4, 5)) + RANDOM.normal(size=5)
    frame = pd.DataFrame({"value": values.ravel(), "fold": np.indices(values.shape)[1].ravel()})
    squares = anova_lm(ols("value ~ C(fold)", frame).fit())
    between, within = squares["sum_sq"] / squares["df"]
    found = statistics.fold_components(values)
    assert (found.repeat_in_fold, found.fold) == pytest.approx((within, (between - within) / 4))


def test_sign_flips_are_the_paired_permutations_of_mlxtend():
    """It enumerates no pairs, so it draws 2,000 at random: the exact p lies within 4 standard errors."""
    d = RANDOM.normal(0.4, 1, 12)
    other = mlxtend.evaluate.permutation_test(
        d, np.zeros(12), func="x_mean != y_mean", method="approximate", num_rounds=2000, seed=0, paired=True
    )
    p = statistics.sign_flip(d.tolist(), RANDOM).p
    assert abs(other - p) < 4 * np.sqrt(p * (1 - p) / 2000)


def test_superiority_is_the_share_of_wins_with_the_interval_of_statsmodels_below_29_pairs():
    d = RANDOM.normal(0.5, 1, 28)
    found = statistics.superiority(d.tolist(), RANDOM)
    wins = int((d > 0).sum())
    assert found.share == wins / 28
    assert (found.interval.low, found.interval.high) == pytest.approx(proportion_confint(wins, 28, method="beta"))


def test_superiority_is_bootstrapped_from_29_pairs():
    d = RANDOM.normal(0.5, 1, 29)
    found = statistics.superiority(d.tolist(), np.random.default_rng(5)).interval
    other = stats.bootstrap(((d > 0).astype(float),), np.mean, method="percentile", rng=np.random.default_rng(5))
    assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval))


@pytest.mark.parametrize("n", [6, 7, 20, 41])
def test_the_interval_of_a_median_is_scipys_of_a_quantile(n):
    x = RANDOM.exponential(size=n)
    found = statistics.median_interval(x.tolist())
    test = stats.quantile_test(x, q=np.median(x), p=0.5).confidence_interval(0.95)
    assert (found.low, found.high) == (test.low, test.high)


def test_equivalence_is_that_of_two_one_sided_t_tests():
    a, b = RANDOM.normal(0.1, 0.5, 12), RANDOM.normal(0, 0.5, 12)
    below = stats.ttest_rel(a, b - 0.8, alternative="greater").pvalue
    above = stats.ttest_rel(a, b + 0.8, alternative="less").pvalue
    assert statistics.equivalence(a.tolist(), b.tolist(), 0.8).p == pytest.approx(max(below, above))


def test_summaries_are_scipys():
    x = RANDOM.normal(90, 1, 9)
    found = statistics.summarize(x.tolist())
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 8, x.mean(), stats.sem(x)))
    ends = 8 * x.var(ddof=1) / stats.chi2.ppf([0.975, 0.025], 8)
    assert (found.sd_low, found.sd_high) == pytest.approx(tuple(np.sqrt(ends)))


def test_quartiles_are_those_of_pandas():
    x = RANDOM.normal(size=8)
    assert statistics.quartiles(x.tolist()) == pytest.approx(tuple(pd.Series(x).quantile([0.25, 0.5, 0.75])))


@pytest.mark.parametrize(("n", "shift"), [(15, 0.0), (15, 0.9), (40, 0.35), (700, 0.08)])
def test_random_sign_flips_agree_with_scipys(n, shift):
    d = np.random.default_rng(n).normal(shift, 1, n)
    own = statistics.sign_flip(d.tolist(), np.random.default_rng(1)).p
    other = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=9999, vectorized=True, rng=np.random.default_rng(2)
    ).pvalue
    assert own == pytest.approx(other, abs=4 * (2 * other * (1 - other) / 9999) ** 0.5 + 4e-4)
    assert own == statistics.sign_flip((-d).tolist(), np.random.default_rng(1)).p, "both sides count"
