"""The report says what test-time augmentation adds, beside plain prediction."""

from dataclasses import replace

import numpy as np
import pytest
from support.stores import make_store, report_of

from cnnjobs.comparison.table import NO_VIEWS, job_table
from cnnjobs.report.sections.augmented import augmented_section
from cnnjobs.report.sections.comparison import interval_over

OWN = {"kind": "OwnViews", "function": "shifted", "source_sha256": "0", "options": {"pixels": 1}}


def store_with(tmp_path, gains, folds=None):
    """Three variants of five runs: without, with "flip", and with views of the user's, which gain so much."""
    plain = {"plain": [0.90, 0.91, 0.92, 0.93, 0.94], "flip": [0.91, 0.91, 0.93, 0.93, 0.95], "own": [0.8] * 5}
    store = make_store(tmp_path, plain, folds=folds, repeats=1 if folds else 5)
    job = store.kept_job()
    views = {"plain": {}, "flip": {"tta": "flip"}, "own": {"tta": OWN}}
    store.write_job(
        replace(job, variants={name: replace(one, settings=views[name]) for name, one in job.variants.items()})
    )
    for row in store.read("trials").table.to_pylist():
        gain = gains.get(row["variant"])
        if gain is not None:
            value = row["test_accuracy"] + gain[row["fold" if folds else "repeat"]]
            store.commit(row | {"tta_accuracy": value, "tta_loss": 0.1}, {}, None)
    return store


GAINS = {"flip": [0.01, 0.02, 0.01, 0.02, 0.015], "own": [-0.01] * 5}


def test_a_variant_is_shown_with_both_and_the_difference_of_each_run(tmp_path):
    store = store_with(tmp_path, GAINS)
    section = augmented_section(store, job_table(store))
    table = section.elements[0]
    assert [row["variant"] for row in table.rows] == ["flip", "own"]
    flip, own = table.rows
    assert flip["n"] == 5
    assert (flip["plain"], flip["augmented"]) == pytest.approx((0.926, 0.941))
    assert flip["difference"] == pytest.approx(0.015)
    spread = np.std(GAINS["flip"], ddof=1) / np.sqrt(5) * 2.776445
    assert (flip["low"], flip["high"]) == pytest.approx((0.015 - spread, 0.015 + spread), rel=1e-5)
    assert table.cells[0] == ("flip", "flip", "5", "92.60", "94.10", "+1.50", "[+0.88, +2.12]")
    assert own["views"] == "shifted(pixels=1)"
    assert own["low"] is None, "all the same"
    assert "`cnnjobs aggregate --metric tta_accuracy`" in section.elements[1].text


def test_a_job_without_has_no_section(tmp_path):
    store = make_store(tmp_path)
    assert augmented_section(store, job_table(store)) is None
    assert "Test-time" not in report_of(store)


def test_a_job_whose_runs_are_not_over_has_none_yet(tmp_path):
    store = store_with(tmp_path, {})
    assert augmented_section(store, job_table(store)) is None


def test_variants_are_compared_on_it_and_one_without_is_said_to_have_none(tmp_path):
    table = job_table(store_with(tmp_path, GAINS), "tta_accuracy", reference="flip")
    values = {row.name: list(row.values.values()) for row in table.rows}
    assert values["plain"] == []
    assert values["flip"] == pytest.approx([0.92, 0.93, 0.94, 0.95, 0.965])
    assert f"plain: test-time augmented accuracy is not known for all its runs: {NO_VIEWS}" in table.notes
    assert interval_over(table) == "new repeats on these same test images"
    assert table.comparisons["own"].difference.mean == pytest.approx(-0.151)


def test_it_is_of_the_metric_that_is_compared(tmp_path):
    store = store_with(tmp_path, GAINS)
    table = augmented_section(store, job_table(store, "loss")).elements[0]
    assert table.title == "test loss (cross-entropy): plain, and with test-time augmentation"
    assert [row["metric"] for row in table.rows] == ["loss", "loss"]


def test_folds_have_it_of_the_test_set(tmp_path):
    store = store_with(tmp_path, GAINS, folds=5)
    row = augmented_section(store, job_table(store)).elements[0].rows[0]
    plain = np.std(GAINS["flip"], ddof=1) / np.sqrt(5) * 2.776445
    assert row["difference"] == pytest.approx(0.015)
    assert row["high"] - row["difference"] > 1.4 * plain, "corrected for the training rows that folds share"
