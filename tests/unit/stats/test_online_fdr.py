"""Levels of a stream of tests: published answers, and what share of what is accepted is chance."""

import numpy as np
import pytest

from cnnjobs.stats.online_fdr import long_memory, lord_level, lord_levels, short_memory
from cnnjobs.stats.sequential import bound_of_x, look_at

DOCUMENTED = [2.90e-08, 0.06743, 0.01514, 0.08174, 0.00171, 3.60e-05, 0.79149, 0.27201, 0.28295, 7.59e-08, 0.69274,
              0.30443, 0.00136, 0.72342, 0.54757]  # fmt: skip
"""The p-values of the examples in the manual of the R package onlineFDR 2.5, in the order of its `random=FALSE`."""


def test_lord_gives_the_levels_of_the_manual_of_onlinefdr():
    found = lord_levels(DOCUMENTED, wealth=0.005, gamma=long_memory)
    levels = [0.0002675839, 0.0024664457, 0.0005732818, 0.0004872805, 0.0004059066, 0.0003447286, 0.0029745013,
              0.0008450114, 0.0007305648, 0.0006243143, 0.0032185913, 0.0010617227, 0.0009256825, 0.0008019657,
              0.0007059610]  # fmt: skip
    assert found == pytest.approx(levels, rel=1e-6)


def test_both_sequences_fall_and_sum_to_one_at_most():
    """The first 200 tests get 97% of the wealth by one, 24% by the other: streams of people are short."""
    j = np.arange(1, 1_000_000)
    for gamma, first in ((long_memory, 0.24), (short_memory, 0.97)):
        values = gamma(j)
        assert (np.diff(values) < 0).all()
        assert values.sum() < 1
        assert values[:200].sum() == pytest.approx(first, abs=0.01)


def test_levels_never_spend_more_than_the_rate_allows():
    """LORD++ keeps the sum of levels at most alpha x (acceptances, at least 1): that bounds the rate."""
    rng = np.random.default_rng(0)
    for p in rng.random((20, 300)) ** rng.integers(1, 8, size=(20, 1)):
        levels = lord_levels(p)
        accepted = np.cumsum(p <= levels)
        assert (np.cumsum(levels) <= 0.05 * np.maximum(accepted, 1) + 1e-12).all()


def test_an_acceptance_counts_from_when_it_is_known():
    late, early = lord_level(4, accepted=[3]), lord_level(4, accepted=[1])
    assert lord_level(4) < early < late  # it had to wait, and is new
    assert lord_level(3, accepted=[2, 1]) == lord_level(3, accepted=[1, 2])  # the first of them, whichever that was
    assert lord_level(3, accepted=[2, 2]) == pytest.approx(lord_level(3, accepted=[2]) + 0.05 * float(short_memory(1)))


def stream(rng, proposals=200, real=0.1, effect=1.0, most=60, shared=False):
    """Return for each proposal of a stream whether it is real, and whether the rule called it better.

    Differences are in their own SD; `shared`: all candidates are compared with the same runs of one reference.
    """
    truth = rng.random(proposals) < real
    reference = rng.standard_normal(most)
    accepted = []
    found = np.zeros(proposals, dtype=bool)
    for number in range(1, proposals + 1):
        own = rng.standard_normal(most)
        other = reference if shared else rng.standard_normal(most)
        differences = (own - other) / 2**0.5 + effect * truth[number - 1]
        looks = look_at(differences)
        crossed = looks.x_now <= bound_of_x(lord_level(number, accepted))
        first = int(crossed.argmax())
        found[number - 1] = crossed[first] and looks.mean[first] > 0
        if found[number - 1]:
            accepted.append(number)
    return truth, found


@pytest.mark.parametrize("shared", [False, True], ids=["own reference", "shared reference"])
def test_of_accepted_changes_at_most_five_percent_are_chance(shared):
    """200 proposals, 10% real, by the rule's own p-values; measured in 400 streams: 1.6%, power 0.93."""
    rng = np.random.default_rng(5)
    rates, powers = [], []
    for _ in range(25):
        truth, found = stream(rng, shared=shared)
        rates.append((found & ~truth).sum() / max(found.sum(), 1))
        powers.append(found[truth].mean())
    error = np.std(rates, ddof=1) / len(rates) ** 0.5
    assert np.mean(rates) <= 0.05 + 2 * error
    assert np.mean(powers) > 0.8


def test_a_fixed_level_would_not_do():
    """With each proposal tested at 5%, far more of what is accepted is chance."""
    rng = np.random.default_rng(6)
    truth = rng.random(4000) < 0.1
    looks = look_at(rng.standard_normal((4000, 60)) + truth[:, None])
    crossed = looks.x_now <= bound_of_x(0.05)
    first = crossed.argmax(axis=1)
    found = crossed.any(axis=1) & (looks.mean[np.arange(4000), first] > 0)
    assert (found & ~truth).sum() / found.sum() > 0.1


def test_uniform_p_values_of_a_stream_without_anything_real():
    """Where nothing is real, any acceptance is chance: some in at most 5% of streams, here of exact p-values."""
    rng = np.random.default_rng(7)
    p = rng.random((600, 100))
    some = np.mean([(one <= lord_levels(one)).any() for one in p])
    assert 0.01 < some <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
