"""Statistics by simulation: tests reject one null in twenty, intervals cover, planted variances come back."""

import numpy as np
import pytest
from scipy import stats

from cnnjobs import statistics
from cnnjobs.stats import corrected_t

TIMES = 1000


@pytest.fixture
def random():
    return np.random.default_rng(0)


def agrees(count, expected, times=TIMES):
    """Whether so many of so many trials may be of that rate: one in a thousand times it is wrongly refused."""
    print(f"{count / times:.3f} of {times}, expected {expected:.3f}")
    return stats.binomtest(int(count), times, expected).pvalue > 0.001


def correlated_folds(random, folds):
    """Differences between folds of variance 1 that share a part of it, as folds share training rows: 1 / folds."""
    return np.sqrt(1 / folds) * random.normal() + np.sqrt(1 - 1 / folds) * random.normal(size=folds)


def test_the_corrected_t_over_folds_rejects_one_null_in_twenty_and_the_plain_one_far_more(random):
    nulls = [correlated_folds(random, 10).tolist() for _ in range(TIMES)]
    assert agrees(sum(corrected_t(d, overlap=1 / 9).p < 0.05 for d in nulls), 0.05)
    assert sum(corrected_t(d).p < 0.05 for d in nulls) > 0.1 * TIMES


def test_repeats_of_the_same_folds_averaged_reject_one_null_in_twenty_and_pooled_far_more(random):
    averaged = pooled = 0
    for _ in range(TIMES):
        d = correlated_folds(random, 5) + 0.3 * random.normal(size=(4, 5))
        values = {(repeat, fold): d[repeat, fold] for repeat in range(4) for fold in range(5)}
        # the noise of repeats is not shared between folds, so the correction is a little too strong
        averaged += corrected_t(list(statistics.fold_means(values).values()), overlap=1 / 4).p < 0.05
        pooled += corrected_t(d.ravel().tolist()).p < 0.05
    print(f"averaged {averaged / TIMES}, pooled {pooled / TIMES}")
    assert 0.03 * TIMES < averaged < 0.065 * TIMES
    assert pooled > 0.2 * TIMES


def test_sign_flips_reject_as_many_nulls_as_their_steps_allow(random):
    """With 8 pairs p moves in steps of 2/256; 12/256 is the last below 0.05. Skewed differences, none normal."""
    nulls = random.choice([-1, 1], (TIMES, 8)) * random.exponential(size=(TIMES, 8))
    rejected = sum(statistics.sign_flip(d, random).p <= 0.05 for d in nulls)
    assert agrees(rejected, 12 / 256)


def test_welch_rejects_one_null_in_twenty_where_spreads_differ(random):
    rejected = 0
    for _ in range(TIMES):
        a, b = random.normal(0, 3, 8), random.normal(0, 1, 16)
        one, other = dict(enumerate(a)), dict(enumerate(b, start=8))
        rejected += statistics.paired_difference(one, other).resolved
    assert agrees(rejected, 0.05)


def test_holm_keeps_the_whole_family_below_one_in_twenty(random):
    families = [[corrected_t(d).p for d in random.normal(size=(4, 6))] for _ in range(TIMES)]
    alarms = sum(min(statistics.holm(ps)) < 0.05 for ps in families)
    assert agrees(alarms, 1 - (1 - 0.05 / 4) ** 4)
    assert sum(min(ps) < 0.05 for ps in families) > 0.12 * TIMES, "without it, nearly one in five"


def test_friedman_rejects_one_null_in_twenty(random):
    found = [statistics.friedman(random.normal(size=(20, 4))) for _ in range(TIMES)]
    assert agrees(sum(one.f.p < 0.05 for one in found), 0.05)
    limit = statistics.critical_difference(4, 20)
    assert agrees(sum(np.ptp(one.ranks) > limit for one in found), 0.05)


def test_wilcoxon_over_data_sets_keeps_all_pairs_below_one_in_twenty(random):
    alarms = 0
    for _ in range(TIMES // 2):
        tests = statistics.pairwise_wilcoxon(random.normal(size=(12, 3)))
        alarms += min(test.p for test in tests.values()) < 0.05
    print(alarms / (TIMES // 2))
    assert 0.015 * TIMES / 2 < alarms < 0.07 * TIMES / 2


def mistakes(random, repeats, examples, sd_of_repeats=0.0):
    """Errors of repeats on examples of every difficulty; repeats differ by `sd_of_repeats` on the whole."""
    difficulty = np.clip(random.beta(0.5, 2, examples) * 0.8, 0.05, 0.9)
    return random.random((repeats, examples)) < difficulty + sd_of_repeats * random.normal(size=(repeats, 1))


def test_cochrans_q_rejects_one_null_in_twenty(random):
    rejected = sum(statistics.cochrans_q(mistakes(random, 5, 400)).p < 0.05 for _ in range(TIMES))
    assert agrees(rejected, 0.05)


def test_mcnemar_rejects_at_most_one_null_in_twenty(random):
    """Exact and continuity-corrected tests stay below, never above."""
    rejected = 0
    for _ in range(TIMES):
        first, second = random.random((2, 500)) < 0.1
        table = [[np.sum(~first & ~second), np.sum(~first & second)], [np.sum(first & ~second), np.sum(first & second)]]
        rejected += statistics.mcnemar(table).p < 0.05
    print(rejected / TIMES)
    assert 0.02 * TIMES < rejected < 0.06 * TIMES


def test_equivalence_is_claimed_for_one_in_twenty_that_differ_by_the_margin(random):
    rejected = sum(
        statistics.equivalence(random.normal(1.0, 0.5, 10), np.zeros(10), 1.0).p < 0.05 for _ in range(TIMES)
    )
    assert agrees(rejected, 0.05)


def test_the_interval_of_the_sd_covers_nineteen_in_twenty(random):
    found = [statistics.sd_interval(random.normal(0, 2, 6)) for _ in range(TIMES)]
    assert agrees(sum(one.low < 2 < one.high for one in found), 0.95)


def test_a_bootstrap_of_five_runs_would_cover_far_less_than_the_t_interval(random):
    """Why it starts at twenty: BCa covers 80 to 83% of five, where t covers 93 to 94%."""
    times, bca, t = 400, 0, 0
    for _ in range(times):
        x = random.normal(size=5)
        ends = stats.bootstrap((x,), np.mean, method="BCa", n_resamples=999, rng=random).confidence_interval
        bca += ends.low <= 0 <= ends.high
        low, high = statistics.mean_interval(x.tolist())
        t += low <= 0 <= high
    print(bca / times, t / times)
    assert agrees(t, 0.95, times)
    assert 0.74 * times < bca < 0.88 * times


@pytest.mark.parametrize(("n", "least", "most"), [(12, 0.95, 1.0), (40, 0.91, 0.98)])
def test_the_interval_of_superiority_covers(random, n, least, most):
    """Exact ones at least as often as they say; percentile ones of 40 pairs nearly."""
    times, truth = 400, 0.7
    covered = 0
    for _ in range(times):
        interval = statistics.superiority(random.random(n) - (1 - truth), random).interval
        covered += interval.low <= truth <= interval.high
    print(covered / times)
    assert least * times - 8 <= covered <= most * times


@pytest.mark.parametrize("n", [6, 10, 25])
def test_the_interval_of_a_median_covers_at_the_level_that_it_says(random, n):
    found = [statistics.median_interval(random.exponential(size=n)) for _ in range(TIMES)]
    assert found[0].level >= 0.95
    assert agrees(sum(one.low <= np.log(2) <= one.high for one in found), found[0].level)


@pytest.mark.parametrize("n", [6, 20, 40])
def test_the_interval_of_a_median_covers_where_runs_tie_and_has_a_width(random, n):
    """Accuracies on forty images, two thirds of them one value; a bootstrap was without a width or not a number."""
    runs = random.choice([37, 38, 39, 40], (TIMES, n), p=[0.1, 0.67, 0.2, 0.03]) / 40
    found = [statistics.median_interval(one) for one in runs if np.ptp(one)]
    assert all(one.low < one.high and one.level >= 0.95 for one in found)
    covered = sum(one.low <= 38 / 40 <= one.high for one in found)
    print(covered / len(found))
    assert covered >= 0.95 * len(found)


def test_planted_variances_of_repeats_and_examples_are_recovered(random):
    found = []
    for _ in range(200):
        repeat, example = 0.5 * random.normal(size=(8, 1)), 0.8 * random.normal(size=60)
        found.append(statistics.components(repeat + example + random.normal(size=(8, 60))))
    for name, planted in (("repeat", 0.25), ("example", 0.64), ("ms_residual", 1.0)):
        estimates = np.array([getattr(one, name) for one in found])
        error = estimates.std(ddof=1) / np.sqrt(len(estimates))
        print(name, estimates.mean(), error)
        assert abs(estimates.mean() - planted) < 3.5 * error < 0.3 * planted


def test_the_planted_spread_beyond_the_test_set_is_recovered(random):
    estimates = np.array([statistics.distribution_variance(mistakes(random, 10, 500, 0.02)) for _ in range(400)])
    floors = np.array([statistics.distribution_variance(mistakes(random, 10, 500)) for _ in range(400)])
    error = estimates.std(ddof=1) / np.sqrt(len(estimates))
    print(estimates.mean(), error, floors.mean())
    assert abs(estimates.mean() - 0.02**2) < 3.5 * error
    assert abs(floors.mean()) < 3.5 * floors.std(ddof=1) / np.sqrt(len(floors))
    assert (floors < 0).any(), "nothing is clipped"


@pytest.mark.parametrize(("repeats", "planted"), [(2, 0.0), (3, 0.01), (10, 0.0), (10, 0.02)])
def test_the_interval_of_the_spread_beyond_the_test_set_covers(random, repeats, planted):
    """Whether repeats differ or not; with two on few images a little more often than it says."""
    found = [statistics.noise(mistakes(random, repeats, 500, planted)) for _ in range(TIMES)]
    ends = [one.distribution_interval() for one in found]
    truth = np.mean([_spread_of(random, planted) for _ in range(20)])
    covered = sum(one.low is not None and one.low <= truth <= one.high for one in ends)
    below = sum(one.low is None for one in ends)
    print(covered / TIMES, below / TIMES)
    assert 0.93 * TIMES <= covered + (below if planted == 0 else 0) <= 0.99 * TIMES


def _spread_of(random, planted):
    """Variance over repeats of the mean of the probabilities of `mistakes`, which are cut off at 0 and 1."""
    if planted == 0:
        return 0.0
    difficulty = np.clip(random.beta(0.5, 2, 500) * 0.8, 0.05, 0.9)
    return np.clip(difficulty + planted * random.normal(size=(2000, 1)), 0, 1).mean(axis=1).var(ddof=1)


SHAPES = {
    "normal": lambda random, n: random.normal(size=n),
    "heavy tails": lambda random, n: random.standard_t(5, n),
    "skewed": lambda random, n: random.gamma(2, size=n),
    "a few images": lambda random, n: np.round(1.2 * random.normal(size=n)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [5, 10, 20])
def test_the_interval_of_a_ratio_of_sds_covers_whatever_the_runs_look_like(random, shape, n):
    """Of sources that are no different from all; the first run is of the same seeds in both."""
    covered = counted = 0
    for _ in range(TIMES // 2):
        one, other = SHAPES[shape](random, (2, n))
        one[0] = other[0]
        interval = statistics.sd_ratio_interval(one, other)
        if interval.low is not None:
            counted += 1
            covered += interval.low <= 1 <= interval.high
    print(covered / counted)
    assert covered >= 0.925 * counted


def test_planted_variances_of_folds_and_repeats_are_recovered(random):
    found = [
        statistics.fold_components(0.6 * random.normal(size=5) + 0.4 * random.normal(size=(4, 5))) for _ in range(400)
    ]
    for name, planted in (("fold", 0.36), ("repeat_in_fold", 0.16)):
        estimates = np.array([getattr(one, name) for one in found])
        error = estimates.std(ddof=1) / np.sqrt(len(estimates))
        print(name, estimates.mean(), error)
        assert abs(estimates.mean() - planted) < 3.5 * error


@pytest.mark.parametrize(("repeats", "least"), [(5, 0.85), (30, 0.92)])
def test_the_interval_over_new_repeats_and_examples_covers_both(random, repeats, least):
    """With few repeats the normal quantile covers a little less; the interval over repeats alone, far less."""
    both = alone = 0
    for _ in range(TIMES):
        d = 0.05 * random.normal(size=(repeats, 1)) + 0.8 * random.normal(size=200) + random.normal(size=(repeats, 200))
        interval = statistics.new_examples_interval(d)
        both += interval.low < 0 < interval.high
        low, high = statistics.mean_interval(d.mean(axis=1).tolist())
        alone += low < 0 < high
    print(repeats, both / TIMES, alone / TIMES)
    assert least * TIMES < both < 0.98 * TIMES
    assert alone < both - 0.05 * TIMES


def test_planned_repeats_resolve_the_margin_four_times_in_five(random):
    n = statistics.repeats_to_resolve(1.0, 0.8)
    resolved = sum(corrected_t(random.normal(0.8, 1, n)).p < 0.05 for _ in range(TIMES))
    power = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, 0.8 * np.sqrt(n))
    assert 0.8 <= power < 0.84
    assert agrees(resolved, power)


def test_steins_rule_covers_whatever_the_pilot_saw(random):
    covered = 0
    for _ in range(TIMES):
        pilot = random.normal(size=5)
        n = statistics.stein_repeats(pilot.std(ddof=1), 5, 0.7)
        covered += abs(np.append(pilot, random.normal(size=n - 5)).mean()) < 0.7
    print(covered / TIMES)
    assert covered > 0.94 * TIMES


@pytest.mark.parametrize("pilot_size", [2, 3, 5, 10])
@pytest.mark.parametrize("true_sd", [0.2, 1.0, 3.0])
def test_steins_interval_covers_at_its_level_whatever_the_true_sd_is(random, pilot_size, true_sd):
    """Half width 1: from pilots that are plenty to hundreds of runs. It holds exactly, also where a cap stops it."""
    covered = capped = wide = 0
    for _ in range(TIMES):
        pilot = random.normal(0, true_sd, pilot_size)
        n = statistics.stein_repeats(pilot.std(ddof=1), pilot_size, 1.0)
        most = min(n, 3 * pilot_size)
        values = np.append(pilot, random.normal(0, true_sd, most - pilot_size))
        interval = statistics.stein_interval(values, pilot_size)
        capped += interval.low < 0 < interval.high
        values = np.append(values, random.normal(0, true_sd, min(n, 20_000) - most))
        interval = statistics.stein_interval(values, pilot_size)
        covered += interval.low < 0 < interval.high
        wide += n <= 20_000 and interval.high - interval.low > 2 + 1e-9
    assert agrees(covered, 0.95)
    assert agrees(capped, 0.95)
    assert wide == 0
