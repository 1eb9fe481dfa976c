"""Statistics against answers that were published, or worked out by hand."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC
from support.published import DEMSAR
from support.stores import make_store

from cnnjobs import statistics
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures.comparison import box_plot
from cnnjobs.stats import corrected_t, paired_difference

# fold accuracies (%) of a published 5-fold cross-validation on MNIST
FOLDS = {
    "baseline": np.array([98.550, 98.600, 98.642, 98.850, 98.742]),
    "batch norm": np.array([98.475, 98.608, 98.683, 98.783, 98.667]),
    "deeper": np.array([99.058, 99.042, 98.883, 99.192, 99.133]),
}

A, B = [94.1, 94.3, 94.2, 94.5, 94.4], [94.0, 94.25, 94.1, 94.45, 94.2]
ERRORS = np.array([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("name", "sd", "population_sd"),
    [("baseline", 0.11983, 0.107), ("batch norm", 0.11316, 0.101), ("deeper", 0.11662, 0.104)],
)
def test_spread_of_the_published_folds_under_both_conventions(name, sd, population_sd):
    found = statistics.summarize(FOLDS[name].tolist()).sd
    assert found == pytest.approx(sd, abs=5e-6)
    assert found * np.sqrt(4 / 5) == pytest.approx(population_sd, abs=5e-4)


def test_quartiles_of_the_published_folds():
    assert statistics.quartiles(FOLDS["baseline"].tolist()) == pytest.approx((98.600, 98.642, 98.742), abs=1e-9)


def test_the_box_plot_draws_the_quartiles_of_the_published_folds(tmp_path):
    store = make_store(tmp_path, {name: (runs / 100).tolist() for name, runs in FOLDS.items()}, folds=5, repeats=1)
    axes = box_plot(job_table(store)).axes[0]
    for box, runs in zip(axes.patches, FOLDS.values(), strict=True):
        drawn = sorted(set(np.round(box.get_path().vertices[:, 1], 9)))
        low, middle, high = statistics.quartiles(runs.tolist())
        assert drawn == pytest.approx([low, high])
        assert any(np.allclose(line.get_ydata(), middle) for line in axes.lines)


@pytest.mark.parametrize(
    ("name", "mean", "overlap", "t", "p"),
    [
        ("batch norm", -0.0336, 1 / 4, -0.92067, 0.40933),
        ("batch norm", -0.0336, 0, -1.38100, 0.23942),
        ("deeper", 0.3848, 1 / 4, 5.66596, 0.0047847),
        ("deeper", 0.3848, 0, 8.49893, 0.0010511),
    ],
)
def test_published_folds_by_the_corrected_and_the_plain_t(name, mean, overlap, t, p):
    d = FOLDS[name] - FOLDS["baseline"]
    assert d.mean() == pytest.approx(mean, abs=1e-6)
    found = corrected_t(d.tolist(), overlap)
    assert (found.statistic, found.p) == pytest.approx((t, p), rel=2e-5)


def test_the_example_of_scikit_learn_ten_times_ten_folds():
    """Its plot_grid_search_stats: rbf against linear kernel on moons, by ROC AUC; p is one-sided there."""
    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), x, y, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    d = (rbf - linear).tolist()
    corrected, plain = corrected_t(d, overlap=10 / 90), corrected_t(d)
    assert (corrected.statistic, corrected.p / 2) == pytest.approx((0.750, 0.227), abs=5e-4)
    assert (plain.statistic, plain.p / 2) == pytest.approx((2.611, 0.005), abs=5e-4)


def test_demsars_ranks_and_friedmans_test():
    found = statistics.friedman(DEMSAR)
    assert found.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.chi_squared.statistic == pytest.approx(9.28, abs=5e-3)
    assert found.f.statistic == pytest.approx(3.69, abs=5e-3)
    assert found.f.p == pytest.approx(stats.f.sf(3.69, 3, 39), abs=1e-3)


@pytest.mark.parametrize(("alpha", "difference"), [(0.05, 1.25), (0.10, 1.12)])
def test_demsars_critical_difference(alpha, difference):
    assert statistics.critical_difference(4, 14, alpha) == pytest.approx(difference, abs=5e-3)


def test_demsars_comparisons_with_a_control():
    """Against C4.5 by the standard error of mean ranks: p .016, .019, .607, of which Holm rejects two."""
    ranks = statistics.friedman(DEMSAR).ranks
    z = (ranks[0] - np.array(ranks)[[3, 1, 2]]) / statistics.rank_error(4, 14)
    p = 2 * stats.norm.sf(np.abs(z))
    assert p == pytest.approx([0.016, 0.019, 0.607], abs=2e-3)
    assert statistics.holm(p.tolist()) == pytest.approx([3 * p[0], max(3 * p[0], 2 * p[1]), p[2]])


@pytest.mark.parametrize(
    ("table", "statistic", "p"),
    [([[9945, 25], [15, 15]], 2.025, 0.15473), ([[9959, 11], [1, 29]], 1, 0.0063477)],
)
def test_mcnemar_with_chi_squared_and_exact(table, statistic, p):
    found = statistics.mcnemar(table)
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=2e-5)
    assert found.why == "these two models, not the methods"


@pytest.mark.parametrize(("share", "pairs"), [(0.75, 29), (0.6, 181), (0.55, 722)])
def test_noethers_numbers_of_pairs(share, pairs):
    assert statistics.noether_pairs(share) == pairs


@pytest.mark.parametrize(("half_width", "runs"), [(0.2, 8), (0.1, 31), (1.0, 5)])
def test_steins_number_of_runs_by_hand(half_width, runs):
    """t of 4 degrees of freedom is 2.7764: with an SD of 0.2, 0.3083 / h^2, and never less than the pilot."""
    assert statistics.stein_repeats(0.2, 5, half_width) == runs


def test_the_spread_of_three_repeats_on_four_examples_by_hand():
    found = statistics.noise(ERRORS)
    assert (found.observed, found.floor, found.distribution) == pytest.approx((1 / 12, 1 / 16, 1 / 36))
    assert (found.q.statistic, found.q.p) == pytest.approx((2.6667, 0.2636), abs=5e-5)


@pytest.fixture(scope="module")
def errors():
    """Six repeats that are wrong on about a fifth of 200 examples."""
    return (np.random.default_rng(0).random((6, 200)) < 0.2).astype(int)


def test_two_way_components_by_hand():
    """Rows 1 2 3 and 3 4 8: means 2 and 5; 2, 3 and 5.5; grand 3.5; residuals +-0.5, +-0.5, +-1."""
    found = statistics.components([[1, 2, 3], [3, 4, 8]])
    assert (found.ms_repeat, found.ms_example, found.ms_residual) == pytest.approx((13.5, 6.5, 1.5))
    assert (found.repeat, found.example) == pytest.approx((4, 2.5))
    assert found.mean_variance == pytest.approx((13.5 + 6.5 - 1.5) / 6)


def test_the_interval_over_new_repeats_and_examples_is_that_variance():
    d = np.random.default_rng(1).normal(size=(6, 40)) + np.random.default_rng(2).normal(size=40)
    low, high = 1.959964 * np.array([-1, 1]) * np.sqrt(statistics.components(d).mean_variance) + d.mean()
    found = statistics.new_examples_interval(d)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_jordans_variance_is_the_repeat_component(errors):
    for e in (ERRORS, errors):
        assert statistics.distribution_variance(e) == pytest.approx(statistics.components(e).repeat, abs=1e-15)


def test_jordans_variance_is_the_mean_covariance_of_two_examples(errors):
    for e in (ERRORS, errors):
        covariance = np.cov(e.T)
        n = len(covariance)
        mean = (covariance.sum() - np.trace(covariance)) / (n * (n - 1))
        assert statistics.distribution_variance(e) == pytest.approx(mean, abs=1e-15)


def test_cochrans_q_is_observed_over_floor_variance(errors):
    for e in (ERRORS, errors):
        found = statistics.noise(e)
        assert found.q.statistic / (len(e) - 1) == pytest.approx(found.observed / found.floor)


def test_five_pairs_by_every_test():
    d = paired_difference(dict(enumerate(A)), dict(enumerate(B)))
    assert (d.t.statistic, d.t.p) == pytest.approx((3.6515, 0.02174), abs=5e-5)
    assert (d.low, d.high) == pytest.approx((0.0240, 0.1760), abs=5e-5)
    assert d.d_z == pytest.approx(3.6515 / np.sqrt(5), abs=5e-5)
    flips = statistics.sign_flip(d.values, np.random.default_rng(0))
    assert flips.p == 0.0625 == stats.wilcoxon(d.values).pvalue
    assert flips.why == "cannot reach 0.05 at this n"


def test_five_runs_a_side_by_welch():
    welch = paired_difference(dict(enumerate(A)), {f"other {key}": value for key, value in enumerate(B)})
    assert (welch.n, welch.unmatched) == (0, 10)
    assert welch.t.p == pytest.approx(0.363, abs=5e-4)
    assert welch.mean == pytest.approx(0.1)
    assert welch.low < 0 < welch.high
    assert welch.t.why == "without pairs: Welch's test"


def test_holms_adjustment():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_has_no_p_or_was_dropped_counts_in_holms_family():
    assert statistics.holm([0.01, None, 0.04]) == pytest.approx([0.03, None, 0.08])
    assert statistics.holm([0.01, 0.04], dropped=2) == pytest.approx([0.04, 0.12])
    assert statistics.holm([None]) == [None]
    assert statistics.holm([]) == []


def test_the_interval_at_the_level_of_holm_leaves_out_zero_exactly_where_holm_rejects():
    random = np.random.default_rng(0)
    for dropped in (0, 2):
        for _ in range(15):
            d = random.normal(random.choice([0, 0.8, 1.6], 4), 1, (7, 4)).T
            ps = [statistics.corrected_t(one.tolist()).p for one in d]
            rejected = [p < 0.05 for p in statistics.holm(ps, dropped)]
            levels = statistics.holm_levels(ps, 0.05, dropped)
            assert sorted(levels)[: sum(rejected)] == pytest.approx(
                [0.05 / (4 + dropped - k) for k in range(sum(rejected))]
            )
            for one, is_rejected, level in zip(d, rejected, levels, strict=True):
                low, high = statistics.mean_interval(one.tolist(), confidence=1 - level)
                assert low > 0 or high < 0 if is_rejected else level == 0.05


@pytest.mark.parametrize("n", [2, 5, 9])
def test_pairs_that_all_differ_alike_have_the_p_of_sign_flips(n):
    for shift in (0.3, -0.01):
        found = corrected_t([shift] * n)
        assert found == statistics.Outcome(None, 2.0 ** (1 - n))
        assert found.p == pytest.approx(statistics.sign_flip([shift] * n, np.random.default_rng(0)).p)
    assert corrected_t([0.0] * n).p == 1
    assert corrected_t([0.3] * n, overlap=0.25).p is None, "runs that share rows are not independent"


@pytest.mark.parametrize(("n", "low", "high"), [(5, 0.60, 2.87), (10, 0.69, 1.83), (30, 0.80, 1.34)])
def test_how_well_a_few_runs_know_their_sd(n, low, high):
    values = stats.zscore(np.arange(n), ddof=1).tolist()
    found = statistics.sd_interval(values)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-3)


@pytest.mark.parametrize(("n", "p", "why"), [(5, 0.0625, "cannot reach 0.05 at this n"), (6, 0.03125, "")])
def test_the_smallest_p_of_sign_flips(n, p, why):
    found = statistics.sign_flip(list(range(1, n + 1)), np.random.default_rng(0))
    assert (found.p, found.why) == (p, why)


def test_wilcoxon_over_data_sets_is_adjusted_over_all_pairs():
    found = statistics.pairwise_wilcoxon(DEMSAR)
    assert list(found) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = [stats.wilcoxon(DEMSAR[:, i] - DEMSAR[:, j]).pvalue for i, j in found]
    assert [one.p for one in found.values()] == pytest.approx(statistics.holm(plain))


@pytest.mark.parametrize(
    ("n", "low", "high", "level"),
    [
        (6, 1, 6, 0.96875),
        (9, 2, 8, 0.9609375),
        (10, 2, 9, 0.978515625),
        (20, 6, 15, 0.9586105),
        (100, 40, 61, 0.9647998),
    ],
)
def test_ranks_and_levels_of_the_interval_of_a_median(n, low, high, level):
    """As in tables of the sign test's interval: (2, 9) of ten at 97.9%, (6, 15) of twenty at 95.9%."""
    found = statistics.median_interval(range(1, n + 1))
    assert (found.low, found.high, found.level) == (low, high, pytest.approx(level, abs=1e-7))


def test_the_interval_of_a_median_goes_outwards_until_ties_leave_it_a_width():
    """Seventeen of twenty runs alike: the innermost ranks, 6 and 15, would claim that the median is known."""
    found = statistics.median_interval([0.95] * 17 + [0.96] * 3)
    assert (found.low, found.high) == (0.95, 0.96)
    assert found.level == pytest.approx(1 - 2 * (1 + 20 + 190) / 2**20), "ranks 3 and 18"


@pytest.mark.parametrize(
    ("wins", "pairs", "reading"),
    [
        (5, 5, "not significant"),  # [0.478, 1]
        (6, 6, "significant and meaningful"),  # [0.541, 1]
        (18, 25, "significant and meaningful"),  # share 0.72, below 0.75, but [0.506, 0.879] reaches it
        (17, 25, "not significant"),  # [0.465, 0.851]
        (7, 25, "significant and meaningful"),  # of the other side
        (580, 1000, "significant, not meaningful"),  # share 0.58, [0.55, 0.61]
        (420, 1000, "significant, not meaningful"),
    ],
)
def test_what_a_share_of_wins_is_called_depends_on_both_ends_of_its_interval(wins, pairs, reading):
    """Bouthillier et al.: significant above 0.5 with the lower end, meaningful if the upper end reaches 0.75."""
    differences = [1.0] * wins + [-1.0] * (pairs - wins)
    assert statistics.superiority(differences, np.random.default_rng(0)).reading == reading


def test_a_share_without_an_interval_is_called_nothing():
    assert statistics.Superiority(0.8, statistics.Interval.none("runs share training rows")).reading == ""


def test_the_interval_of_the_spread_beyond_the_test_set_is_that_of_the_observed_one_less_the_floor():
    """Of the three repeats of four examples above: 2 (1/12) / chi-squared of two degrees, - 1/16, times 4/3."""
    found = statistics.noise([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]]).distribution_interval()
    chi = -2 * np.log([0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(4 / 3 * (1 / 6 / chi - 1 / 16)))
    assert found.low < 0, "not resolved from none"


def test_repeats_that_differ_less_than_by_chance_have_no_spread_beyond_the_test_set():
    apart = np.tile(np.eye(12), 10)  # each repeat wrong on other images, as many of them
    assert statistics.noise(apart).distribution_interval().why == "all repeats equally accurate"
    apart[0, -2] = 1
    found = statistics.noise(apart)
    assert found.distribution < 0
    assert found.distribution_interval().why == "less than independent errors make"


def test_the_ratio_of_two_sds_is_bonetts():
    """His formula, written out: kurtosis pooled about trimmed means, and his correction for unequal numbers."""
    x, y = np.array([3.1, 2.9, 3.6, 2.2, 3.3, 2.7, 3.0]), np.array([5.0, 3.9, 4.4, 6.1, 4.7])
    middles = np.sort(x)[2:-2].mean(), np.median(y)
    kurtosis = 12 * sum(((v - m) ** 4).sum() for v, m in zip((x, y), middles, strict=True))
    kurtosis /= (6 * x.var(ddof=1) + 4 * y.var(ddof=1)) ** 2
    error, z = np.sqrt((kurtosis - 4 / 7) / 6 + (kurtosis - 2 / 5) / 4), 1.959963984540054
    middle = np.log(7 / (7 - z) / (5 / (5 - z)) * x.var(ddof=1) / y.var(ddof=1))
    found = statistics.sd_ratio_interval(x.tolist(), y.tolist())
    assert (found.low, found.high) == pytest.approx(tuple(np.exp((middle + np.array([-z, z]) * error) / 2)))
    other = statistics.sd_ratio_interval((10 * x).tolist(), (10 * y + 3).tolist())
    assert (other.low, other.high) == pytest.approx((found.low, found.high)), "without a unit"


@pytest.mark.parametrize(
    ("difference", "margin", "p"), [(0.0, 0.2, 2**-9), (0.1, 0.2, 2**-9), (0.2, 0.2, 1.0), (-0.3, 0.2, 1.0)]
)
def test_pairs_that_all_differ_alike_are_equal_within_a_margin_by_their_signs(difference, margin, p):
    """Nine pairs on one side of either end of the margin: one-sided sign tests."""
    found = statistics.equivalence([0.5 + difference] * 9, [0.5] * 9, margin)
    assert (found.statistic, found.p, found.why) == (None, p, "all pairs alike: p by their signs")
