"""Layers are found by names that are the same in every process."""

import pytest

from cnnjobs import custom


def network(input_shape, classes):
    """A network within one, with names that were given and names of Keras's."""
    import keras

    layers = keras.layers
    base = keras.Sequential(
        [layers.Input(input_shape), layers.Conv2D(2, 3, name="block1_conv"), layers.Conv2D(2, 3), layers.Conv2D(3, 3)],
        name="base",
    )
    inputs = keras.Input(input_shape)
    x = layers.BatchNormalization()(base(inputs))
    return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(x)))


def found(beginning):
    from cnnjobs.models.networks import build_model
    from cnnjobs.models.networks.layer_names import holders_of, named

    holders = list(holders_of(build_model(custom(network), (8, 8, 1), 2)))
    return [one.layer.name for one in named("application.trainable", beginning, holders)]


def test_layers_are_found_by_their_names_those_of_what_they_are_in_and_their_kind():
    assert found("block1") == found("base/block1") == ["block1_conv"]
    assert found("base") == ["block1_conv", "conv2d", "conv2d_1"]
    assert found("conv2d") == ["conv2d", "conv2d_1"]
    assert found("batch_norm") == ["batch_normalization"]
    with pytest.raises(ValueError, match=r"must name layers .* Received: 'block2'\. It has block1_conv, conv2d"):
        found("block2")


def test_numbers_of_layers_do_not_hang_on_what_a_process_has_built_before():
    """Else "conv2d_1", which `plan --summary` shows, would be no layer, or another, in a used worker."""
    import keras

    for _ in range(2):
        keras.layers.Conv2D(2, 3)
        assert found("conv2d_1") == found("base/conv2d_1") == ["conv2d_1"]
    first, second = keras.layers.Conv2D(2, 3).name, keras.layers.Conv2D(2, 3).name
    assert first != second, "outside, Keras counts on"
    assert second.rpartition("_")[2] > "1"
