"""Main effects and interactions of a full factorial: planted ones are found, and a mixed model agrees."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import mixedlm

from cnnjobs.stats import contrast_sides, contrasts, paired_difference

SIZES = (2, 3)
MAIN = {(0, 1): 0.03, (1, 1): 0.01, (1, 2): -0.02}
BOTH = {(1, 1): 0.0, (1, 2): 0.05}
"""Planted: at level 0 of the other factor."""


def truth(cell):
    a, b = cell
    return 0.8 + MAIN.get((0, a), 0) + MAIN.get((1, b), 0) + (BOTH[a, b] if a and b else 0)


def made_up(rng, repeats, shared=0.02, own=0.01):
    """Runs with known effects, whose repeats have something in common: cell -> (repeat, 0) -> value."""
    common = rng.normal(0, shared, repeats)
    return {
        cell: {(repeat, 0): truth(cell) + common[repeat] + rng.normal(0, own) for repeat in range(repeats)}
        for cell in product(*map(range, SIZES))
    }


def expected():
    """The effects that were planted: averaged over the levels of the other factor, and as differences of these."""
    found = []
    for contrast in contrasts(SIZES):
        plus, minus = (np.mean([truth(cell) for cell in cells]) for cells in (contrast.plus, contrast.minus))
        found.append(contrast.scale * (plus - minus))
    return found


def effects(values):
    return [paired_difference(*contrast_sides(contrast, values)[:2]) for contrast in contrasts(SIZES)]


def test_effects_have_the_order_and_size_of_what_was_planted():
    exact = {cell: {(repeat, 0): truth(cell) + repeat for repeat in range(3)} for cell in product(*map(range, SIZES))}
    averaged = [0.03 + 0.05 / 3, 0.01, -0.02 + 0.05 / 2]
    assert expected() == pytest.approx([*averaged, 0.0, 0.05])
    assert [one.mean for one in effects(exact)] == pytest.approx(expected())


def per_repeat(runs):
    """Return each effect of each simulation and repeat, (effects, simulations, repeats), from (cells, ...) values."""
    place = {cell: number for number, cell in enumerate(product(*map(range, SIZES)))}

    def mean(cells):
        return runs[[place[cell] for cell in cells]].mean(axis=0)

    return np.stack([one.scale * (mean(one.plus) - mean(one.minus)) for one in contrasts(SIZES)])


def test_intervals_hold_what_was_planted_as_often_as_they_say_and_false_alarms_are_as_rare():
    """Many studies at once; that each is computed so is checked for the first."""
    rng, studies, repeats = np.random.default_rng(0), 4000, 5
    planted = np.array([truth(cell) for cell in product(*map(range, SIZES))])[:, None, None]
    runs = planted + rng.normal(0, 0.02, (studies, repeats)) + rng.normal(0, 0.01, (len(planted), studies, repeats))
    found = per_repeat(runs)
    means, errors = found.mean(axis=2), found.std(axis=2, ddof=1) / np.sqrt(repeats)
    far = abs(means - np.array(expected())[:, None]) / errors
    assert np.mean(far <= stats.t.ppf(0.975, repeats - 1), axis=1) == pytest.approx(0.95, abs=0.012), "of each effect"
    smallest = 2 * stats.t.sf(far.max(axis=0), repeats - 1)
    assert np.mean(smallest * len(found) < 0.05) < 0.05 + 0.012, "over all effects, of which none is there"
    first = {cell: dict(enumerate(runs[place, 0])) for place, cell in enumerate(product(*map(range, SIZES)))}
    half = stats.t.ppf(0.975, repeats - 1) * errors[:, 0]
    assert [one.low for one in effects(first)] == pytest.approx(list(means[:, 0] - half))
    assert [one.high for one in effects(first)] == pytest.approx(list(means[:, 0] + half))


def test_what_repeats_have_in_common_falls_out():
    close, far = (made_up(np.random.default_rng(1), 5, shared=shared) for shared in (0.0, 10.0))
    assert [one.sd for one in effects(far)] == pytest.approx([one.sd for one in effects(close)], rel=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_mixed_model_with_a_random_repeat_has_the_same_effects_and_like_errors():
    """Statsmodels pools the variance over effects, so that its errors are the same only on average."""
    values = made_up(np.random.default_rng(2), repeats=40)
    rows = [
        {"a": a, "b": b, "repeat": repeat, "y": value}
        for (a, b), runs in values.items()
        for (repeat, _), value in runs.items()
    ]
    fitted = mixedlm("y ~ C(a) * C(b)", pd.DataFrame(rows), groups="repeat").fit(reml=True)
    fixed, names = fitted.fe_params, list(fitted.fe_params.index)

    def weight(cell):
        a, b = cell
        on = {"Intercept", f"C(a)[T.{a}]", f"C(b)[T.{b}]", f"C(a)[T.{a}]:C(b)[T.{b}]"}
        return np.array([name in on for name in names], float)

    for contrast, ours in zip(contrasts(SIZES), effects(values), strict=True):
        plus, minus = (np.mean([weight(cell) for cell in cells], axis=0) for cells in (contrast.plus, contrast.minus))
        theirs = contrast.scale * (plus - minus)
        assert ours.mean == pytest.approx(float(theirs @ fixed), abs=1e-8)
        error = float(np.sqrt(theirs @ fitted.cov_params().iloc[: len(names), : len(names)] @ theirs))
        assert ours.sd / np.sqrt(40) == pytest.approx(error, rel=0.35)


def test_a_repeat_counts_where_all_combinations_that_an_effect_needs_have_it():
    values = made_up(np.random.default_rng(3), repeats=5)
    del values[1, 2][3, 0]
    left_out = {tuple(one.levels.items()): contrast_sides(one, values)[2] for one in contrasts(SIZES)}
    assert left_out == {((0, 1),): 5, ((1, 1),): 0, ((1, 2),): 3, ((0, 1), (1, 1)): 0, ((0, 1), (1, 2)): 3}
    values[1, 2] = {}
    assert contrast_sides(next(iter(contrasts(SIZES))), values)[:2] == ({}, {})


def test_three_factors_have_three_pairs():
    found = list(contrasts((2, 2, 3)))
    assert [len(one.levels) for one in found] == [1] * 4 + [2] * (1 + 2 + 2)
    assert all(len(one.plus) == len(one.minus) for one in found)
    assert len(found[0].cells) == 12
    assert len(found[-1].cells) == 8, "averaged over the third factor"
