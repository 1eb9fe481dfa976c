"""What is measured while training, and how much a row counts in what is minimised."""

import numpy as np
import pytest
from support.training_runs import outcome, plain, trial_of

from cnnjobs import SGD, mlp, vgg
from cnnjobs.spec import metrics
from cnnjobs.spec.metrics import IN_TRAINING, METRICS, TABLE, StoredMetric
from cnnjobs.training import epochs

SMALL = plain(mlp(dense=(8,)), epochs=1)


def test_every_metric_that_is_followed_in_training_has_its_function():
    from cnnjobs.training.metrics import OF_ROWS

    assert set(OF_ROWS) == set(IN_TRAINING)


def test_a_metric_without_such_a_function_is_measured_on_validation_and_test_rows(worker, monkeypatch):
    errors = StoredMetric(
        name="errors",
        words="error rate",
        of=lambda probabilities, labels: 1 - metrics.accuracy(probabilities, labels),
        higher_is_better=False,
    )
    monkeypatch.setitem(TABLE, "errors", errors)
    monkeypatch.setattr("cnnjobs.training.trial.METRICS", (*METRICS, "errors"))
    monkeypatch.setattr(epochs, "FINAL", epochs.FINAL | {"errors": "train_errors", "val_errors": "val_errors"})
    *_, result = worker.run(trial_of(SMALL))
    assert result.epochs["errors"] == [None]
    assert result.epochs["val_errors"][0] == pytest.approx(1 - result.epochs["val_accuracy"][0])
    assert result.final["test_errors"] == pytest.approx(1 - result.final["test_accuracy"])
    assert result.final["val_errors"] == result.epochs["val_errors"][0]
    assert "train_errors" not in result.final


def test_the_objective_is_the_loss_with_what_regularization_and_layers_add(worker):
    """Weights stand still, so that what they add is the same in every step."""
    still = SGD(1e-12)
    alone = outcome(worker, trial_of(SMALL.but(optimizer=still)))
    assert alone["objective"] == pytest.approx(alone["loss"], rel=1e-6)
    decay = SMALL.but(model=vgg(blocks=1, filters=4, dense=8, weight_decay=0.01), optimizer=still)
    *_, result = worker.run(trial_of(decay))
    decayed = [layer.kernel for layer in worker.train_graph.model.layers if getattr(layer, "kernel_regularizer", None)]
    added = 0.01 * sum(float(np.square(kernel.numpy()).sum()) for kernel in decayed)
    assert result.epochs["objective"][0] - result.epochs["loss"][0] == pytest.approx(added, rel=1e-4)
    assert result.final["train_objective"] == result.epochs["objective"][-1]


def weighing(monkeypatch, weight):
    monkeypatch.setattr(
        "cnnjobs.training.trial.sample_weights",
        lambda data, rows, class_weight: np.full(len(data.y_train), weight, np.float32),
    )


def test_a_row_counts_in_the_loss_by_its_sample_weight(worker, monkeypatch):
    """Rows that count twice at half the rate are, to the bit, rows that count once; and metrics are of plain rows."""
    once = outcome(worker, trial_of(SMALL.but(optimizer=SGD(0.1))))
    weighing(monkeypatch, 2)
    twice = outcome(worker, trial_of(SMALL.but(optimizer=SGD(0.05))))
    changed = {name for name in once if once[name].tobytes() != twice[name].tobytes()}
    shown = [name for name in changed if name.startswith("variable") and once[name].ndim]
    assert not shown
    assert not changed & {"loss", "accuracy", "val_loss", "probabilities"}
    weighing(monkeypatch, 0)
    still = outcome(worker, trial_of(SMALL.but(optimizer=SGD(0.1))))
    assert still["loss"] > 2, "measured, though nothing is learned from it"
    assert still["loss"] == pytest.approx(still["val_loss"], rel=0.2)
