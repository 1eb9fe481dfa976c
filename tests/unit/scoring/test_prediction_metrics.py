"""Names of metrics: of what is stored, of what is computed from predictions, of classes whatever they are called."""

import numpy as np
import pytest

import cnnjobs
from cnnjobs.comparison.metric_format import axis_label, difference_label, show
from cnnjobs.errors import StoreError, UserError
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.prediction_metrics import TABLE, chosen_metric, chosen_metrics, metric_named
from cnnjobs.scoring.scorer import PredictionMetric
from cnnjobs.spec.metrics import TRIAL_COLUMNS

RUN = Predicted(
    np.array([0, 1, 1, 2], np.int32),
    np.array([0, 1, 2, 2], np.int32),
    np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.1, 0.1, 0.8]], np.float32),
)


@pytest.mark.parametrize("column", TRIAL_COLUMNS)
def test_columns_are_named_as_they_are(column):
    assert metric_named(column).column == column


@pytest.mark.parametrize("name", ["accuracy", *TABLE, "recall[cat]", "top3_accuracy"])
def test_without_a_part_it_is_of_the_test_set(name):
    assert metric_named(name).column == metric_named(f"test_{name}").column == f"test_{name}"
    assert metric_named(name).words.startswith("test ")


def test_predictions_are_those_of_the_test_set():
    with pytest.raises(UserError, match=r"must be macro_f1, of the test set, val_macro_f1.* rows are not stored"):
        metric_named("train_macro_f1")


@pytest.mark.parametrize("name", [*TABLE, "recall[cat]", "recall['cat']", "top3_accuracy"])
def test_of_the_validation_rows_it_is_what_variants_watch(name):
    metric = metric_named(f"val_{name}")
    assert not isinstance(metric, PredictionMetric)
    assert metric.column == f"val_{name.replace(chr(39), '')}"
    assert metric.words.startswith("validation ")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("f1", "macro_f1, weighted_f1, f1[CLASS]."),
        ("f1_macro", "macro_f1."),
        ("f1_score", "macro_f1, weighted_f1, f1[CLASS]."),
        ("balanced_accuracy_score", "balanced_accuracy."),
        ("MacroF1", "macro_f1."),
        ("auc", "auroc."),
        ("roc-auc", "auroc."),
        ("test_auc", "auroc."),
        ("kappa", "cohen_kappa."),
        ("brier_score", "brier."),
        ("precission[cat]", "macro_precision, precision[CLASS], average_precision[CLASS]."),
        ("recall[]", "macro_recall, recall[CLASS]."),
        ("top0_accuracy", "top5_accuracy, topK_accuracy, top3_accuracy."),
    ],
)
def test_other_names_are_refused_with_those_that_come_near(name, near):
    with pytest.raises(UserError) as refused:
        metric_named(name)
    assert str(refused.value).endswith(f"Received: metric={name!r}. Near it: {near}")
    for known in ("accuracy", *TABLE, "recall[CLASS]", "topK_accuracy"):
        assert known in str(refused.value)


def test_a_name_that_is_like_none_is_refused_with_the_list():
    with pytest.raises(UserError, match=r"Received: metric='zzz'\.$"):
        metric_named("zzz")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("cat", ("ant", "cat", "dog")),
        ("1", ("0", "1", "2")),
        ("a]b[c", ("ant", "a]b[c", "dog")),
        ("]", ("[", "]", "[]")),
        ("a, b = c", ("ant", "a, b = c", "dog")),
        ("two\nlines", ("ant", "two\nlines", "dog")),
        ("'", ("ant", "'", "dog")),
        ('"cat"', ("ant", "cat", "dog")),
        ("'cat'", ("'cat", "cat", "dog")),
        ('"cat"', ("cat", '"cat"', "dog")),
        ("cafe\u0301", ("ant", "caf\u00e9", "dog")),
        ("cafe\u0301", ("caf\u00e9", "cafe\u0301", "dog")),
        (" cat", ("cat", " cat", "dog")),
    ],
)
def test_a_class_is_called_what_it_is_called(given, names):
    """It stands between the first bracket and the last; quotes around it may be there, and may be a part of it."""
    assert metric_named(f"recall[{given}]").scorer(names)(RUN).value == 0.5
    assert metric_named(f"precision[{given}]").scorer(names)(RUN).value == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("bee", "ox"), "Received: metric='recall[cat]'. Its classes: bee, ox."),
        (("bee", "cats", "ox"), "Its classes: bee, cats, ox. Near it: cats."),
        (("Cat", "ox", "eel"), "Near it: Cat."),
        (tuple(f"{place:02}" for place in range(50)), "08, 09 and 40 more."),
    ],
)
def test_a_class_that_there_is_not(names, said):
    with pytest.raises(StoreError, match="must name a class of the data set") as refused:
        metric_named("recall[cat]").scorer(names)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "label", "difference", "value"),
    [
        ("balanced_accuracy", "test balanced accuracy (%)", "test balanced accuracy minus a, points", "12.35"),
        ("macro_f1", "test macro F1", "test macro F1 minus a", "0.1235"),
        ("ece", "test expected calibration error (%)", "test expected calibration error minus a, points", "12.35"),
        ("log_loss", "test log loss", "test log loss minus a, nats", "0.1235"),
        ("top3_accuracy", "test top-3 accuracy (%)", "test top-3 accuracy minus a, points", "12.35"),
        ("recall['a cat']", "test recall of a cat", "test recall of a cat minus a", "0.1235"),
    ],
)
def test_people_read_them_in_words_with_their_unit(name, label, difference, value):
    metric = metric_named(name)
    assert axis_label(metric) == label
    assert difference_label(metric, "a") == difference
    assert show(metric, 0.12346) == value


def test_of_errors_less_is_better():
    lower = {name for name in (*TABLE, "recall[cat]", "top3_accuracy") if not metric_named(name).higher_is_better}
    assert lower == {"log_loss", "brier", "ece"}


def f2(labels, probabilities):
    from sklearn.metrics import fbeta_score

    return fbeta_score(labels, probabilities.argmax(axis=1), beta=2, average="macro")


def test_ones_own_metric_is_a_function_of_labels_and_probabilities():
    own = chosen_metric(cnnjobs.metric(f2, higher_is_better=True, percent=True))
    assert (own.column, own.words, own.unit) == ("test_f2", "test f2", "%")
    assert own.scorer(("a", "b", "c"))(RUN).value == pytest.approx(f2(RUN.labels, RUN.probabilities))


def test_ones_own_metric_cannot_change_what_others_see():
    def spoil(labels, probabilities):
        labels[:], probabilities[:] = 0, 0
        return 1

    chosen_metric(cnnjobs.metric(spoil, higher_is_better=True)).scorer(("a", "b", "c"))(RUN)
    assert RUN.labels.tolist() == [0, 1, 1, 2]
    assert RUN.probabilities.max() > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cnnjobs.metric("f2", higher_is_better=True), "`function` must be a function"),
        (lambda: cnnjobs.metric(f2, higher_is_better="yes"), "`higher_is_better` must be True or False"),
        (lambda: cnnjobs.metric(f2, higher_is_better=True, percent=1), "`percent` must be True or False"),
        (lambda: cnnjobs.metric(lambda y, p: 1, higher_is_better=True), "`name` must be a name.* Received: '<lambda>'"),
        (lambda: cnnjobs.metric(f2, higher_is_better=True, name="mcc"), "no other metric.* Use name='own_mcc'"),
        (lambda: cnnjobs.metric(f2, higher_is_better=True, name="loss"), "no other metric"),
        (lambda: chosen_metrics("macro_f1"), r"`metrics` must be a list.* Use metrics=\[...\]"),
        (lambda: chosen_metrics([f2]), r"which way is better.* Use cnnjobs.metric\(f2, higher_is_better=True\)"),
        (lambda: chosen_metrics([3]), "must be the name of a metric"),
    ],
)
def test_what_is_no_metric_of_ones_own(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda y, p: 1 / 0, r"own\(labels, probabilities\) failed with ZeroDivisionError: division by zero"),
        (lambda y: 1, "failed with TypeError"),
        (lambda y, p: p, "must return a number"),
        (lambda y, p: None, "must return a number. Received: None"),
    ],
)
def test_ones_own_metric_that_fails(function, words):
    own = chosen_metric(cnnjobs.metric(function, higher_is_better=True, name="own"))
    with pytest.raises(UserError, match=words):
        own.scorer(("a", "b", "c"))(RUN)


def test_ones_own_metric_that_is_not_defined():
    own = chosen_metric(cnnjobs.metric(lambda y, p: np.nan, higher_is_better=True, name="own"))
    assert own.scorer(("a", "b", "c"))(RUN) == (None, "own returned nan")
