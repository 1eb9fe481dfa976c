"""Metrics that a variant watches on its validation rows, and callbacks that decide by them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as oracle
from support.training_runs import plain, trial_of

from cnnjobs import SGD, BestWeights, EarlyStopping, ReduceLROnPlateau, callback, metric, mlp
from cnnjobs.messages import Note

BASE = plain(mlp(dense=(8,)), epochs=3)
SEEN = []


def seen(labels, probabilities):
    SEEN.append((labels, probabilities))
    return math.nan


def run(worker, variant, **job):
    SEEN.clear()
    *messages, result = worker.run(trial_of(variant, **job))
    return result, [message.text for message in messages if isinstance(message, Note)]


@pytest.fixture(scope="module")
def uneven(digits, worker):
    """A worker on digits of which 5 to 9 are rare."""
    from cnnjobs.training.trial import TrialWorker

    drawn = np.random.default_rng(0).random(len(digits.y_train))
    kept = (digits.y_train < 5) | (drawn < 0.15)
    data = replace(digits, x_train=digits.x_train[kept], y_train=digits.y_train[kept])
    return TrialWorker(data, cpus=1, gpus=0, replicas=1)


def normal(probabilities):
    return probabilities / probabilities.sum(axis=1, keepdims=True)


ORACLES = {
    "val_macro_f1": lambda y, p: oracle.f1_score(y, p.argmax(1), average="macro", zero_division=0),
    "val_weighted_f1": lambda y, p: oracle.f1_score(y, p.argmax(1), average="weighted", zero_division=0),
    "val_balanced_accuracy": lambda y, p: oracle.balanced_accuracy_score(y, p.argmax(1)),
    "val_cohen_kappa": lambda y, p: oracle.cohen_kappa_score(y, p.argmax(1)),
    "val_mcc": lambda y, p: oracle.matthews_corrcoef(y, p.argmax(1)),
    "val_auroc": lambda y, p: oracle.roc_auc_score(np.eye(10)[y], p, average="macro"),
    "val_average_precision": lambda y, p: oracle.average_precision_score(np.eye(10)[y], p, average="macro"),
    "val_log_loss": lambda y, p: oracle.log_loss(y, normal(p.astype(np.float64))),
    "val_recall[3]": lambda y, p: oracle.recall_score(y == 3, p.argmax(1) == 3),
    "val_precision[3]": lambda y, p: oracle.precision_score(y == 3, p.argmax(1) == 3, zero_division=0),
    "val_auroc[3]": lambda y, p: oracle.roc_auc_score(y == 3, p[:, 3]),
    "val_top3_accuracy": lambda y, p: oracle.top_k_accuracy_score(y, p, k=3),
}


def test_each_is_what_scikit_learn_makes_of_the_predictions_of_the_epoch(worker):
    result, notes = run(worker, BASE.but(watch=(*ORACLES, metric(seen, higher_is_better=True))))
    assert not notes
    assert len(SEEN) == len(result.epochs["watched"]) == 3
    for values, (labels, probabilities) in zip(result.epochs["watched"], SEEN, strict=True):
        assert set(values) == {*ORACLES, "val_seen"}
        for column, function in ORACLES.items():
            assert values[column] == pytest.approx(function(labels, probabilities), rel=1e-5), column
        assert values["val_seen"] is None
    assert result.final["watched"] == result.epochs["watched"][-1]


def test_watching_changes_no_other_number(worker):
    without, watched = run(worker, BASE)[0], run(worker, BASE.but(watch=("macro_f1", "auroc")))[0]
    assert "watched" not in without.epochs
    assert without.final["watched"] is None
    for name in ("loss", "val_loss", "objective"):
        assert without.epochs[name] == watched.epochs[name]
    assert (without.predictions.probabilities == watched.predictions.probabilities).all()


def test_early_stopping_ends_at_the_epoch_that_the_predictions_say(uneven):
    """On rare classes macro F1 goes on where accuracy does not: they stop at different epochs."""
    variant = BASE.but(epochs=40, optimizer=SGD(0.02), watch=metric(seen, higher_is_better=True))
    run(uneven, variant)
    truth = [oracle.f1_score(y, p.argmax(1), average="macro", zero_division=0) for y, p in SEEN]
    patience = 2
    ends = (at for at in range(patience, len(truth)) if max(truth[at - 1 : at + 1]) <= max(truth[: at - 1]))
    epoch = next(ends) + 1  # fails if it does not stop: the test would show nothing
    stopping = EarlyStopping(monitor="val_macro_f1", patience=patience, restore_best=True)
    stopped, _ = run(uneven, variant.but(callbacks=stopping, watch=()))
    assert stopped.final["epochs_done"] == epoch
    assert stopped.final["best_epoch"] == int(np.argmax(truth[:epoch])) + 1
    assert [one["val_macro_f1"] for one in stopped.epochs["watched"]] == pytest.approx(truth[:epoch])
    assert stopped.final["watched"]["val_macro_f1"] == pytest.approx(max(truth[:epoch])), "of the weights that came out"
    by_loss, _ = run(uneven, variant.but(callbacks=EarlyStopping(monitor="val_loss", patience=patience), watch=()))
    assert by_loss.final["epochs_done"] != epoch


def fading(labels, probabilities):
    """Not defined at first, then best in the second of the epochs with a value."""
    SEEN.append(None)
    return {1: math.nan, 2: 0.1, 3: 0.3, 4: math.nan}.get(len(SEEN), 0.2)


@pytest.mark.parametrize(("higher", "best"), [(True, 3), (False, 2)])
def test_an_epoch_without_a_value_is_one_without_improvement(worker, higher, best):
    own = metric(fading, higher_is_better=higher)
    result, _ = run(worker, BASE.but(epochs=6, callbacks=BestWeights(monitor=own)))
    assert result.final["best_epoch"] == best
    assert [one["val_fading"] for one in result.epochs["watched"]] == [None, 0.1, 0.3, None, 0.2, 0.2]
    stopped, _ = run(worker, BASE.but(epochs=9, callbacks=EarlyStopping(monitor=own, patience=3)))
    assert stopped.final["epochs_done"] == best + 3
    slower, _ = run(worker, BASE.but(epochs=7, callbacks=ReduceLROnPlateau(monitor=own, patience=2)))
    assert slower.epochs["learning_rate"].index(slower.epochs["learning_rate"][0] / 2) == best + 2


@pytest.mark.parametrize("monitor", ["val_log_loss", "val_brier", "val_ece", "val_macro_f1", "val_auroc[3]"])
def test_the_better_direction_is_that_of_the_metric(worker, monitor):
    result, _ = run(worker, BASE.but(epochs=4, optimizer=SGD(0.3), callbacks=BestWeights(monitor=monitor)))
    values = [one[monitor] for one in result.epochs["watched"]]
    choose = min if monitor in ("val_log_loss", "val_brier", "val_ece") else max
    assert result.final["best_epoch"] == values.index(choose(values)) + 1


def keras_best(trial):
    import keras

    class Logs(keras.callbacks.EarlyStopping):
        def on_epoch_end(self, epoch, logs=None):
            assert 0 <= logs["val_macro_f1"] <= 1
            assert math.isnan(logs["val_seen"])
            super().on_epoch_end(epoch, logs)
            SEEN.append(self.best)

    return Logs(monitor="val_macro_f1", patience=5)


def test_callbacks_of_the_users_find_them_in_their_logs_with_their_direction(worker):
    own = metric(seen, higher_is_better=True)
    result, _ = run(worker, BASE.but(optimizer=SGD(0.1), watch=("macro_f1", own), callbacks=callback(keras_best)))
    best = [one for one in SEEN if not isinstance(one, tuple)]
    assert best == [max(one["val_macro_f1"] for one in result.epochs["watched"][:epoch]) for epoch in (1, 2, 3)]


def test_with_the_test_set_as_validation_set_it_is_that_of_the_stored_predictions(worker):
    result, _ = run(worker, BASE.but(watch="macro_f1"), validation="test")
    found = result.predictions
    expected = oracle.f1_score(found.labels, found.probabilities.argmax(1), average="macro", zero_division=0)
    assert result.final["watched"] == {"val_macro_f1": pytest.approx(expected)}


def test_a_class_that_no_validation_image_is_of_is_said_and_cannot_decide(digits, worker):
    from cnnjobs.training.trial import TrialWorker

    labels = np.where(digits.y_train == 3, 8, digits.y_train).astype(np.int32)
    without = TrialWorker(replace(digits, y_train=labels), cpus=1, gpus=0, replicas=1)
    result, notes = run(without, BASE.but(epochs=1, watch=("recall[3]", "macro_f1")))
    assert notes == ["val_recall[3] has no value: of the 288 validation images, no image is of class 3"]
    assert result.epochs["watched"][0]["val_recall[3]"] is None
    with pytest.raises(ValueError, match=r"cannot decide: val_recall\[3\] has no value: .* no image is of class 3"):
        run(without, BASE.but(callbacks=EarlyStopping(monitor="val_recall[3]")))
