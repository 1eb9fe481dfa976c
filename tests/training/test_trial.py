"""A trial, from seeds to predictions, on the real scanned digits."""

import numpy as np
import pytest

from cnnjobs import SGD, Adam, Augment, Job, Variant, custom, small_cnn, vgg
from cnnjobs.messages import Progress
from cnnjobs.plan import make_plan, seeds_of
from cnnjobs.training.pipeline import Shards, fit_pixels

SMALL = vgg(blocks=2, filters=8, dense=32)
BASE = Variant(model=SMALL, optimizer=Adam(0.003), epochs=2, batch_size=64)
EVERYTHING = BASE.but(
    model=vgg(blocks=2, filters=8, dense=32, dropout=0.2, weight_decay=0.001, batch_norm=True),
    augment=Augment(flip="horizontal", shift=0.1, rotation=10, zoom=0.1, shear=5),
    scaling="standardize",
)


def trials_of(variant, digits, **job):
    made = Job(**({"name": "a", "dataset": "digits", "repeats": 2, "variants": {"v": variant}} | job))
    return make_plan(made, digits.fingerprint).trials


def run(worker, trial):
    *progress, result = worker.run(trial)
    assert all(isinstance(message, Progress) for message in progress)
    return result


def test_a_cnn_learns_to_read_digits(worker, digits):
    """A pipeline that mixed up images and labels, or scaled test otherwise than train, would not."""
    result = run(worker, trials_of(BASE.but(epochs=8), digits)[0])
    assert result.final["test_accuracy"] > 0.93
    assert result.epochs["loss"][-1] < 0.3 < result.epochs["loss"][0]


@pytest.mark.parametrize("variant", [BASE, EVERYTHING, BASE.but(model=small_cnn(filters=(8, 8)), optimizer=SGD(0.1))])
def test_the_same_trial_gives_the_same_bits_whatever_ran_before(worker, digits, variant):
    first, other = trials_of(variant, digits)
    one = run(worker, first)
    between = run(worker, other)
    run(worker, trials_of(BASE.but(batch_size=50, epochs=1), digits)[0])
    again = run(worker, first)
    assert (again.predictions.probabilities == one.predictions.probabilities).all()
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert again.epochs[column] == one.epochs[column]
    assert (between.predictions.probabilities != one.predictions.probabilities).any()


def test_tracing_happens_once_for_all_repeats_of_a_variant(worker, digits):
    for trial in trials_of(BASE.but(batch_size=48), digits, repeats=3):
        run(worker, trial)
    program = worker._program[1]
    assert program.train.experimental_get_tracing_count() == 1
    assert program.predict.experimental_get_tracing_count() == 1


def test_progress_adds_up_to_every_image_of_every_epoch(worker, digits):
    *progress, result = worker.run(trials_of(BASE, digits)[0])
    assert sum(message.images for message in progress) == BASE.epochs * result.final["train_rows"]
    assert progress[-1].epoch == BASE.epochs


def test_metrics_are_those_of_scikit_learn_on_the_stored_predictions(worker, digits):
    from sklearn.metrics import accuracy_score, log_loss

    result = run(worker, trials_of(BASE, digits)[0])
    labels, probabilities = result.predictions.labels, result.predictions.probabilities
    assert (labels == digits.y_test).all()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    expected = accuracy_score(labels, probabilities.argmax(axis=1))
    assert result.final["test_accuracy"] == pytest.approx(expected, abs=1e-6)
    normal = probabilities.astype(np.float64) / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    assert result.final["test_loss"] == pytest.approx(log_loss(labels, normal), abs=1e-6)


def test_the_test_set_can_double_as_validation_set(worker, digits):
    result = run(worker, trials_of(BASE, digits, validation="test")[0])
    assert result.final["train_rows"] == len(digits.y_train)
    assert result.final["validation_rows"] == result.final["test_rows"] == len(digits.y_test)
    assert result.final["val_accuracy"] == result.final["test_accuracy"]
    assert result.final["val_loss"] == result.final["test_loss"]


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
        (
            sigmoid_at_the_end,
            "must have the activation 'softmax' or none .logits.. Received: Dense with activation=sigmoid",
        ),
        (too_few_outputs, r"must return .batch, 10.. Received: output shape \(None, 3\)"),
    ],
)
def test_a_network_that_gives_no_class_probabilities_is_refused(worker, digits, function, message):
    with pytest.raises(ValueError, match=message):
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


# --- the pipeline -------------------------------------------------------------------------------------------------


def epoch_of(digits, shards, *, augment=None, seed=0, first_step=0, steps=None):
    """Return what each step of an epoch sees, with images that carry their row number."""
    import tensorflow as tf

    from cnnjobs.training.pipeline import training_batches

    count = len(digits.y_train)
    images = np.zeros((count, 8, 8, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(count) // 256, np.arange(count) % 256
    batches = training_batches(
        tf.constant(images),
        tf.constant(np.arange(count, dtype=np.int32)),
        tf.constant(np.arange(shards.rows)),
        shards,
        seeds=seeds_of(seed, 0),
        pixels=fit_pixels("unit", images, np.arange(count)),
        augment=augment,
        first_step=first_step,
    )
    return list(batches.take((steps or shards.steps) * shards.replicas).as_numpy_iterator())


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_an_epoch_sees_every_row_once_with_its_own_label(worker, digits, replicas):
    elements = epoch_of(digits, Shards(1000, 64, replicas))
    seen = np.concatenate([labels[weights > 0] for _, labels, weights, _ in elements])
    assert sorted(seen) == list(range(1000))
    assert (seen != np.arange(1000)).any(), "shuffled"
    for images, labels, *_ in elements:
        pixels = np.round(images[:, 0, :2, 0] * 255).astype(int)
        assert (pixels[:, 0] * 256 + pixels[:, 1] == labels).all()


def test_shards_of_a_step_are_what_one_replica_would_see(worker, digits):
    one = [labels for _, labels, *_ in epoch_of(digits, Shards(1000, 64, 1))]
    three = epoch_of(digits, Shards(1000, 64, 3))
    for step, expected in enumerate(one):
        parts = three[3 * step : 3 * step + 3]
        assert (np.concatenate([labels for _, labels, *_ in parts]) == expected).all()
        sizes = [len(labels) for _, labels, *_ in parts]
        assert max(sizes) - min(sizes) <= 1, "cut evenly"
    assert [int(count) for *_, count in epoch_of(digits, Shards(1000, 64, 1))] == [64] * 15 + [40]


def test_a_replica_without_a_row_gets_one_that_weighs_nothing(worker, digits):
    last = epoch_of(digits, Shards(65, 64, 3))[-3:]
    assert [len(labels) for _, labels, *_ in last] == [1, 1, 1]
    assert [float(weights.sum()) for *_, weights, _ in last] == [0, 0, 1]
    assert [int(count) for *_, count in last] == [1, 1, 1]


def orders(digits, rows, seeds):
    """Return the order of the first epochs for each order seed: (seeds, epochs, rows)."""
    import dataclasses

    import tensorflow as tf

    from cnnjobs.training.pipeline import training_batches

    found = []
    for seed in seeds:
        batches = training_batches(
            tf.zeros([rows, 1, 1, 1], tf.uint8),
            tf.range(rows),
            tf.range(rows, dtype=tf.int64),
            Shards(rows, rows, 1),
            seeds=dataclasses.replace(seeds_of(0, 0), order=seed),
            pixels=fit_pixels("unit", np.zeros((1, 1, 1, 1), np.uint8), np.arange(1)),
            augment=None,
        )
        found.append([labels for _, labels, *_ in batches.take(3).as_numpy_iterator()])
    return np.array(found)


def test_orders_of_epochs_and_of_seeds_have_nothing_in_common(worker, digits):
    """Seeds that differ only in a high bit, and successive epochs of many rows, are where a weak shuffle fails."""
    rows = 50_000
    found = orders(digits, rows, [5, 5 + 256, 5 + 2**30]).reshape(9, rows)
    assert (np.sort(found, axis=1) == np.arange(rows)).all()
    correlation = np.corrcoef(np.vstack([found, np.arange(rows)[None]]))
    assert np.abs(correlation - np.eye(10)).max() < 0.03, "chance is about 0.005"


def test_epochs_differ_and_a_run_that_continues_sees_the_same_steps(worker, digits):
    shards = Shards(200, 64, 1)
    two = epoch_of(digits, shards, steps=8, augment=Augment(shift=0.2))
    assert (two[0][1] != two[4][1]).any()
    for before, after in zip(
        two[3:], epoch_of(digits, shards, first_step=3, steps=5, augment=Augment(shift=0.2)), strict=True
    ):
        assert (before[0] == after[0]).all()
        assert (before[1] == after[1]).all()


def test_scaling_uses_the_training_rows_only():
    images = np.random.RandomState(0).randint(0, 100, (50, 4, 4, 3)).astype(np.uint8)
    images[40:] = 255
    rows = np.arange(40)
    unit, center, standard = (
        fit_pixels(name, images, rows)(images[rows].astype(np.float32)) for name in ("unit", "center", "standardize")
    )
    assert unit.max() == pytest.approx(images[rows].max() / 255)
    assert center.mean(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-6)
    assert standard.std(axis=(0, 1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)
    assert (unit - center).std(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-5)


def test_a_constant_channel_does_not_divide_by_zero():
    images = np.full((4, 2, 2, 1), 7, np.uint8)
    assert np.isfinite(fit_pixels("standardize", images, np.arange(4))(images.astype(np.float32))).all()
