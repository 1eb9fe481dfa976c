"""A trial, from seeds to predictions, on the real scanned digits."""

from dataclasses import replace

import numpy as np
import pytest

from cnnjobs import SGD, Adam, CosineDecay, Job, Variant, custom, small_cnn, vgg
from cnnjobs.messages import Progress
from cnnjobs.planning.trials import make_plan
from cnnjobs.spec.metrics import CURVE_COLUMNS

SMALL = vgg(blocks=2, filters=8, dense=32)
BASE = Variant(model=SMALL, optimizer=Adam(0.003), epochs=2, batch_size=64)


def trials_of(variant, digits, **job):
    made = Job(**({"name": "a", "dataset": "digits", "repeats": 2, "variants": {"v": variant}} | job))
    return make_plan(made, digits.fingerprint).trials


def run(worker, trial):
    *progress, result = worker.run(trial)
    assert all(isinstance(message, Progress) for message in progress)
    for message in (one for one in progress if one.metrics is not None):  # what pages show while it runs
        stored = {name: column[message.epoch - 1] for name, column in result.epochs.items()}
        assert message.metrics == {name: stored[name] for name in CURVE_COLUMNS if stored[name] is not None}
    assert [one.epoch for one in progress if one.metrics is not None] == result.epochs["epoch"]
    return result


def test_a_cnn_learns_to_read_digits(worker, digits):
    """A pipeline that mixed up images and labels, or scaled test otherwise than train, would not."""
    result = run(worker, trials_of(BASE.but(epochs=8), digits)[0])
    assert result.final["test_accuracy"] > 0.93
    assert result.epochs["loss"][-1] < 0.3 < result.epochs["loss"][0]


def test_tracing_happens_once_for_all_repeats_of_a_variant(worker, digits):
    for trial in trials_of(BASE.but(batch_size=48, schedule=CosineDecay()), digits, repeats=3, folds=3):
        run(worker, trial)
    train_graph = worker.train_graph
    assert [train.experimental_get_tracing_count() for train in train_graph._trains] == [1]
    assert train_graph.prediction.forward.experimental_get_tracing_count() == 1


def test_progress_adds_up_to_every_image_of_every_epoch(worker, digits):
    *progress, result = worker.run(trials_of(BASE, digits)[0])
    assert sum(message.images for message in progress) == BASE.epochs * result.final["train_rows"]
    assert progress[-1].epoch == BASE.epochs


def test_metrics_are_those_of_scikit_learn_on_the_stored_predictions(worker, digits):
    from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, top_k_accuracy_score

    result = run(worker, trials_of(BASE, digits)[0])
    labels, probabilities = result.predictions.labels, result.predictions.probabilities
    assert (labels == digits.y_test).all()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    expected = accuracy_score(labels, probabilities.argmax(axis=1))
    assert result.final["test_accuracy"] == pytest.approx(expected, abs=1e-6)
    normal = probabilities.astype(np.float64) / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    assert result.final["test_loss"] == pytest.approx(log_loss(labels, normal), abs=1e-6)
    assert result.final["test_mse"] == pytest.approx(mean_squared_error(np.eye(10)[labels], probabilities), abs=1e-6)
    top5 = top_k_accuracy_score(labels, probabilities, k=5)
    assert result.final["test_top5_accuracy"] == pytest.approx(top5, abs=1e-6)


def test_train_metrics_are_those_of_predictions_when_nothing_moves(worker, digits):
    """With a vanishing learning rate the epoch's averages are what the final weights say of the training rows."""

    from cnnjobs.planning.rows import split_rows
    from cnnjobs.spec.metrics import all_metrics
    from cnnjobs.training.hand_over import place_images
    from cnnjobs.training.input_pipeline import fit_pixel_scaling

    for model in (vgg(blocks=1, filters=4, dense=8), small_cnn(filters=(4,), dense=8)):
        still = Variant(model=model, optimizer=SGD(1e-12), epochs=1, batch_size=100)
        trial = trials_of(still, digits)[0]
        result = run(worker, trial)
        rows, _ = split_rows(digits.training_rows, trial)
        pixel_scaling = fit_pixel_scaling("unit", digits.x_train, rows)
        probabilities = worker.train_graph.prediction.predict(place_images(digits.x_train, ()), rows, pixel_scaling)
        for name, value in all_metrics(probabilities, digits.y_train[rows]).items():
            assert result.epochs[name][0] == pytest.approx(value, abs=1e-5), name


def test_the_test_set_can_double_as_validation_set(worker, digits):
    result = run(worker, trials_of(BASE, digits, validation="test")[0])
    assert result.final["train_rows"] == len(digits.y_train)
    assert result.final["validation_rows"] == result.final["test_rows"] == len(digits.y_test)
    assert result.final["val_accuracy"] == result.final["test_accuracy"]
    assert result.final["val_loss"] == result.final["test_loss"]


def test_a_validation_set_of_its_own_validates_the_same_rows_in_every_repeat(worker, digits, monkeypatch):

    from cnnjobs.planning.rows import plan_on
    from cnnjobs.spec.metrics import all_metrics
    from cnnjobs.training.hand_over import place_images
    from cnnjobs.training.input_pipeline import fit_pixel_scaling

    own = np.arange(len(digits.y_train)) >= 1200
    monkeypatch.setattr(worker, "dataset", replace(digits, is_validation=own))
    made = Job(name="a", dataset="digits", repeats=2, variants={"v": BASE.but(epochs=1)})
    for trial in plan_on(made, worker.dataset).trials:
        result = run(worker, trial)
        assert (result.final["train_rows"], result.final["validation_rows"]) == (1200, len(own) - 1200)
        scaling = fit_pixel_scaling("unit", digits.x_train, np.flatnonzero(~own))
        images = place_images(digits.x_train, ())
        probabilities = worker.train_graph.prediction.predict(images, np.flatnonzero(own), scaling)
        expected = all_metrics(probabilities, digits.y_train[own])
        assert result.final["val_accuracy"] == pytest.approx(expected["accuracy"])
        assert result.final["val_loss"] == pytest.approx(expected["loss"])


def test_a_trial_without_validation_trains_on_all_rows_and_stores_no_validation_metrics(worker, digits):
    result = run(worker, trials_of(BASE.but(epochs=1), digits, validation=None)[0])
    assert (result.final["train_rows"], result.final["validation_rows"]) == (len(digits.y_train), 0)
    assert result.epochs["val_loss"] == [None]
    assert "val_accuracy" not in result.final
    with_test = run(worker, trials_of(BASE.but(epochs=1), digits, validation="test")[0])
    assert with_test.final["test_loss"] == result.final["test_loss"], (
        "whether the test set is looked at changes nothing"
    )


def test_folds_train_on_what_they_do_not_validate(worker, digits):
    results = [run(worker, trial) for trial in trials_of(BASE.but(epochs=1), digits, folds=3, repeats=1)]
    assert sum(result.final["validation_rows"] for result in results) == len(digits.y_train)
    assert all(r.final["train_rows"] + r.final["validation_rows"] == len(digits.y_train) for r in results)


def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged(worker, digits):
    result = run(worker, trials_of(BASE.but(optimizer=SGD(1e20), epochs=5), digits)[0])
    assert result.status == "diverged"
    assert result.final["epochs_done"] < 5
    assert result.predictions is None
    assert "test_accuracy" not in result.final


def all_convolutional(input_shape, classes, filters=8):
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(filters, 3, strides=2, activation="relu", padding="same"),
            keras.layers.Conv2D(classes, 3, padding="same"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Softmax(),
        ]
    )


def sigmoid_at_the_end(input_shape, classes):
    import keras

    layers = [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(classes, activation="sigmoid")]
    return keras.Sequential(layers)


def too_few_outputs(input_shape, classes):
    import keras

    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(3)])


def test_a_network_of_the_users_trains_with_its_hyperparameters(worker, digits):
    result = run(worker, trials_of(BASE.but(model=custom(all_convolutional, filters=4)), digits)[0])
    assert result.final["parameters"] == 9 * 4 + 4 + 9 * 4 * 10 + 10


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (sigmoid_at_the_end, "must end with probabilities.*or with logits.*Received: Dense with activation=sigmoid"),
        (too_few_outputs, r"must return .batch, 10.*Received: too_few_outputs\(\) with output shape \(None, 3\)"),
    ],
)
def test_a_network_that_gives_no_class_probabilities_is_refused(worker, digits, function, message):
    with pytest.raises((TypeError, ValueError), match=message):
        run(worker, trials_of(BASE.but(model=function), digits)[0])


def test_the_numbers_of_a_trial_are_told(worker, digits):
    final = run(worker, trials_of(BASE, digits)[0]).final
    assert final["parameters"] > 0
    assert final["replicas"] == 1
    assert final["gpu_seconds"] == 0
    assert final["seconds"] > final["train_seconds"] > 0
    for name in ("host", "device", "python_version", "tensorflow_version", "keras_version", "numpy_version"):
        assert final[name]


def test_columns_of_a_trial_are_columns_of_the_store(worker, digits):
    from cnnjobs.store.schemas import EPOCHS, TRIALS

    result = run(worker, trials_of(BASE, digits)[0])
    assert set(result.final) <= set(TRIALS.names)
    assert set(result.epochs) <= set(EPOCHS.names)


def softmax_operation(input_shape, classes):
    import keras

    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.ops.softmax(keras.layers.Dense(classes)(keras.layers.Flatten()(inputs))))


def nested(input_shape, classes):
    import keras

    inputs = keras.Input(input_shape)
    head = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])
    return keras.Model(inputs, head(inputs))


def without_input(input_shape, classes):
    import keras

    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])


def subclassed(input_shape, classes):
    import keras

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.head = keras.layers.Flatten(), keras.layers.Dense(classes)

        def call(self, inputs):
            return self.head(self.flat(inputs))

    return Net()


@pytest.mark.parametrize("network", [softmax_operation, nested, without_input, subclassed])
def test_networks_of_the_users_in_several_forms_give_probabilities(worker, digits, network):
    result = run(worker, trials_of(BASE.but(model=custom(network)), digits)[0])
    assert np.allclose(result.predictions.probabilities.sum(axis=1), 1, atol=1e-5)
    same = run(worker, trials_of(BASE.but(model=custom(nested)), digits)[0])
    assert result.epochs["val_loss"] == pytest.approx(same.epochs["val_loss"], rel=1e-4), "softmax once, not twice"
