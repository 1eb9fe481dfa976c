"""Optimizers against those of Keras in `fit`, what weight decay leaves out, and functions that return an optimizer."""

import numpy as np
import pytest
from support.fit import fitted, keras_optimizer
from support.training_runs import BUNDLED, DROPPING, outcome, plain, trial_of

from cnnjobs import SGD, Adagrad, Adam, Adamax, AdamW, CosineDecay, Lion, Muon, Variant, custom, mlp, optimizer, vgg

NORMALISED = vgg(blocks=1, filters=8, dense=16, batch_norm=True)
BESIDE = ["bias", "gamma", "beta"]


def decayed_by_keras(spec, excluded=BESIDE, **settings):
    """Keras's optimizer for a spec with weight decay, without that of the weights whose names contain these."""
    import keras

    rate, decay = spec.learning_rate, spec.weight_decay
    made = getattr(keras.optimizers, type(spec).__name__)(rate, weight_decay=decay, **settings)
    if excluded:
        made.exclude_from_weight_decay(var_names=excluded)
    return made


OF_KERAS = {
    "AdamW": (BUNDLED["small_cnn"], AdamW(0.003, weight_decay=0.5), decayed_by_keras),
    "AdamW, decay of all": (
        BUNDLED["small_cnn"],
        AdamW(0.003, weight_decay=0.5, decay_all=True),
        lambda spec: decayed_by_keras(spec, ()),
    ),
    "SGD with weight decay": (
        NORMALISED,
        SGD(0.01, momentum=0.9, nesterov=True, weight_decay=0.5),
        lambda spec: decayed_by_keras(spec, momentum=0.9, nesterov=True),
    ),
    "Lion": (BUNDLED["small_cnn"], Lion(0.0003, weight_decay=0.5), decayed_by_keras),
    "Adagrad": (BUNDLED["small_cnn"], Adagrad(0.01), keras_optimizer),
    "Adamax": (BUNDLED["small_cnn"], Adamax(0.002), keras_optimizer),
    "Muon": (
        mlp(dense=(24, 16)),
        Muon(0.002, weight_decay=0.5),
        lambda spec: decayed_by_keras(spec, adam_weight_decay=0.5, exclude_layers=["dense_2/"]),
    ),
}


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize("name", OF_KERAS)
def test_weights_are_those_of_fit_on_the_same_batches(worker, name):
    model, spec, of_keras = OF_KERAS[name]
    trial = trial_of(plain(model, optimizer=spec, epochs=2, batch_size=100))
    import keras

    keras.utils.clear_session(free_memory=False)  # layers are numbered anew
    expected = fitted(worker, trial, of_keras(spec))
    found = outcome(worker, trial)
    assert found["loss"][0] > found["loss"][-1]
    for mine, theirs in zip(worker.train_graph.model.get_weights(), expected, strict=True):
        assert np.abs(mine - theirs).max() < 2e-5


# --- what is decayed -------------------------------------------------------------------------------------------------


def test_of_bundled_networks_the_kernels_are_decayed():
    from cnnjobs.models.networks import build_model
    from cnnjobs.training.optimizers import is_decayed

    for network in DROPPING.values():
        weights = build_model(network, (8, 8, 1), 10).trainable_variables
        assert {one.name for one in weights if is_decayed(one)} == {"kernel"}
        assert {one.name for one in weights if not is_decayed(one)} <= {"bias", "gamma", "beta"}


def test_biases_and_normalisations_of_more_dimensions_are_not_decayed():
    """Those of attention have two dimensions, and a layer norm over whole pictures three."""
    import keras

    from cnnjobs.training.optimizers import is_decayed

    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    rows = layers.Reshape((8, 8))(layers.PReLU()(layers.LayerNormalization(axis=[1, 2, 3])(inputs)))
    attended = layers.MultiHeadAttention(num_heads=2, key_dim=4)(rows, rows)
    network = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(attended)))
    left_out = [one for one in network.trainable_variables if not is_decayed(one)]
    assert sorted((one.name, len(one.shape)) for one in left_out) == [
        ("alpha", 3),
        *[("beta", 3)],
        *[("bias", 1)] * 2,
        *[("bias", 2)] * 3,
        ("gamma", 3),
    ]
    assert {one.name for one in network.trainable_variables if is_decayed(one)} == {"kernel"}


def test_muon_makes_no_outputs_orthogonal(worker):
    outcome(worker, trial_of(plain(BUNDLED["mlp"], optimizer=Muon(), epochs=1)))
    muon, weights = worker.train_graph.model.optimizer, worker.train_graph.model.trainable_variables
    assert [muon._should_use_adamw(one) for one in weights] == [False, True, False, True, True, True]


# --- functions of the user's -----------------------------------------------------------------------------------------


def of_keras(kind="Adam", rate=0.001, **settings):
    import keras

    return getattr(keras.optimizers, kind)(rate, **settings)


def test_a_function_that_returns_an_optimizer_trains_as_the_optimizer_of_that_name(worker):
    """Its rate is the number it was given, not that of a float32, so that schedules have the same rates."""
    settings = {"schedule": CosineDecay(), "epochs": 2}
    ours = outcome(worker, trial_of(plain(BUNDLED["small_cnn"], optimizer=Adam(0.001), **settings)))
    own = optimizer(of_keras, rate=0.001)
    theirs = outcome(worker, trial_of(plain(BUNDLED["small_cnn"], optimizer=own, **settings)))
    assert (theirs["learning_rate"] == ours["learning_rate"]).all()
    assert theirs["val_loss"] == pytest.approx(ours["val_loss"], rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
def test_its_own_clipping_and_decay_are_those_of_fit(worker):
    settings = {"kind": "SGD", "rate": 0.1, "clipnorm": 0.01, "weight_decay": 0.1}
    trial = trial_of(plain(BUNDLED["small_cnn"], optimizer=optimizer(of_keras, **settings), batch_size=100))
    expected = fitted(worker, trial, of_keras(**settings))
    outcome(worker, trial)
    for mine, theirs in zip(worker.train_graph.model.get_weights(), expected, strict=True):
        assert np.abs(mine - theirs).max() < 1e-5


def scheduled(schedule="CosineDecay"):
    import keras

    return keras.optimizers.Adam(getattr(keras.optimizers.schedules, schedule)(0.1, 100))


def scaled():
    import keras

    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())


def nothing():
    return None


def kept(cache=[]):  # noqa: B006
    import keras

    cache.append(keras.optimizers.Adam())
    return cache[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": nothing}, r"nothing\(\) must return a keras.optimizers.Optimizer. Received: nothing: it has no"),
        ({"optimizer": scaled}, r'without a LossScaleOptimizer around it. Use Variant\(precision="float16"\)'),
        ({"optimizer": scheduled}, r"whose learning rate is a number. .*CosineDecay.* Use Variant\(schedule=\.\.\.\)"),
        ({"optimizer": optimizer(of_keras, use_ema=True)}, r"without `use_ema`. .* Use Variant\(ema=\.\.\.\)"),
        (
            {"optimizer": optimizer(of_keras, gradient_accumulation_steps=4)},
            r"Received: gradient_accumulation_steps=4. Use Variant\(accumulate=\.\.\.\)",
        ),
        (
            {"optimizer": optimizer(of_keras, clipvalue=0.5), "clip_norm": 1.0},
            "`clip_norm` and an optimizer with `clipvalue` exclude each other. Received: clip_norm=1 and clipvalue=0.5",
        ),
    ],
)
def test_what_a_variant_does_itself_is_refused_in_an_optimizer(worker, changes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        outcome(worker, trial_of(plain(BUNDLED["mlp"], epochs=1, **changes)))


def test_an_optimizer_that_was_made_before_is_refused(worker):
    outcome(worker, trial_of(plain(BUNDLED["mlp"], epochs=1, optimizer=kept)))
    with pytest.raises(ValueError, match=r"kept\(\) must return a new optimizer whenever it is called"):
        outcome(worker, trial_of(plain(BUNDLED["mlp"], epochs=2, optimizer=kept)))


def test_an_optimizer_that_this_keras_has_not_is_refused(worker, monkeypatch):
    import keras

    monkeypatch.delattr(keras.optimizers, "Muon")
    with pytest.raises(ValueError, match=r"Keras 3.* has no optimizer Muon. Use another optimizer, or a newer version"):
        outcome(worker, trial_of(plain(BUNDLED["mlp"], epochs=1, optimizer=Muon())))


def network(input_shape, classes):
    import keras

    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(classes)])


@pytest.mark.parametrize("model", [BUNDLED["mlp"], custom(network)], ids=["bundled", "own"])
def test_an_optimizer_is_tried_before_anything_is_trained(worker, model):
    from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Pictures, Unusable
    from cnnjobs.training.network_probe import look_at

    pictures = Pictures(worker.dataset.x_train[:8], worker.dataset.y_train[:8])

    def looked_at(own):
        variant = Variant(model=model, optimizer=own, ema=0.9, accumulate=2)
        return look_at(NetworkRequest(variant, 10, 1, pictures), worker._strategy)

    assert isinstance(looked_at(optimizer(of_keras, kind="Lamb")), NetworkFacts)
    assert isinstance(found := looked_at(nothing), Unusable)
    assert "TypeError: nothing() must return a keras.optimizers.Optimizer" in found.why
