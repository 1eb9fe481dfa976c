"""Scores of predictions are scikit-learn's; where it answers with a warning, there is a sentence."""

import warnings

import numpy as np
import pytest
from sklearn import calibration, metrics
from sklearn.exceptions import UndefinedMetricWarning
from support.made_up_predictions import made_up as labels_and_predictions

from cnnjobs.scoring.calibration import BINS, reliability
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.prediction_metrics import OF_A_CLASS, TABLE, metric_named


def made_up(*given, **more):
    """What a middling network predicts; rounded probabilities make ties, and do not quite sum to one."""
    return Predicted(*labels_and_predictions(*given, **more))


def constant(classes, count, says=0):
    """What a network predicts that always says the same."""
    labels = np.arange(count, dtype=np.int32) % classes
    probabilities = np.full((count, classes), 0.1 / (classes - 1), np.float32)
    probabilities[:, says] = 0.9
    return Predicted(labels, np.full(count, says, np.int32), probabilities)


CASES = {
    "two classes": made_up(2, 100),
    "three classes": made_up(3, 200),
    "ten classes": made_up(10, 400),
    "two classes, many ties": made_up(2, 300, digits=1),
    "many ties": made_up(5, 300, digits=1),
    "one class absent": made_up(4, 150, absent=(2,)),
    "more classes than examples": made_up(30, 20),
    "a constant": constant(4, 80),
    "a constant of two classes": constant(2, 80, says=1),
}


@pytest.fixture(params=CASES, ids=str)
def run(request):
    return CASES[request.param]


def names_of(run):
    return tuple(map(str, range(run.probabilities.shape[1])))


def score(name, run, names=None):
    return metric_named(name).scorer(names or names_of(run))(run)


def one_hot(run):
    return np.eye(run.probabilities.shape[1], dtype=int)[run.labels]


def there(run):
    """Classes with examples, and examples of others."""
    counts = np.bincount(run.labels, minlength=run.probabilities.shape[1])
    return np.flatnonzero((counts > 0) & (counts < len(run.labels)))


def balanced(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class that is predicted has no examples
        return metrics.balanced_accuracy_score(run.labels, run.classes)


def averaged(function, average):
    def of(run):
        every = range(run.probabilities.shape[1])
        return function(run.labels, run.classes, labels=every, average=average, zero_division=0)

    return of


def area(run):
    if run.probabilities.shape[1] == 2:
        return metrics.roc_auc_score(run.labels, run.probabilities[:, 1])
    return np.mean([metrics.roc_auc_score(run.labels == own, run.probabilities[:, own]) for own in there(run)])


def precision_averaged(run):
    own = there(run)
    return metrics.average_precision_score(one_hot(run)[:, own], run.probabilities[:, own], average="macro")


def log_loss(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that rounded probabilities do not sum to one
        return metrics.log_loss(run.labels, run.probabilities, labels=range(run.probabilities.shape[1]))


def brier(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probabilities = run.probabilities.astype(float)
        return metrics.brier_score_loss(run.labels, probabilities, labels=range(run.probabilities.shape[1]))


def calibration_error(run):
    """By scikit-learn's calibration curve, whose intervals hold their upper ends too."""
    confidence = run.probabilities.max(axis=1).astype(float)
    right, said = calibration.calibration_curve(run.labels == run.classes, confidence, n_bins=BINS)
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=BINS)
    return np.average(np.abs(right - said), weights=counts[counts > 0])


ORACLES = {
    "balanced_accuracy": balanced,
    "macro_f1": averaged(metrics.f1_score, "macro"),
    "weighted_f1": averaged(metrics.f1_score, "weighted"),
    "macro_precision": averaged(metrics.precision_score, "macro"),
    "macro_recall": averaged(metrics.recall_score, "macro"),
    "cohen_kappa": lambda run: metrics.cohen_kappa_score(run.labels, run.classes),
    "mcc": lambda run: metrics.matthews_corrcoef(run.labels, run.classes),
    "auroc": area,
    "average_precision": precision_averaged,
    "log_loss": log_loss,
    "brier": brier,
    "ece": calibration_error,
}


def test_every_metric_has_an_oracle():
    assert ORACLES.keys() == TABLE.keys()


@pytest.mark.parametrize("name", TABLE)
def test_scores_are_those_of_scikit_learn(name, run):
    assert score(name, run).value == pytest.approx(ORACLES[name](run), abs=1e-6 if name == "log_loss" else 1e-9)


def test_the_macro_area_is_that_of_scikit_learn_where_no_class_is_absent():
    run = CASES["ten classes"]
    rows = run.probabilities.astype(float) / run.probabilities.sum(axis=1, dtype=float, keepdims=True)
    assert score("auroc", run).value == pytest.approx(metrics.roc_auc_score(run.labels, rows, multi_class="ovr"))


@pytest.mark.parametrize(
    ("kind", "oracle"),
    [
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
        ("f1", metrics.f1_score),
    ],
)
def test_scores_of_a_class_are_those_of_scikit_learn(kind, oracle, run):
    for own in there(run):
        right = oracle(run.labels == own, run.classes == own, zero_division=0)
        assert score(f"{kind}[{own}]", run).value == pytest.approx(right)


def test_areas_and_precisions_of_a_class_are_those_of_scikit_learn(run):
    for own in there(run):
        truth, said = run.labels == own, run.probabilities[:, own]
        assert score(f"auroc[{own}]", run).value == pytest.approx(metrics.roc_auc_score(truth, said))
        assert score(f"average_precision[{own}]", run).value == pytest.approx(
            metrics.average_precision_score(truth, said)
        )


@pytest.mark.parametrize("most", [1, 2, 3])
def test_top_accuracies_are_those_of_scikit_learn_without_ties(most):
    run = CASES["ten classes"]
    right = metrics.top_k_accuracy_score(run.labels, run.probabilities, k=most, labels=range(10))
    assert score(f"top{most}_accuracy", run).value == pytest.approx(right)


def test_a_label_as_probable_as_others_is_among_the_first():
    """As in Keras: only classes that are more probable come before it."""
    run = Predicted(np.array([2], np.int32), np.array([0], np.int32), np.full((1, 3), 1 / 3, np.float32))
    assert score("top1_accuracy", run).value == 1


def test_top_accuracy_of_as_many_classes_says_nothing():
    found = score("top3_accuracy", CASES["three classes"])
    assert found == (None, "of 3 classes every label is among the 3 most probable")


def test_a_constant_network_agrees_no_more_than_by_chance():
    for run in (CASES["a constant"], CASES["a constant of two classes"]):
        assert score("cohen_kappa", run).value == pytest.approx(0, abs=1e-12)
        assert score("mcc", run).value == 0
        assert score("auroc", run).value == 0.5


def test_two_classes_have_one_area():
    run = CASES["two classes"]
    assert score("auroc", run).value == score("auroc[1]", run).value
    assert score("auroc[0]", run).value == pytest.approx(score("auroc[1]", run).value)


def test_a_class_without_test_images_is_left_out_and_said():
    run, names = CASES["one class absent"], ("ant", "bee", "cat", "dog")
    for name in ("auroc", "average_precision", "balanced_accuracy"):
        assert score(name, run, names).remark == "it is over 3 of 4 classes, as there are no images of cat"
    assert "count as 0, as in the table of classes: cat" in score("macro_f1", run, names).remark
    for kind in OF_A_CLASS:
        assert score(f"{kind}[cat]", run, names) == (None, "no image is of class cat")


def test_test_images_of_one_class_only():
    run = Predicted(np.zeros(3, np.int32), np.zeros(3, np.int32), np.array([[0.9, 0.1]] * 3, np.float32))
    assert score("auroc", run).value is None
    assert score("auroc[0]", run) == (None, "all images are of class 0")
    assert score("average_precision", run) == (None, "all images are of one class")
    assert score("cohen_kappa", run) == (None, "all images and all predictions are of one class")
    assert score("mcc", run).value == 0
    assert score("balanced_accuracy", run).value == 1
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(metrics.roc_auc_score(run.labels, run.probabilities[:, 1]))


def test_three_classes_of_which_the_test_images_are_of_one():
    run = Predicted(np.zeros(3, np.int32), np.zeros(3, np.int32), np.array([[0.8, 0.1, 0.1]] * 3, np.float32))
    assert score("auroc", run) == (None, "all images are of one class")


def test_a_class_that_is_never_predicted_has_precision_0_and_it_is_said():
    found = score("precision[1]", CASES["a constant"])
    assert found == (0, "1 is never predicted, and its precision counts as 0")


@pytest.mark.parametrize("name", ["log_loss", "brier", "ece"])
def test_probabilities_that_do_not_sum_to_one_are_said(name):
    run = CASES["three classes"]
    away = Predicted(run.labels, run.classes, run.probabilities * np.float32(0.9))
    assert score(name, run).remark == ""
    assert score(name, away).remark == "the probabilities of 200 images do not sum to 1"


def test_a_probability_of_zero_for_the_label_is_no_infinite_loss():
    run = Predicted(np.array([0], np.int32), np.array([1], np.int32), np.array([[0, 1]], np.float32))
    right = metrics.log_loss([0], run.probabilities, labels=[0, 1])
    assert score("log_loss", run).value == pytest.approx(right)


def test_every_prediction_is_in_one_interval_of_confidence():
    """0, 1, and what float32 makes of more than 1 included."""
    sure = np.array([[0, 0], [1, 0], [1 + 1e-6, 0], [1 / 15, 0], [0.5, 0.5]], np.float32)
    found = reliability(Predicted(np.zeros(5, np.int32), np.zeros(5, np.int32), sure))
    assert found.counts.sum() == 5
    assert found.counts[0] >= 1
    assert found.counts[-1] == 2


def test_a_network_that_is_as_sure_as_it_is_right_is_calibrated():
    probabilities = np.array([[0.75, 0.25]] * 4, np.float32)
    run = Predicted(np.array([0, 0, 0, 1], np.int32), np.zeros(4, np.int32), probabilities)
    found = reliability(run)
    assert found.error == found.overconfidence == 0
    surer = Predicted(run.labels, run.classes, np.array([[1, 0]] * 4, np.float32))
    assert reliability(surer).error == reliability(surer).overconfidence == 0.25
