"""The bundled networks are those of the tutorials: a parameter count is exact."""

import pytest

from cnnjobs import cnn, mlp, small_cnn, smaller_vgg, vgg, vgg16

D = {"dense": (100,), "initializer": "he_uniform"}

COUNTS = [
    (vgg(blocks=1), 32, 10, 1_060_138),
    (vgg(blocks=2), 32, 10, 591_274),
    (vgg(blocks=3), 32, 10, 550_570),
    (vgg(blocks=3, dropout=0.2), 32, 10, 550_570),
    (vgg(blocks=3, weight_decay=0.001), 32, 10, 550_570),
    (vgg(blocks=3, dropout=(0.2, 0.3, 0.4, 0.5), batch_norm=True), 32, 10, 552_874),
    (small_cnn(), 32, 10, 122_570),
    (small_cnn(dropout=0.4), 32, 10, 122_570),
    (cnn(blocks=((32, 64), (128, 256, 512), (1024,)), dense=(500,), dropout=(0, 0, 0, 0.5)), 32, 100, 6_850_792),
    (mlp(), 32, 100, 3_623_600),
    (cnn(blocks=((32,),), **D), 28, 10, 542_230),
    (cnn(blocks=((32,),), batch_norm=True, **D), 28, 10, 542_758),
    (cnn(blocks=((32,), (64, 64)), **D), 28, 10, 159_254),
    (smaller_vgg(), 96, 5, 8_678_277),
    (vgg16(weights=None, trainable_blocks=5, dense=()), 32, 10, 14_714_688 + 512 * 10 + 10),
]


@pytest.mark.parametrize(("model", "side", "classes", "parameters"), COUNTS, ids=str)
def test_parameter_counts_are_those_of_the_texts(model, side, classes, parameters):
    from cnnjobs.models.networks import build_model, describe_network

    channels = 1 if side == 28 else 3
    assert describe_network(build_model(model, (side, side, channels), classes)).parameters == parameters


def layers_of(model):
    from cnnjobs.models.networks import build_model

    return build_model(model, (32, 32, 3), 10).layers


def test_dropout_lies_after_every_pooling_and_after_the_dense_layer():
    names = [type(layer).__name__ for layer in layers_of(vgg(blocks=2, dropout=(0.2, 0.3, 0.5)))]
    block = ["Conv2D", "Conv2D", "MaxPooling2D", "Dropout"]
    assert names == ["InputLayer", *block, *block, "Flatten", "Dense", "Dropout", "Dense"]
    rates = [layer.rate for layer in layers_of(vgg(blocks=2, dropout=(0.2, 0.3, 0.5))) if "dropout" in layer.name]
    assert rates == [0.2, 0.3, 0.5]


def test_weight_decay_is_on_every_kernel_but_the_output():
    found = [layer.kernel_regularizer for layer in layers_of(vgg(weight_decay=0.001)) if hasattr(layer, "kernel")]
    assert [float(one.l2) for one in found[:-1]] == pytest.approx([0.001] * 7)
    assert found[-1] is None


def test_a_function_that_returns_no_model_is_told():
    from cnnjobs import custom
    from cnnjobs.models.networks import build_model

    def net(input_shape, classes):
        return "a model"

    with pytest.raises(TypeError, match=r"net\(\) must return a keras.Model. Received: 'a model'"):
        build_model(custom(net), (8, 8, 1), 10)
