"""Comparisons follow their design: which tests they have, and what a verdict needs."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.stores import VALUES, make_store, report_of

from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.sections.comparison import interval_over
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.summary_table import summary_table


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The runs of VALUES; to be read only."""
    return make_store(tmp_path_factory.mktemp("values"))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_report_shows_every_test_of_a_difference(store):
    report_table = differences_table(job_table(store))
    assert dict(zip(report_table.header, report_table.cells[0], strict=True)) == {
        "minus baseline": "better | *bold* <script>",
        "pairs": "5",
        "mean difference": "+1.80",
        "CI": "[+1.10, +2.50] at 97.5%",
        "SD": "0.45",
        "d_z": "+4.02",
        "p (t)": "< 0.001",
        "p (Holm)": "0.002",
        "verdict": "better",
        "p (sign flips)": "0.062",
        "P(A > B)": "1.00 [0.48, 1.00], not significant",
    }
    assert "by Holm over 2 comparisons" in report_of(store)
    assert "Sign flips: cannot reach 0.05 at this n." in report_of(store)


def test_the_csv_of_differences_has_every_number_asked_for(store):
    first = rows_of(table_csv(differences_table(job_table(store))))[0]
    assert (first["pairs"], first["family"], first["sign_flip_p"], first["p_above"]) == ("5", "2", "0.0625", "1.0")
    assert float(first["p_holm"]) == pytest.approx(2 * float(first["p"]))
    assert float(first["d_z"]) * 5**0.5 == pytest.approx(float(first["t"]))
    assert float(first["p_above_low"]) == pytest.approx(0.025 ** (1 / 5))


def test_a_verdict_needs_to_stand_among_all_comparisons(tmp_path):
    """One alone is resolved at 0.05; among three like it, none is."""
    d = {"a": [0.90, 0.91, 0.92, 0.93, 0.92], "b": [0.91, 0.94, 0.93, 0.96, 0.93]}
    alone = job_table(make_store(tmp_path / "alone", d, repeats=5))
    assert differences_table(alone).compact.cells[0][-2:] == ("0.021", "better")
    table = job_table(make_store(tmp_path / "three", d | {"c": d["b"], "d": d["b"]}, repeats=5))
    assert differences_table(table).compact.cells[0][-2:] == ("0.064", "not resolved among 3 comparisons")
    assert table.rows[1].difference.resolved, "its interval leaves out zero"


def test_alpha_sets_the_level_of_intervals_and_of_verdicts(store):
    table = job_table(store, alpha=0.0005)
    report_table = differences_table(table).compact
    assert report_table.header[3] == "99.95% CI"
    assert report_table.cells[0][-1] == "not resolved"
    assert float(rows_of(table_csv(differences_table(table)))[0]["level"]) == pytest.approx(0.9995)


def frozen_folds(tmp_path, values):
    """A store of five folds that every repeat has alike."""
    store = make_store(tmp_path, values, folds=5, repeats=2)
    store.write_job(replace(store.job, vary=("init", "order")))
    return store


def test_repeats_of_the_same_folds_are_averaged_before_folds_are_compared(tmp_path):
    a, b = [0.90, 0.91, 0.92, 0.93, 0.94], [0.91, 0.93, 0.93, 0.95, 0.96]
    twice = {"a": a + [value + 0.01 for value in a], "b": b + [value + 0.01 for value in b]}
    once = job_table(make_store(tmp_path / "once", {"a": a, "b": b}, folds=5, repeats=1)).rows[1].difference
    averaged = job_table(frozen_folds(tmp_path / "same", twice))
    drawn_anew = job_table(make_store(tmp_path / "anew", twice, folds=5, repeats=2)).rows[1].difference
    assert averaged.rows[1].difference.n == once.n == 5
    assert averaged.rows[1].difference.t.p == pytest.approx(once.t.p)
    assert drawn_anew.n == 10
    assert summary_table(averaged).compact.cells[0][1] == "10/10, 5 folds"


def test_folds_have_no_tests_that_need_independent_pairs(tmp_path):
    table = job_table(make_store(tmp_path, VALUES, folds=5, repeats=1))
    cells = differences_table(table).cells[0]
    assert cells[-2:] == ("-", "1.00")
    why = "runs share training rows"
    report = report_of(make_store(tmp_path / "again", VALUES, folds=5, repeats=1))
    assert f"Sign flips: {why}. P(A \\> B) without an interval: {why}." in report
    assert summary_table(table).cells[0][5] == "-", "no interval of the SD"


def test_the_numbers_of_a_variant_that_diverged_are_of_the_runs_that_completed(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6]}, repeats=3)
    which = {"trial_id": "t0-2", "condition_id": "c0", "job": "job", "variant": "a", "repeat": 2, "fold": 0}
    store.commit(which | {"status": "diverged"}, {}, None)
    note = (
        "a: 1 of its runs diverged (their loss is not finite) and has no test accuracy; its numbers describe only the "
    )
    assert note + "runs that completed" in job_table(store).notes
    report = report_of(store)
    assert "the weights of the final epoch, of the runs that completed." in report
    assert "SD over 2 runs 7.07 points; left out because they diverged: 1 of 3 runs of a." in report


def test_a_median_has_an_interval_from_six_runs_with_the_level_that_it_reaches(tmp_path):
    values = [0.91, 0.95, 0.93, 0.94, 0.92, 0.96]
    tables = [summary_table(job_table(make_store(tmp_path / str(n), {"a": values[:n]}, repeats=n))) for n in (5, 6)]
    few, enough = (rows_of(table_csv(one))[0] for one in tables)
    assert (few["median_ci_low"], few["median_level"]) == ("", "")
    assert few["median_why"] == "fewer than 6 runs: no interval of the median at 0.95"
    assert (enough["median_ci_low"], enough["median_ci_high"], enough["median_level"]) == ("0.91", "0.96", "0.96875")
    assert [one.cells[0][one.header.index("95% CI of the median")] for one in tables] == ["-", "[91.00, 96.00] (96.8%)"]


@pytest.mark.parametrize("folds", [5, None])
def test_runs_of_whole_groups_are_corrected_by_the_rows_that_they_had(tmp_path, folds):
    """Folds of uneven size: the mean of validation rows over training rows, not 1 / (k - 1); a hold-out alike."""
    store = make_store(tmp_path, folds=folds, validation=None if folds else 0.2, train_rows=60, validation_rows=40)
    asked = job_table(store, "val_accuracy").design.overlap
    assert asked == pytest.approx(1 / 4)
    job = store.kept_job()
    store.write_job(replace(job, protocol=replace(job.protocol, groups=True)))
    table = job_table(store, "val_accuracy")
    assert table.design.overlap == pytest.approx(40 / 60)
    assert "at the mean ratio of validation to training rows" in interval_over(table)
    half = stats.t.ppf(0.975, 4) * np.std(VALUES["baseline"], ddof=1) * (1 / 5 + 2 / 3) ** 0.5
    assert table.rows[0].summary.high - table.rows[0].summary.mean == pytest.approx(half)
