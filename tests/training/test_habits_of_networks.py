"""Habits of people who write networks for `fit`: told where training does something else."""

import numpy as np
import pytest
from support.training_runs import digits

from cnnjobs import Finetune, Variant, custom


def look(function, **changes):
    from cnnjobs.models.network_facts import NetworkRequest, first_pictures
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    data = digits(64)
    pictures = first_pictures(data.x_train, data.y_train, 8)
    return look_at(NetworkRequest(Variant(model=custom(function), **changes), 10, 1, pictures), make_strategy(1, 0, 1))


def subclass(call, **methods):
    """A function of a job file that returns a subclass with this `call`, and these methods."""

    def net(input_shape, classes):
        import keras

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.flat, self.head = keras.layers.Flatten(), keras.layers.Dense(classes)

        Net.call = call
        for name, method in methods.items():
            setattr(Net, name, method)
        return Net()

    return net


def functional(end):
    def net(input_shape, classes):
        import keras

        inputs = keras.Input(input_shape)
        return keras.Model(inputs, end(keras, inputs, classes))

    return net


def head(keras, x, classes):
    return keras.layers.Dense(classes)(keras.layers.Flatten()(x))


REFUSED = {
    "an argument without default": (
        subclass(lambda self, x, training: self.head(self.flat(x))),
        "Net.call() must take pictures alone, and may take `training`. Received: it needs training too.",
    ),
    "a dict": (
        subclass(lambda self, x: {"logits": self.head(self.flat(x))}),
        "with a dict of outputs, of shape (None, 10). Return one of them, as a tensor",
    ),
    "two heads": (
        functional(lambda keras, x, classes: [head(keras, x, classes), head(keras, x, classes)]),
        "with a list of outputs, of shape (None, 10), (None, 10). Return one of them",
    ),
    "a convolution as the head": (
        functional(lambda keras, x, classes: keras.layers.Conv2D(classes, 8)(x)),
        "output shape (None, 1, 1, 10). End it with keras.layers.Flatten()",
    ),
    "a head for each pixel": (
        functional(lambda keras, x, classes: keras.layers.Dense(classes)(x)),
        "output shape (None, 8, 8, 10). Put keras.layers.Flatten() or GlobalAveragePooling2D() before",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_outputs_of_other_forms_are_refused_with_what_to_do(form):
    function, message = REFUSED[form]
    assert message in look(function).why


def call(self, x, training=None):
    return self.head(self.flat(x))


def test_a_training_step_of_ones_own_is_not_used_and_that_is_said():
    assert look(subclass(call)).notes == ()
    (note,) = look(subclass(call, train_step=lambda self, data: {}, compute_loss=lambda self, **given: 0.0)).notes
    assert note.startswith("methods of its own are not used, train_step(), compute_loss():")


def base_of(keras, x, trainable, *layers, training=False):
    base = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Conv2D(4, 3), *layers], name="base")
    base.trainable = trainable
    return base(x, training=training)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda keras, x: base_of(keras, x, True, keras.layers.BatchNormalization()), "in training it normalises each"),
        (lambda keras, x: base_of(keras, x, False, keras.layers.BatchNormalization()), None),
        (lambda keras, x: base_of(keras, x, True, keras.layers.BatchNormalization(), training=None), None),
        (lambda keras, x: base_of(keras, x, False, keras.layers.Dropout(0.5)), "in training it draws at random"),
        (lambda keras, x: keras.layers.BatchNormalization(name="base")(x, training=False), "in training it normalises"),
    ],
    ids=["trained", "frozen", "not asked for", "dropout", "a layer"],
)
def test_keras_does_not_heed_training_false_within_a_network_and_that_is_said(end, said):
    """The statistics do change, and the masks are drawn, although the network was written not to."""
    import keras

    network = functional(lambda keras, x, classes: head(keras, end(keras, x), classes))
    notes = look(network).notes
    model = network((8, 8, 1), 10)
    pictures = np.random.default_rng(0).random((16, 8, 8, 1), np.float32) * 5
    before = [one.numpy() for one in model.non_trainable_variables]
    outputs = [keras.ops.convert_to_numpy(model(pictures, training=True)) for _ in range(2)]
    after = [one.numpy() for one in model.non_trainable_variables]
    changed = any(not np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    if said is None:
        assert notes == ()
    else:
        (note,) = notes
        assert note.startswith("'base' is called with training=False, which Keras ignores") and said in note
        assert changed or not np.array_equal(*outputs)


def test_a_plain_network_with_dropout_gets_no_note():
    """Keras writes training=False, the default of Dropout, into every call of it."""
    assert look(functional(lambda keras, x, classes: head(keras, keras.layers.Dropout(0.5)(x), classes))).notes == ()


def test_batch_normalisation_that_is_fine_tuned_needs_no_such_note():
    network = functional(
        lambda keras, x, classes: head(keras, base_of(keras, x, False, keras.layers.BatchNormalization()), classes)
    )
    assert look(network, finetune=Finetune(after=1, layers="base")).notes == ()
