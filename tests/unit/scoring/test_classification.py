"""Figures of a classification are scikit-learn's, absent classes and ties included."""

import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics
from support.made_up_predictions import made_up

from cnnjobs.scoring import classification
from cnnjobs.scoring.classification import GRID, classify, over_runs

CASES = {
    "three classes": made_up(3, 200),
    "two classes": made_up(2, 100),
    "many ties": made_up(5, 300, digits=1),
    "one class absent": made_up(4, 150, absent=(2,)),
    "more classes than examples": made_up(30, 20),
}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


def test_the_confusion_matrix_is_that_of_scikit_learn(case):
    labels, predicted, probabilities = case
    names, found = range(probabilities.shape[1]), classify(*case)
    np.testing.assert_array_equal(found.counts, metrics.confusion_matrix(labels, predicted, labels=names))
    rates = metrics.confusion_matrix(labels, predicted, labels=names, normalize="true")
    np.testing.assert_allclose(found.rates, rates, atol=1e-15)


def test_precision_recall_and_f1_are_those_of_scikit_learn(case):
    labels, predicted, probabilities = case
    found = classify(*case)
    for average, rows in {None: slice(-3), "macro": -3, "micro": -2, "weighted": -1}.items():
        *scores, support = metrics.precision_recall_fscore_support(
            labels, predicted, labels=range(probabilities.shape[1]), average=average, zero_division=0
        )
        np.testing.assert_allclose(found.scores[rows, :3].T, scores, atol=1e-12)
        if average is None:
            np.testing.assert_array_equal(found.support, support)


def test_areas_are_those_of_scikit_learn(case):
    labels, _, probabilities = case
    known = np.unique(labels)
    truth = labels[:, np.newaxis] == np.arange(probabilities.shape[1])
    area, scores = classify(*case).scores[:, 3], metrics.roc_auc_score
    each = [scores(truth[:, index], probabilities[:, index]) for index in known]
    np.testing.assert_allclose(area[known], each, atol=1e-12)
    assert np.isnan(np.delete(area[:-3], known)).all()
    for row, average in ((-3, "macro"), (-1, "weighted")):
        expected = scores(truth[:, known], probabilities[:, known], average=average)
        assert area[row] == pytest.approx(expected, abs=1e-12)
    assert area[-2] == pytest.approx(scores(truth, probabilities, average="micro"), abs=1e-12)


def test_curves_are_those_of_scikit_learn_at_the_grid(case):
    labels, _, probabilities = case
    truth = labels[:, np.newaxis] == np.arange(probabilities.shape[1])
    curves = classify(*case).curves
    total = np.zeros(len(GRID) - 1)
    for index in np.unique(labels):
        alarms, hits, _ = metrics.roc_curve(truth[:, index], probabilities[:, index])
        expected = np.interp(GRID[1:], alarms, hits)
        np.testing.assert_allclose(curves[index, 1:], expected, atol=1e-12)
        total += expected
    np.testing.assert_allclose(curves[-2, 1:], total / len(np.unique(labels)), atol=1e-12)
    alarms, hits, _ = metrics.roc_curve(truth.ravel(), probabilities.ravel())
    np.testing.assert_allclose(curves[-1, 1:], np.interp(GRID[1:], alarms, hits), atol=1e-12)


def test_equal_scores_make_one_point_of_a_curve():
    """Both halves of the ties come at once: a straight line, not the steps of one order or the other."""
    truth, scores = np.array([[1, 0, 1, 0]], bool), np.array([[0.7, 0.7, 0.3, 0.3]], np.float32)
    curves, areas = classification.roc_on_grid(truth, scores)
    np.testing.assert_allclose(curves[0], GRID, atol=1e-15)
    assert areas.tolist() == [0.5]


def test_curves_do_not_depend_on_how_many_are_ranked_at_once(monkeypatch):
    case = CASES["many ties"]
    whole = classify(*case)
    monkeypatch.setattr(classification, "AT_ONCE", 1)
    np.testing.assert_array_equal(classify(*case).curves, whole.curves)
    np.testing.assert_array_equal(classify(*case).scores, whole.scores)


def test_curves_begin_at_the_origin_and_may_rise_there():
    labels = np.array([0, 0, 1, 1])
    perfect = classify(labels, labels, np.eye(2, dtype=np.float32)[labels]).curves
    assert (perfect[:, 0] == 0).all()
    assert (perfect[:, 1:] == 1).all()


def test_known_answers():
    labels, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    found = classify(labels, predicted, np.eye(3, dtype=np.float32)[predicted])
    assert found.counts.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert found.rates[0] == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.scores[0, :3] == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert found.scores[2, :3] == pytest.approx([0, 0, 0]), "never predicted, never right: 0 by convention"
    assert found.scores[4, :3] == pytest.approx([4 / 6] * 3), "micro averages are the accuracy"
    assert found.scores[2, 3] == pytest.approx(0.5), "a constant score is a coin"


def test_a_test_set_of_one_class_has_a_micro_curve_only():
    found = classify(np.zeros(3, int), np.zeros(3, int), np.full((3, 2), 0.5, np.float32))
    assert np.isnan(found.scores[[0, 1, 2, 4], 3]).all()
    assert found.scores[3, 3] == pytest.approx(0.5)


def test_runs_are_averaged_figure_by_figure_with_ddof_1():
    runs = [classify(*made_up(3, 50, seed=seed)) for seed in range(4)]
    together = over_runs(runs)
    assert together.n == 4
    for name in ("counts", "rates", "scores", "curves"):
        stack = np.stack([getattr(run, name) for run in runs])
        np.testing.assert_allclose(getattr(together.mean, name), stack.mean(axis=0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(getattr(together.sd, name), stack.std(axis=0, ddof=1), rtol=0, atol=1e-12)


def test_the_spread_of_runs_that_come_one_by_one_keeps_its_digits():
    """A million and a millionth: sums of squares would have lost it."""
    base = classify(*CASES["three classes"])
    values = 1e6 + 1e-6 * np.arange(5)
    found = over_runs(replace(base, counts=np.full((3, 3), value)) for value in values)
    np.testing.assert_allclose(found.sd.counts, values.std(ddof=1), rtol=1e-6)


def test_runs_that_are_alike_have_a_spread_of_exactly_zero():
    sd = over_runs([classify(*CASES["many ties"])] * 7).sd
    assert not any(getattr(sd, name).any() for name in ("counts", "rates", "scores", "curves"))


def test_one_run_has_no_spread():
    sd = over_runs([classify(*CASES["three classes"])]).sd
    assert all(np.isnan(getattr(sd, name)).all() for name in ("counts", "rates", "scores", "curves"))


def test_a_hundred_classes_and_ten_thousand_examples_take_seconds_at_most():
    case = made_up(100, 10_000)
    began = time.process_time()
    classify(*case)
    assert time.process_time() - began < 5
