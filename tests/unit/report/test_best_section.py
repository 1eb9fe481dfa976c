"""The probability of being best, where it is asked for: in the report, on the terminal, as a frame; and when not."""

from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner
from support.decided import A, B, decided_store
from support.stores import make_store, stored_job

from cnnjobs import statistics
from cnnjobs.cli import main
from cnnjobs.comparison.best import best_of
from cnnjobs.comparison.table import job_table
from cnnjobs.report.frames import compare
from cnnjobs.report.sections.best import BEST_COLUMNS
from cnnjobs.store.results import Results

RANDOM = np.random.default_rng(8)
THREE = {name: np.round(0.9 + 0.01 * n + RANDOM.normal(0, 0.01, 7), 4).tolist() for n, name in enumerate("abc")}


def frame_of(store, **asked):
    return compare(Results((store,)), **asked).best.set_index("variant")


def test_the_frame_has_the_probabilities_of_the_shared_runs(tmp_path):
    found = frame_of(make_store(tmp_path, THREE, repeats=7))
    values = np.array(list(THREE.values())).T
    expected = statistics.best_chances(values, np.random.default_rng(0), margin=0.002)
    assert found.loc[list("abc"), "p_best"].tolist() == [one.best for one in expected]
    assert found.loc[list("abc"), "p_near"].tolist() == [one.near for one in expected]
    assert found.loc[list("abc"), "p_clearly"].tolist() == [one.clearly for one in expected]
    assert found.index[0] == "c", "the most probable first"
    assert set(found["pairs"]) == {7} and set(found["margin"]) == {0.002} and set(found["why"]) == {""}
    assert "verdict" not in found


def test_of_a_loss_the_lowest_is_best(tmp_path):
    store = make_store(tmp_path, THREE, repeats=7)
    by_loss, by_accuracy = frame_of(store, metric="test_loss", margin=0.002), frame_of(store)
    assert by_loss.index[0] == "c"
    assert by_loss["p_best"].tolist() == pytest.approx(by_accuracy.loc[by_loss.index, "p_best"].tolist())


def test_folds_have_the_correction(tmp_path):
    values = {name: runs[:5] for name, runs in THREE.items()}
    found = frame_of(make_store(tmp_path, values, folds=5, repeats=1, validation=None), margin=0.2)
    expected = statistics.best_chances(
        np.array(list(values.values())).T, np.random.default_rng(0), overlap=1 / 4, margin=0.002
    )
    assert found.loc[list("abc"), "p_best"].tolist() == [one.best for one in expected]


def test_repeats_of_the_same_folds_are_averaged(tmp_path):
    values = {name: [*runs, 0.9, 0.91, 0.92] for name, runs in THREE.items()}
    store = make_store(tmp_path, values, folds=5, repeats=2, validation=None)
    store.write_job(stored_job("job", store.kept_job().conditions, validation=None, folds=5, repeats=2, vary=("init",)))
    found = frame_of(store)
    means = np.array(list(values.values())).reshape(3, 2, 5).mean(axis=1).T
    expected = statistics.best_chances(means, np.random.default_rng(0), overlap=1 / 4, margin=0.002)
    assert found.loc[list("abc"), "p_best"].tolist() == pytest.approx([one.best for one in expected], abs=1e-4)
    assert set(found["pairs"]) == {5}


def test_runs_that_not_all_variants_have_are_left_out_and_counted(tmp_path):
    store = make_store(tmp_path, THREE | {"b": THREE["b"][:5], "d": []}, repeats=7)
    found = best_of(job_table(store))
    assert (found.rows, found.runs_left_out) == (5, 4)
    assert found.left_out == {"d": "no run with a result"}
    text = terminal(store)
    assert "Not among the variants that can be best: d" in text
    assert "Only repeats that all 3 variants have are used; 4 further runs are left out" in text


def test_equal_variants_share_the_probability(tmp_path):
    found = frame_of(make_store(tmp_path, THREE | {"d": THREE["c"]}, repeats=7))
    assert found.loc["c", "p_best"] == found.loc["d", "p_best"] < 0.5
    assert found.loc[["c", "d"], "p_clearly"].tolist() == [0, 0]


def rows(n, **more):
    return {name: runs[:n] for name, runs in THREE.items()} | more


@pytest.mark.parametrize(
    ("values", "options", "why"),
    [
        (rows(4), {}, "it needs five repeats that all 3 variants have, and there are 4"),
        (rows(7, b=THREE["b"][:2]), {}, "that all 3 variants have, and there are 2 (b has the fewest runs)"),
        (rows(7, d=[one + 0.01 for one in THREE["a"]]), {}, "d and a: all pairs differ alike: cannot tell"),
        ({"a": THREE["a"], "b": []}, {}, "fewer than two variants have a run with a result"),
        ({"a": [], "b": []}, {}, "fewer than two variants have a run with a result"),
        (rows(4), {"folds": 4, "validation": None}, "it needs five folds that all 3 variants have, and there are 4"),
    ],
)
def test_where_there_is_too_little_there_is_none_and_it_says_why(tmp_path, values, options, why):
    store = make_store(tmp_path, values, repeats=1 if "folds" in options else 7, **options)
    found = frame_of(store)
    assert found["p_best"].isna().all()
    assert why in found["why"].iloc[0] or why in best_of(job_table(store)).why
    said = terminal(store)
    assert f"note: No probability of being best: {best_of(job_table(store)).why}" in said


def test_repeats_with_the_same_seeds_have_none(tmp_path):
    store = make_store(tmp_path, THREE, repeats=7)
    store.write_job(stored_job("job", store.kept_job().conditions, repeats=7, vary=()))
    assert best_of(job_table(store)).why == "every repeat has the same seeds"


def test_where_repeats_ended_by_a_rule_there_is_none(tmp_path):
    store = decided_store(tmp_path, {"fast": A, "large": B})
    found = frame_of(store)
    assert list(found.columns) == ["job", "metric", *BEST_COLUMNS[1:]]
    assert found["p_best"].isna().all()
    assert "No probability of being best: the repeats ended by a rule that looks at results" in terminal(store)


def terminal(store, *options):
    """What a person sees who asks for it."""
    found = CliRunner().invoke(
        main, ["aggregate", store.files.location, "--best", "--no-predictions", *options], catch_exceptions=False
    )
    assert found.exit_code == 0
    return found.output


def test_a_person_sees_it_where_it_is_asked_for_and_nowhere_else(tmp_path):
    store = make_store(tmp_path, THREE, repeats=7)
    said = terminal(store)
    assert "Test accuracy: the probability that the mean of a variant is the best" in said
    report = tmp_path / "job" / "report"
    section = (report / "report.md").read_text().split("## Probability of being best")[1].split("\n## ")[0]
    assert "P(within 0.20)" in section and "P(ahead by 0.20)" in section
    assert "It is no test and no verdict" in section
    assert (report / "tables" / "best.csv").exists()
    compare(Results((store,))).report(predictions=False)
    assert "Probability of being best" not in (report / "report.md").read_text()
    assert not (report / "tables" / "best.csv").exists()
    compare(Results((store,))).report(predictions=False, best=True)
    assert "Probability of being best" in (report / "report.md").read_text()


def test_two_variants_have_the_correlated_t_test_by_name(tmp_path):
    store = make_store(tmp_path, {name: THREE[name] for name in "ab"}, repeats=7)
    terminal(store)
    text = (tmp_path / "job" / "report" / "report.md").read_text()
    assert "The posterior is that of the Bayesian correlated t test (Benavoli" in text
    found = frame_of(store)
    assert sum(found["p_best"]) == pytest.approx(1)
    assert all(one + other <= 1 for one, other in combinations(found["p_clearly"], 2))
