"""Comparisons by metrics that nobody thought of while training: computed from stored predictions, or said why not."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, recall_score
from support.commands import called
from support.stores import made_up_store, predictions

import cnnjobs
from cnnjobs.messages import Predictions

CLASSES = ("tabby cat", "dog [big]", "$x$ & co", "eel")


@pytest.fixture
def store(tmp_path):
    """A job of two variants with five runs each; the second is worse at everything."""
    made = made_up_store(tmp_path / "results", runs=5, classes=4, class_names=CLASSES)
    for run in range(5):
        which = {"trial_id": f"t1-{run}", "condition_id": "job-1", "job": "job", "variant": "b", "repeat": run}
        worse = predictions(run, 4)
        flat = (worse.probabilities + 1.5) / (1 + 4 * 1.5)
        wrong = np.where((np.arange(40) < 20)[:, None], np.roll(flat, 1, axis=1), flat).astype(np.float32)
        row = which | {"fold": 0, "status": "completed", "test_accuracy": 0.4}
        made.commit(row, {}, Predictions(worse.labels, wrong))
    return made


def stored(store):
    """Labels and predicted classes of every run, as a person reads them from the files."""
    for path in sorted(Path(store.files.location, "predictions").glob("*.parquet")):
        rows = pq.read_table(path)
        yield path.stem, rows["label"].to_numpy(), rows["predicted"].to_numpy()


def test_a_person_who_is_asked_for_macro_f1_after_training(store, tmp_path):
    """A reviewer asks for macro F1: the same tables and figures by it, without a verdict, and nothing is trained."""
    done = called("aggregate", "results", "--metric", "macro_f1", "--no-predictions", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "job: test macro F1 over the runs" in done.stdout
    assert "secondary, no verdict" in done.stdout
    report = Path(store.files.location, "report")
    assert (
        "No verdict on b against a (secondary: on test macro F1 instead of test accuracy)"
        in (report / "report.md").read_text()
    )
    assert "Test macro F1" in (report / "index.html").read_text()
    means = pq.read_table(report / "tables" / "summary.parquet").to_pydict()["mean"]
    right = [f1_score(labels, found, average="macro") for _, labels, found in stored(store)]
    assert means == pytest.approx([np.mean(right[:5]), np.mean(right[5:])])


@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_a_person_who_compares_errors(store, name):
    """The sign is that of the metric, whichever way is better; the job is for another."""
    row = cnnjobs.compare(cnnjobs.load_results(store.files.location), metric=name).differences.iloc[0]
    assert row["mean"] > 0
    assert row["verdict"] == "secondary, no verdict"


ODD = ("recall[tabby cat]", "recall['tabby cat']", 'test_recall["tabby cat"]', "recall[dog [big]]", "recall[$x$ & co]")


@pytest.mark.parametrize("typed", ODD)
def test_a_person_whose_classes_have_odd_names(store, typed):
    """Spaces, brackets, dollars and ampersands in the name of a class: it is meant as it is, with or without quotes."""
    own = next(own for own, name in enumerate(CLASSES) if name in typed)
    found = cnnjobs.compare(cnnjobs.load_results(store.files.location), metric=typed)
    right = [recall_score(labels == own, said == own) for _, labels, said in stored(store)]
    assert found.runs["value"].tolist() == pytest.approx(right)


def test_the_report_of_a_class_with_an_odd_name(store, tmp_path):
    """A name that is markup in one format or another is itself in each."""
    done = called("aggregate", "results", "--metric", "recall[$x$ & co]", "--no-predictions", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "test recall of $x$ & co over the runs" in done.stdout
    report = Path(store.files.location, "report")
    assert "test recall of $x$ &amp; co" in (report / "figures" / "box.svg").read_text()
    assert r"test recall of \$x\$ \& co" in (report / "tables" / "summary.tex").read_text()


def test_a_person_who_names_a_class_that_there_is_not(store, tmp_path):
    """A typing error in the name of a class: the classes are listed, nothing else happens."""
    done = called("aggregate", "results", "--metric", "recall[tabby cats]", cwd=tmp_path)
    assert done.returncode == 2
    assert "Its classes: tabby cat, dog [big], $x$ & co, eel. Near it: tabby cat." in done.stderr


def test_a_person_with_several_jobs_of_which_one_has_the_class(store, tmp_path):
    """A folder of jobs on several data sets: the one with the class is shown, of the other it is said."""
    made_up_store(tmp_path / "results", job="other", classes=4, class_names=("fox", "gnu", "hen", "ibex"))
    done = called("aggregate", "results", "--metric", "recall[eel]", "--no-predictions", cwd=tmp_path)
    assert done.returncode == 2
    assert "job: test recall of eel over the runs" in done.stdout
    assert "Its classes: fox, gnu, hen, ibex." in done.stderr


def test_a_person_who_types_a_name_from_another_library(store, tmp_path):
    """Names of other libraries, and of rows that no variant watches: what there is instead is said."""
    watched = "watches. Use 'macro_f1', of the test set, or add Variant(watch=("
    for name, said in (("f1_macro", "Near it: macro_f1."), ("val_macro_f1", watched)):
        done = called("aggregate", "results", "--metric", name, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
        assert "`--metric` must be" in done.stderr


def test_a_class_that_the_test_set_has_no_image_of(tmp_path):
    """A rare class is missing in the test set: it is left out of the macro area, and counted as 0 in F1, and said."""
    made_up_store(tmp_path, classes=3, class_names=CLASSES[:3], predictions=lambda run: predictions(run, absent=(1,)))
    results = cnnjobs.load_results(tmp_path / "job")
    secondary, note = cnnjobs.compare(results, metric="auroc").notes["job"]
    assert secondary.startswith(
        "This is a secondary comparison, on test area under the ROC curve instead of test accuracy"
    )
    assert note == "test area under the ROC curve: it is over 2 of 3 classes, as there are no images of dog [big]"
    _, note = cnnjobs.compare(results, metric="macro_f1").notes["job"]
    assert "classes without images count as 0, as in the table of classes: dog [big]" in note
    found = cnnjobs.compare(results, metric="recall[dog [big]]")
    assert found.runs.empty
    assert found.notes["job"][1:] == tuple(
        f"{name}: test recall of dog [big] is not known for all its runs: no image is of class dog [big]"
        for name in "ab"
    )


def test_a_classifier_that_always_says_the_same(tmp_path):
    """It is right as often as its class is there, and agrees with the truth no more than chance."""
    say = np.tile(np.float32([0.7, 0.2, 0.1]), (30, 1))
    labels = np.repeat(np.int32([0, 1, 2]), [20, 5, 5])
    made_up_store(tmp_path, variants=("a",), predictions=lambda run: Predictions(labels, say))
    results = cnnjobs.load_results(tmp_path / "job", metrics=["cohen_kappa", "mcc", "balanced_accuracy", "auroc"])
    row = results.trials.iloc[0]
    assert (row["test_cohen_kappa"], row["test_mcc"], row["test_auroc"]) == (0, 0, 0.5)
    assert row["test_balanced_accuracy"] == pytest.approx(1 / 3)


def test_runs_that_failed_or_lost_their_predictions(store, tmp_path):
    """A run that failed, one that diverged, one whose predictions are damaged, one whose are gone: each is named."""
    folder = Path(store.files.location)
    for run, status in ((0, "failed"), (1, "diverged")):
        which = {"trial_id": f"t1-{run}", "condition_id": "job-1", "job": "job", "variant": "b", "repeat": run}
        (folder / "trials" / f"t1-{run}.parquet").unlink()
        store.commit(which | {"fold": 0, "status": status}, {}, None)
    path = folder / "predictions" / "t1-2.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    (folder / "predictions" / "t1-3.parquet").unlink()
    done = called("aggregate", "results", "--metric", "mcc", "--no-predictions", cwd=tmp_path)
    assert done.returncode == 1, "a file is damaged"
    said = " ".join(done.stdout.split())
    assert "b: 1 of its runs diverged (their loss is not finite) and has no test Matthews" in said
    assert "b: 1 of its runs failed" in said
    assert "b: test Matthews correlation coefficient is not known for repeat 3: damaged predictions: " in said
    assert "b: test Matthews correlation coefficient is not known for repeat 4: no stored predictions" in said
    assert "t1-2.parquet" in said
    assert "1 file of the results is damaged" in done.stderr
    assert cnnjobs.compare(cnnjobs.load_results(folder), metric="mcc").summary["n"].tolist() == [5, 1]


def test_results_that_one_may_only_read(store, tmp_path, monkeypatch):
    """The results of a colleague, in a folder without the right to write: computed each time, written nowhere."""
    folder = Path(store.files.location)
    before = sorted(folder.rglob("*"))

    def refused(path, content):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("cnnjobs.store.files._replace", refused)
    assert cnnjobs.compare(cnnjobs.load_results(folder), metric="brier").summary["n"].tolist() == [5, 5]
    assert sorted(folder.rglob("*")) == before


def test_ones_own_metric_in_python(store):
    """A function of scikit-learn's kind; which way is better is asked for, and a failure is told as that of it."""
    results = cnnjobs.load_results(store.files.location)

    def worst_recall(labels, probabilities):
        return recall_score(labels, probabilities.argmax(axis=1), average=None).min()

    with pytest.raises(ValueError, match=r"cnnjobs.metric\(worst_recall, higher_is_better=True\)"):
        cnnjobs.compare(results, metric=worst_recall)
    found = cnnjobs.compare(results, metric=cnnjobs.metric(worst_recall, higher_is_better=True))
    right = [recall_score(labels, said, average=None).min() for _, labels, said in stored(store)]
    assert found.runs["value"].tolist() == pytest.approx(right)
    assert set(found.runs["metric"]) == {"test_worst_recall"}
    assert not Path(store.files.location, "metrics").exists()
