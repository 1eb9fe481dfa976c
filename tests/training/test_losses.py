"""What is minimised: against Keras on the same rows, and functions of the user's before anything is trained."""

from dataclasses import replace

import numpy as np
import pytest
from support.fit import keras_optimizer
from support.training_runs import BUNDLED, batches_of, outcome, plain, trial_of

from cnnjobs import SGD, CrossEntropy, Focal, Variant, loss, mlp, small_cnn
from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.errors import SpecError
from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Unusable, first_pictures

CLASSES = 5


def keras_loss(spec):
    """Keras's own loss of soft labels and logits or probabilities."""
    import keras

    if isinstance(spec, CrossEntropy):
        return lambda targets, outputs, logits: keras.losses.categorical_crossentropy(
            targets, outputs, from_logits=logits, label_smoothing=spec.label_smoothing
        )
    return lambda targets, outputs, logits: keras.losses.categorical_focal_crossentropy(
        targets, outputs, alpha=spec.alpha, gamma=spec.gamma, from_logits=logits, label_smoothing=spec.label_smoothing
    )


def judged(logits, labels, *, gives_logits, soft=None):
    import tensorflow as tf

    from cnnjobs.training.losses import Judged

    outputs = tf.constant(logits if gives_logits else np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    return Judged(
        tf.constant(labels), lambda: tf.one_hot(labels, CLASSES) if soft is None else soft, outputs, gives_logits
    )


SPECS = [
    CrossEntropy(label_smoothing=0.1),
    Focal(),
    Focal(gamma=0.5, alpha=0.25),
    Focal(gamma=0),
    Focal(label_smoothing=0.2),
]


@pytest.mark.parametrize("gives_logits", [True, False])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_losses_of_rows_are_those_of_keras_for_hard_and_soft_labels(spec, gives_logits):

    from cnnjobs.training.losses import row_losses

    random = np.random.default_rng(0)
    logits, labels = random.normal(0, 2, (40, CLASSES)).astype(np.float32), random.integers(0, CLASSES, 40, np.int32)
    shares = random.uniform(0, 1, (40, 1)).astype(np.float32)
    mixed = (
        shares * np.eye(CLASSES, dtype=np.float32)[labels]
        + (1 - shares) * np.eye(CLASSES, dtype=np.float32)[labels[::-1]]
    )
    for soft in (None, mixed):
        rows = judged(logits, labels, gives_logits=gives_logits, soft=soft)
        expected = keras_loss(spec)(rows.targets(), rows.outputs, gives_logits).numpy()
        assert row_losses(spec, rows).numpy() == pytest.approx(expected, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("gives_logits", [True, False])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_certain_outputs_have_finite_losses_and_gradients(spec, gives_logits):
    """Probabilities of exactly 0 and 1, right and wrong: powers and logarithms end there."""
    import tensorflow as tf

    from cnnjobs.training.losses import Judged, row_losses

    certain = np.eye(CLASSES, dtype=np.float32)[[0, 1, 2]]
    outputs = tf.Variable(2000 * certain - 1000 if gives_logits else certain)
    labels = tf.constant([0, 3, 2])
    with tf.GradientTape() as tape:
        rows = Judged(labels, lambda: tf.one_hot(labels, CLASSES), tf.convert_to_tensor(outputs), gives_logits)
        losses = row_losses(spec, rows)
    assert np.isfinite(losses.numpy()).all()
    assert np.isfinite(tf.convert_to_tensor(tape.gradient(losses, outputs)).numpy()).all()
    assert losses[1] > losses[0], "the wrong one costs more"


# --- training --------------------------------------------------------------------------------------------------------

EPOCHS = 2


def fitted(worker, trial, keras_loss, **options):
    """Weights after Keras's own `fit` on the same batches, with one-hot labels, from the same initial weights."""
    import keras
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    keras.utils.set_random_seed(trial.seeds.init)
    model = build_model(trial.spec.network, worker.dataset.image_shape, 10)
    model.compile(keras_optimizer(trial.spec.optimizer), keras_loss)
    batches = [
        (images, tf.one_hot(labels, 10), *more)
        for images, labels, *more in batches_of(worker, trial, EPOCHS, **options)
    ]
    shapes = (tf.TensorSpec([None, 8, 8, 1]), tf.TensorSpec([None, 10]), tf.TensorSpec([None]))[: len(batches[0])]
    data = tf.data.Dataset.from_generator(lambda: batches, output_signature=shapes)
    return model, data, len(batches) // EPOCHS


def assert_trained_alike(worker, trial, model):
    outcome(worker, trial)
    for mine, theirs in zip(worker.train_graph.model.get_weights(), model.get_weights(), strict=True):
        assert np.abs(mine - theirs).max() < 1e-5


CASES = {
    "smoothed labels": (
        {"loss": CrossEntropy(label_smoothing=0.1)},
        lambda k: k.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    ),
    "focal": ({"loss": Focal(alpha=0.25)}, lambda k: k.CategoricalFocalCrossentropy(from_logits=True)),
    "balanced focal": (
        {"loss": Focal(gamma=1), "class_weight": "balanced"},
        lambda k: k.CategoricalFocalCrossentropy(alpha=1, gamma=1, from_logits=True),
    ),
    "named weights": ({"class_weight": {"3": 4.0, "7": 0.0}}, lambda k: k.CategoricalCrossentropy(from_logits=True)),
}


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize("case", CASES)
def test_weights_are_those_of_fit_with_the_same_loss_and_class_weight(worker, case):
    import keras

    from cnnjobs.planning.row_weights import class_weights
    from cnnjobs.planning.rows import split_rows

    settings, made = CASES[case]
    model = BUNDLED["small_cnn"]
    trial = trial_of(plain(model, optimizer=SGD(0.05, momentum=0.9), epochs=EPOCHS, batch_size=100, **settings))
    data = worker.dataset
    network, batches, steps = fitted(worker, trial, made(keras.losses))
    weights = None
    if trial.spec.class_weight:
        rows, _ = split_rows(data.training_rows, trial)
        found = class_weights(trial.spec.class_weight, data.y_train[rows], data.class_names)
        weights = dict(enumerate(found.tolist()))
    network.fit(batches, epochs=EPOCHS, steps_per_epoch=steps, shuffle=False, verbose=0, class_weight=weights)
    assert_trained_alike(worker, trial, network)


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
def test_weights_of_rows_are_the_sample_weight_of_fit_times_those_of_classes(worker, monkeypatch):
    import keras

    own = np.random.default_rng(0).uniform(0, 2, len(worker.dataset.y_train)).astype(np.float32)
    monkeypatch.setattr(worker, "dataset", replace(worker.dataset, weights_train=own))
    base = plain(BUNDLED["small_cnn"], optimizer=SGD(0.05, momentum=0.9), epochs=EPOCHS, batch_size=100)
    trial = trial_of(base.but(loss=Focal(gamma=1), class_weight={"3": 4.0}))
    made = keras.losses.CategoricalFocalCrossentropy(alpha=1, gamma=1, from_logits=True)
    network, batches, steps = fitted(worker, trial, made, weighted=True)
    network.fit(batches, epochs=EPOCHS, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert_trained_alike(worker, trial, network)


STILL = SGD(1e-12)
SMALL = plain(mlp(dense=(8,)), epochs=1, optimizer=STILL)


def test_the_told_loss_is_plain_cross_entropy_whatever_is_minimised(worker):
    """Weights stand still, so that all see the same network."""
    base = outcome(worker, trial_of(SMALL))
    for changes in ({"loss": CrossEntropy(label_smoothing=0.3)}, {"loss": Focal()}, {"class_weight": {"3": 5.0}}):
        found = outcome(worker, trial_of(SMALL.but(**changes)))
        assert found["loss"] == pytest.approx(base["loss"], rel=1e-6)
        assert found["val_loss"] == pytest.approx(base["val_loss"], rel=1e-6)
        assert found["objective"] != pytest.approx(base["objective"], rel=1e-3)
    balanced = outcome(worker, trial_of(SMALL.but(class_weight={"3": 0.0})))
    assert balanced["objective"] == pytest.approx(0.9 * base["objective"], rel=0.05), "a tenth of the rows counts 0"


def smoothed_by_hand(labels, outputs, share):
    import tensorflow as tf

    targets = labels * (1 - share) + share / labels.shape[1]
    return -tf.reduce_sum(targets * tf.nn.log_softmax(outputs), axis=1, keepdims=True)


def test_a_function_of_ones_own_trains_as_what_it_computes(worker):
    """With a column too many, (rows, 1), which would make a square of the weighted losses unless it is taken off."""
    base = SMALL.but(optimizer=SGD(0.1), epochs=2, class_weight="balanced")
    theirs = outcome(worker, trial_of(base.but(loss=CrossEntropy(label_smoothing=0.1))))
    own = loss(smoothed_by_hand, of="logits", labels="one-hot", share=0.1)
    mine = outcome(worker, trial_of(base.but(loss=own)))
    assert mine["objective"] == pytest.approx(theirs["objective"], rel=1e-5)
    assert mine["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-5)


@pytest.mark.parametrize("changes", [{"xla": True}, {"precision": "bfloat16"}, {"precision": "float16"}], ids=str)
def test_losses_hold_in_other_ways_to_compute(worker, changes):
    base = SMALL.but(model=small_cnn(filters=(4, 4), dense=8), optimizer=SGD(0.1, momentum=0.9), epochs=2)
    base = base.but(loss=Focal(label_smoothing=0.1), class_weight="balanced")
    expected = outcome(worker, trial_of(base))
    found = outcome(worker, trial_of(base.but(**changes)))
    tolerance = 1e-4 if "xla" in changes else 0.05
    for name in ("loss", "objective", "val_loss"):
        assert found[name] == pytest.approx(expected[name], rel=tolerance)


def endless(labels, outputs):
    import tensorflow as tf

    return 0 * tf.reduce_sum(outputs, axis=1) + float("inf")


def test_an_objective_that_is_not_finite_ends_the_trial_as_diverged(worker):
    *_, result = worker.run(trial_of(SMALL.but(loss=endless, epochs=3)))
    assert result.status == "diverged"
    assert np.isfinite(result.epochs["loss"]).all()
    assert len(result.epochs["epoch"]) == 1


# --- two classes, one rare -------------------------------------------------------------------------------------------


def overlapping(rare=30, common=570):
    """Pictures of noise; those of the rare class are brighter by half of the noise's spread."""
    random = np.random.default_rng(1)

    def part(counts):
        labels = np.repeat(np.arange(2, dtype=np.int32), counts)
        noise = random.normal(100, 40, (len(labels), 4, 4, 1)) + 20 * labels[:, None, None, None]
        return noise.clip(0, 255).astype(np.uint8), labels

    return make_dataset("spots", part((common, rare)), part((300, 300)), ("healthy", "sick"))


@pytest.fixture(scope="module")
def two_classes(worker):
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(overlapping(), cpus=1, gpus=0, replicas=1)


def recalls(worker, variant):
    *_, result = worker.run(trial_of(variant, dataset="spots.npz"))
    predicted = result.predictions.probabilities.argmax(axis=1)
    return [float((predicted[result.predictions.labels == label] == label).mean()) for label in (0, 1)]


def test_balanced_weights_find_what_is_rare(two_classes):
    base = Variant(
        model=mlp(dense=(8,)), optimizer=SGD(0.1, momentum=0.9), epochs=10, batch_size=32, scaling="standardize"
    )
    common, rare = recalls(two_classes, base)
    balanced_common, balanced_rare = recalls(two_classes, base.but(class_weight="balanced"))
    assert common > 0.97
    assert balanced_rare > rare + 0.2
    assert balanced_common < common
    named = recalls(two_classes, base.but(class_weight={"healthy": 600 / 1140, "sick": 10.0}))
    assert named == pytest.approx([balanced_common, balanced_rare], abs=0.03), "the same, by hand"


def test_smoothing_of_two_classes_is_that_of_binary_cross_entropy():
    import keras
    import tensorflow as tf

    from cnnjobs.training.losses import Judged, row_losses

    logits, labels = np.array([[0, 3], [0, -1.5]], np.float32), np.array([1, 1], np.int32)
    rows = Judged(tf.constant(labels), lambda: tf.one_hot(labels, 2), tf.constant(logits), gives_logits=True)
    found = row_losses(CrossEntropy(label_smoothing=0.2), rows).numpy()
    expected = keras.losses.binary_crossentropy(labels[:, None], logits[:, 1:], from_logits=True, label_smoothing=0.2)
    assert found == pytest.approx(expected.numpy(), rel=1e-6)


# --- functions of the user's, before anything is trained --------------------------------------------------------------


def look(worker, function, **settings):
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    data = worker.dataset
    variant = Variant(model=mlp(dense=(8,)), loss=loss(function, **settings))
    pictures = first_pictures(data.x_train, data.y_train, 8)
    return look_at(NetworkRequest(variant, 10, 1, pictures), make_strategy(1, 0, 1))


def mean(labels, outputs):
    import keras

    return keras.losses.CategoricalCrossentropy()(labels, outputs)


def by_class(labels, outputs):
    return (labels - outputs) ** 2


def over_rows(labels, outputs):
    import tensorflow as tf

    return tf.reduce_mean((labels - outputs) ** 2, axis=0)


def nothing(labels, outputs):
    (labels - outputs) ** 2


def right(labels, outputs):
    import tensorflow as tf

    return tf.cast(tf.argmax(labels, axis=1) == tf.argmax(outputs, axis=1), tf.float32)


def count(labels, outputs):
    import tensorflow as tf

    return tf.argmax(outputs, axis=1)


def among_others(labels, outputs):
    import tensorflow as tf

    losses = tf.reduce_sum((labels - outputs) ** 2, axis=1)
    return losses / tf.reduce_max(losses)


def unbounded(labels, outputs):
    import tensorflow as tf

    return tf.math.log(tf.reduce_sum(outputs, axis=1) - 2)


def in_numpy(labels, outputs):
    return np.sum((np.array(labels) - np.array(outputs)) ** 2, axis=1)


def per_row(labels, outputs):
    import keras

    return keras.losses.KLDivergence(reduction=None)(labels, outputs)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            mean,
            "`loss`: mean() must return the loss of each row, (rows,). Received: one value for all of them. Leave the",
        ),
        (by_class, "Received: (8, 10). Take the sum or mean over classes: axis=-1."),
        (over_rows, "Received: (10,) for (8, 10) outputs. Take the sum or mean over classes, axis=-1, not over rows."),
        (nothing, "Received: None. Does it end with `return`?"),
        (right, "`loss`: right() must have a gradient. Received: one that no weight changes."),
        (count, "Received: int64, which has no gradient."),
        (among_others, "`loss`: among_others() must return for each row what it returns for the row alone. Received: "),
        (unbounded, "`loss`: unbounded() must return finite numbers. Received: nan for outputs of the fresh network."),
    ],
)
def test_a_function_that_gives_no_loss_a_row_is_refused_before_anything_is_trained(worker, function, said):
    found = look(worker, function, labels="one-hot")
    assert isinstance(found, Unusable)
    assert said in found.why


def test_a_function_that_computes_in_numpy_is_refused(worker):
    found = look(worker, in_numpy, labels="one-hot")
    assert isinstance(found, Unusable)
    assert "test_losses.py" in found.why


def test_what_is_advised_for_losses_of_keras_works(worker):
    assert isinstance(look(worker, per_row, labels="one-hot"), NetworkFacts)


@pytest.mark.parametrize(
    ("made", "use"),
    [
        (lambda k: k.CategoricalCrossentropy(label_smoothing=0.1), "CrossEntropy(label_smoothing=0.1)"),
        (lambda k: k.SparseCategoricalCrossentropy(from_logits=True), "CrossEntropy()"),
        (lambda k: k.categorical_crossentropy, "CrossEntropy()"),
        (
            lambda k: k.CategoricalFocalCrossentropy(label_smoothing=0.2),
            "(gamma=2.0, alpha=0.25, label_smoothing=0.2)",
        ),
        (lambda k: k.BinaryFocalCrossentropy(gamma=3), "Focal(gamma=3)"),
        (lambda k: k.CategoricalHinge, "return keras.losses.CategoricalHinge(reduction=None)(labels, outputs)"),
        (lambda k: k.KLDivergence(), "return keras.losses.KLDivergence(reduction=None)(labels, outputs)"),
        (lambda k: k.get("mse"), "return keras.losses.mean_squared_error(labels, outputs)"),
    ],
)
def test_losses_of_keras_are_refused_with_what_to_use(made, use):
    import keras

    with pytest.raises(SpecError) as refused:
        Variant(model=mlp(), loss=made(keras.losses))
    assert use in str(refused.value)
    with pytest.raises(SpecError):
        loss(made(keras.losses))


def test_a_function_of_numbers_gets_numbers(worker):
    def likelihood(labels, outputs):
        import tensorflow as tf

        return -tf.math.log(tf.gather(outputs, labels, axis=1, batch_dims=1) + 1e-7)

    assert isinstance(look(worker, likelihood), NetworkFacts)
