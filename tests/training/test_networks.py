"""The bundled networks are those of the tutorials: a parameter count is exact."""

import pytest

from cnnjobs import Variant, small_cnn, vgg


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (vgg(blocks=1), 1_060_138),
        (vgg(blocks=2), 591_274),
        (vgg(blocks=3), 550_570),
        (vgg(blocks=3, dropout=0.2), 550_570),
        (vgg(blocks=3, weight_decay=0.001), 550_570),
        (vgg(blocks=3, dropout=(0.2, 0.3, 0.4, 0.5), batch_norm=True), 552_874),
        (small_cnn(), 122_570),
        (small_cnn(dropout=0.4), 122_570),
    ],
    ids=str,
)
def test_parameter_counts_on_cifar10(model, parameters):
    from cnnjobs.models.networks import count_parameters

    assert count_parameters(Variant(model=model), (32, 32, 3), 10) == parameters


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
