"""The report says what the test set adds to spreads and differences, how repeats agree, and which images are hard."""

import numpy as np
import pytest
from support.stores import made_up_store, make_store, predictions, write_report

from cnnjobs import statistics
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.messages import Predictions
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.model import Document, Text
from cnnjobs.report.sections.predictions import predictions_section


class Read:
    """The section, its tables by name and its words."""

    def __init__(self, store, **asked):
        table = job_table(store, **asked)
        section = predictions_section(table, read_predictions(store, table, lambda *_: None))
        self.document = Document("", [section])
        self.tables = {report_table.name: report_table for report_table in self.document.tables}
        self.notes = [one.text for one in self.document.elements if isinstance(one, Text) and one.kind == "note"]
        self.text = "\n".join(one.text for one in self.document.elements if isinstance(one, Text))

    def cells(self, name, variant):
        return next(cells for cells in self.tables[name].cells if cells[0] == variant)

    def row(self, name, variant):
        return next(row for row in self.tables[name].rows if row["variant"] == variant)


def of_three_classes(right):
    """Predictions of forty images of class 0, some right and the others taken for class 1."""
    return Predictions(np.zeros(40, np.int32), np.stack([right, ~right, np.zeros(40, bool)], axis=1).astype(np.float32))


def shifted(run):
    """Ten of forty right in every run, and one more in the odd ones: accuracy 25% or 27.5%."""
    return of_three_classes(np.arange(40) < 10 + run % 2)


def two_variants(root, runs=6, own=shifted):
    """A store whose reference is a middling network, and whose other variant predicts as `own` says."""
    store = made_up_store(root, runs=runs)
    for run in range(runs):
        which = {"trial_id": f"t1-{run}", "condition_id": "job-1", "job": "job", "variant": "b"}
        done = {"repeat": run, "fold": 0, "status": "completed", "test_accuracy": 0.5}
        store.commit(which | done, {}, own(run))
    return store


def same_labels(run):
    """Predictions of the labels of `stored.predictions`, with other mistakes."""
    return predictions(100 + run)


def arrays(store, variant, runs=6):
    """Labels (n,), predicted classes (runs, n) and probabilities (runs, n, classes), as stored."""
    table = store.read("predictions", [f"t{variant}-{run}" for run in range(runs)]).table.to_pandas()
    own = [rows for _, rows in table.groupby("repeat")]
    probabilities = np.stack([np.stack(rows.probabilities.to_list()) for rows in own])
    return own[0].label.to_numpy(), np.stack([rows.predicted for rows in own]), probabilities


def test_the_spread_is_taken_apart_as_the_statistics_say(tmp_path):
    store = made_up_store(tmp_path, runs=6)
    read = Read(store)
    labels, predicted, _ = arrays(store, 0)
    found, row = statistics.noise(predicted != labels), read.row("noise", "a")
    assert row["observed_variance"] == pytest.approx(found.observed, abs=1e-12)
    assert row["floor_variance"] == pytest.approx(found.floor, abs=1e-12)
    assert row["distribution_variance"] == pytest.approx(found.distribution, abs=1e-12)
    assert (row["q"], row["p"]) == pytest.approx((found.q.statistic, found.q.p), abs=1e-12)
    shown = read.cells("noise", "a")
    assert shown[1:5] == ("6", "40", f"{100 * found.observed**0.5:.2f}", f"{100 * found.floor**0.5:.2f}")
    assert shown[5].startswith("not resolved") == (found.distribution < 0)


def test_both_intervals_of_a_difference_are_those_of_the_whole_arrays(tmp_path):
    store = two_variants(tmp_path, own=same_labels)
    (labels, own, _), (_, reference, _) = arrays(store, 1), arrays(store, 0)
    d = (own == labels).astype(int) - (reference == labels)
    row = Read(store, alpha=0.1).row("new_examples", "b")
    repeats = statistics.mean_interval(d.mean(axis=1).tolist(), confidence=0.9)
    both = statistics.new_examples_interval(d, 0.9)
    assert row["pairs"] == 6
    assert row["mean"] == pytest.approx(d.mean(), abs=1e-12)
    assert (row["repeats_low"], row["repeats_high"]) == pytest.approx(repeats, abs=1e-12)
    assert (row["both_low"], row["both_high"]) == pytest.approx((both.low, both.high), abs=1e-12)


@pytest.mark.parametrize(("runs", "narrower"), [(6, True), (40, False)])
def test_of_two_intervals_people_read_the_wider(tmp_path, runs, narrower):
    """The one over new images as well covers too little where it comes out narrower."""
    read = Read(two_variants(tmp_path, runs, own=same_labels))
    row, cells = read.row("new_examples", "b"), read.cells("new_examples", "b")
    both = interval_cell(metric_format("test_accuracy"), row["both_low"], row["both_high"], signed=True)
    assert (row["both_high"] - row["both_low"] < row["repeats_high"] - row["repeats_low"]) == narrower
    assert cells[-1] == (f"{cells[-2]} (as over repeats)" if narrower else both)


def all_but(*wrong):
    """Predictions of forty images of class 0, wrong on these."""
    return of_three_classes(~np.isin(np.arange(40), wrong))


def against(root, reference):
    """A store of five repeats whose reference predicts as `reference` says of the run, and whose variant never errs."""
    store = two_variants(root, 5, own=lambda run: all_but())
    for run in range(5):
        which = {"trial_id": f"t0-{run}", "condition_id": "job-0", "job": "job", "variant": "a"}
        store.commit(which | {"repeat": run, "fold": 0, "status": "completed"}, {}, reference(run))
    return store


def test_pairs_that_all_differ_by_the_same_image_have_an_interval_over_new_images_only(tmp_path):
    """Five repeats in which only the reference errs, on one image: mean 1/40, and v = 1/1600 from images alone."""
    store = against(tmp_path, lambda run: all_but(7))
    row, cells = Read(store).row("new_examples", "b"), Read(store).cells("new_examples", "b")
    assert (row["mean"], row["repeats_low"], row["repeats_high"]) == (1 / 40, None, None)
    half = 1.959964 / 40
    assert (row["both_low"], row["both_high"]) == pytest.approx((1 / 40 - half, 1 / 40 + half), abs=1e-6)
    assert cells[2:] == ("+2.50", "-", "[-2.40, +7.40] (no spread over repeats)")
    assert "(no spread over repeats)" in (tmp_path / write_report(store).page).read_text()


def test_pairs_that_all_differ_by_one_image_but_another_each_time_say_why_there_is_no_interval(tmp_path):
    cells = Read(against(tmp_path, all_but)).cells("new_examples", "b")
    assert cells[2:] == ("+2.50", "-", "variance not resolved: no interval over new examples")


def test_churn_and_ensembles_are_those_of_the_whole_arrays(tmp_path):
    store = two_variants(tmp_path, own=same_labels)
    read = Read(store)
    (labels, own, probabilities), (_, reference, _) = arrays(store, 1), arrays(store, 0)
    row = read.row("ensembles", "b")
    assert row["churn"] == pytest.approx(statistics.churn(own), abs=1e-12)
    assert row["mean_accuracy"] == pytest.approx((own == labels).mean(), abs=1e-12)
    assert row["ensemble_accuracy"] == statistics.ensemble_accuracy(probabilities, labels)
    assert row["gain"] == pytest.approx(row["ensemble_accuracy"] - row["mean_accuracy"], abs=1e-12)
    assert row["changed_from_reference"] == pytest.approx((own != reference).mean(), abs=1e-12)
    assert read.row("ensembles", "a")["changed_from_reference"] is None
    assert read.cells("ensembles", "b")[1] == "6"


def test_a_single_run_has_neither_churn_nor_ensemble(tmp_path):
    cells = Read(made_up_store(tmp_path, runs=1, variants=("a",))).cells("ensembles", "a")
    assert cells[3:] == ("-", "-", "-")


def test_the_hardest_images_are_those_that_most_runs_get_wrong(tmp_path):
    store = two_variants(tmp_path, own=same_labels)
    rows = Read(store).tables["hardest"].rows
    labels, first, _ = arrays(store, 0)
    predicted = np.concatenate([first, arrays(store, 1)[1]])
    wrong = (predicted != labels).sum(axis=0)
    assert [row["wrong"] for row in rows] == sorted(wrong[wrong > 0].tolist(), reverse=True)[:20]
    for row in rows:
        votes = np.bincount(predicted[:, row["example"]], minlength=3)
        assert (row["label"], row["label_name"]) == (labels[row["example"]], str(labels[row["example"]]))
        assert row["wrong"] == wrong[row["example"]] == row["wrong: a"] + row["wrong: b"]
        assert row["runs"] == 12
        assert row["taken_for"] != row["label"]
        assert row["taken_for_name"] == str(row["taken_for"])
        assert votes[row["taken_for"]] == row["taken_for_runs"] == np.delete(votes, labels[row["example"]]).max()


def test_of_images_equally_often_wrong_the_surest_mistakes_come_first(tmp_path):
    def sure(run):
        probabilities = np.stack([np.linspace(0.4, 0.1, 40), np.linspace(0.6, 0.9, 40), np.zeros(40)], axis=1)
        return Predictions(np.zeros(40, np.int32), probabilities.astype(np.float32))

    read = Read(made_up_store(tmp_path, predictions=sure))
    rows = read.tables["hardest"].rows
    assert [row["example"] for row in rows] == list(range(39, 19, -1))
    assert rows[0]["true_probability"] == pytest.approx(0.1)
    assert "Of 40 test images, 40 are wrong in at least one of 4 runs, and 40 in all of them." in read.text


def test_runs_that_are_never_wrong_have_no_hard_images(tmp_path):
    read = Read(made_up_store(tmp_path, predictions=lambda run: of_three_classes(np.ones(40, bool))))
    assert "No run is wrong on any test image." in read.text
    assert "hardest" not in read.tables


def test_a_single_pair_is_of_two_models_not_of_methods(tmp_path):
    read = Read(two_variants(tmp_path, runs=1, own=same_labels))
    assert read.cells("noise", "a")[3] == "fewer than 2 repeats with predictions"
    repeats, both = read.cells("new_examples", "b")[3:]
    assert repeats.startswith("McNemar p ")
    assert repeats.endswith("(these two models, not the methods)")
    assert both == "fewer than 5 pairs: no interval over new examples"
    assert read.row("new_examples", "b")["mcnemar_p"] > 0


def test_two_models_that_err_alike_have_no_test(tmp_path):
    cells = Read(made_up_store(tmp_path, runs=1, predictions=shifted)).cells("new_examples", "b")
    assert cells[3] == "the two models err on the same examples"


def test_rows_say_how_many_runs_have_predictions(tmp_path):
    store = made_up_store(tmp_path, runs=6, predictions=lambda run: None if run < 2 else predictions(run))
    read = Read(store)
    assert read.notes == [f"{name}: 4 of 6 completed runs have usable predictions." for name in ("a", "b")]
    assert read.cells("noise", "a")[1] == "4 of 6"
    assert read.cells("ensembles", "a")[1] == "4 of 6"
    assert read.cells("new_examples", "b")[1] == "4 of 6"


def test_a_variant_without_predictions_has_rows_that_say_so(tmp_path):
    store = made_up_store(tmp_path, runs=6)
    for run in range(6):
        store.files.below("predictions").remove(f"t1-{run}.parquet")
    read = Read(store)
    assert read.cells("noise", "b")[1:4] == ("0 of 6", "40", "fewer than 2 repeats with predictions")
    assert read.cells("new_examples", "b")[1:] == ("0 of 6", "no pairs with predictions", "", "")
    assert read.cells("ensembles", "b")[1:] == ("0 of 6", "-", "-", "-", "-", "-")


def test_without_any_predictions_the_section_says_only_that(tmp_path):
    read = Read(made_up_store(tmp_path, predictions=lambda run: None))
    assert read.text.startswith("No run has stored predictions that can be used")
    assert not read.tables


def test_folds_are_not_taken_apart(tmp_path):
    read = Read(make_store(tmp_path, folds=5, repeats=1, curves=True))
    assert "cannot be taken apart" in read.text
    assert not {"noise", "new_examples", "ensembles"} & set(read.tables)


def test_one_variant_has_no_differences(tmp_path):
    read = Read(made_up_store(tmp_path, variants=("a",)))
    assert "new_examples" not in read.tables
    assert read.tables["ensembles"].header[-1] == "churn between repeats, %"


def test_the_spread_beyond_the_test_set_has_an_interval_at_the_level_asked_for(tmp_path):
    store = made_up_store(tmp_path, runs=6)
    labels, predicted, _ = arrays(store, 0)
    found = statistics.noise(predicted != labels).distribution_interval(0.9)
    read = Read(store, alpha=0.1)
    row = read.row("noise", "a")
    assert (row["distribution_low"], row["distribution_high"], row["level"]) == (
        *(pytest.approx(found.low), pytest.approx(found.high)),
        0.9,
    )
    ends = [100 * max(0.0, end) ** 0.5 for end in (found.low, found.high)]
    assert read.cells("noise", "a")[6] == "[{:.2f}, {:.2f}]".format(*ends)


def test_repeats_that_are_equally_accurate_have_no_such_interval(tmp_path):
    assert Read(against(tmp_path, all_but)).cells("noise", "a")[6] == "all repeats equally accurate"
