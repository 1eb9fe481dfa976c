"""The numbers of docs/statistics.md are those of its simulations and of measured runs; its figures can be drawn."""

import re
import sys

import numpy as np
import pytest
from support.documentation import DOCS

from cnnjobs.stats import mean_interval, sign_flip, superiority

PAGE = (DOCS / "statistics.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())


@pytest.fixture(scope="module")
def modules():
    """The simulations and the figures, as the script imports them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_site"))
        import figures
        import simulations

        yield simulations, figures
    for name in ("figures", "simulations"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def simulations(modules):
    return modules[0]


@pytest.fixture(scope="module")
def figures(modules):
    return modules[1]


def numbers(pattern):
    """Return the numbers that the page has in these words."""
    return [float(one) for one in re.search(pattern, WORDS).groups()]


def test_looks(simulations):
    share = simulations.false_by_looks()
    assert numbers(r"raises a false alarm in (\d+)% of jobs with one comparison") == [round(100 * share[20])]
    assert share[5] == pytest.approx(0.05, abs=0.005)


def test_several_variants(simulations):
    plain, adjusted = simulations.false_by_variants()
    assert numbers(r"(\d+)% of jobs would call one of them better or worse") == [round(100 * plain[-1])]
    assert adjusted.max() < 0.053


def test_folds(simulations):
    plain, corrected = simulations.false_by_folds()
    said = numbers(r"a plain t test raises a false alarm in (\d+)% of jobs.* brings it back to (\d+)%")
    assert said == [round(100 * plain), round(100 * corrected)]


def test_pairs(simulations, figures):
    found = [simulations.paired_and_not(correlation) for correlation in (0.8, 0.5)]
    said = [*numbers(r"finds it in (\d+)% of jobs if the correlation of the pairs is 0.8, and in (\d+)% if it is 0.5")]
    said += numbers(r"Without pairing, the test finds it in about (\d+)%")
    assert said[:2] == [round(100 * paired) for paired, _ in found]
    assert said[2] == pytest.approx(100 * np.mean([apart for _, apart in found]), abs=1)
    runs = figures.measured()
    correlation = np.corrcoef(runs["baseline"], runs["augmentation"])[0, 1]
    assert numbers(r"the correlation is (0\.\d+)\.") == [round(correlation, 2)]


def test_the_measured_runs(figures):
    runs = figures.measured()["baseline"]
    assert numbers(r"Their mean is (\S+)%, and their SD is (\S+) points") == [
        round(runs.mean(), 2),
        round(runs.std(ddof=1), 2),
    ]


def test_intervals_and_five_pairs(simulations):
    mean, low, high = simulations.intervals_of_five()
    one = np.random.default_rng(1).normal(simulations.TRUE_MEAN, simulations.TRUE_SD, (mean.size, 5))[0]
    assert (low[0], high[0]) == pytest.approx(mean_interval(one))
    assert ((low > simulations.TRUE_MEAN) | (high < simulations.TRUE_MEAN)).sum() == 1  # as the page says
    flipped = sign_flip([1, 2, 3, 4, 5], np.random.default_rng(0)).p
    assert numbers(r"p cannot be smaller than 2 / 32 = (0\.\d+)\.") == [flipped] == simulations.one_sign([5])
    least = superiority([1, 1, 1, 1, 1], np.random.default_rng(0)).interval.low
    assert numbers(r"could still be as low as (0\.\d+)\.") == [round(least, 2)]


def test_every_figure_is_on_the_page_and_can_be_drawn(figures, tmp_path):
    shown = set(re.findall(r"images/(statistics-\w+\.svg)", PAGE))
    figures.main(tmp_path)
    assert (
        {file.name for file in tmp_path.iterdir()} == shown == {f.name for f in (DOCS / "images").glob("statistics-*")}
    )
