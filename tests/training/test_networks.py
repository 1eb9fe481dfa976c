"""The bundled networks are those of the tutorials: a parameter count is exact."""

import pytest

from cnnjobs import cnn, mlp, resnet, small_cnn, smaller_vgg, vgg, vgg16, wide_resnet

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


RESIDUAL = [  # trainable parameters; the papers give them in millions
    (resnet(depth=20), 269_722, 0.27),
    (resnet(depth=20, preactivation=True), 269_722, 0.27),
    (resnet(depth=20, shortcut="projection"), 272_474, 0.27),
    (resnet(depth=32), 464_154, 0.46),
    (resnet(depth=44), 658_586, 0.66),
    (resnet(depth=56), 853_018, 0.85),
    (resnet(depth=110), 1_727_962, 1.7),
    (wide_resnet(depth=16, width=4), 2_748_890, 2.7),
    (wide_resnet(depth=40, width=4), 8_949_210, 8.9),
    (wide_resnet(), 36_479_194, 36.5),
]


@pytest.mark.parametrize(("model", "parameters", "published"), RESIDUAL, ids=str)
def test_residual_networks_have_the_published_number_of_parameters(model, parameters, published):
    from cnnjobs.models.networks import build_model

    network = build_model(model, (32, 32, 3), 10)
    found = sum(weight.shape.num_elements() for weight in network.trainable_weights)
    assert found == parameters
    assert float(f"{found / 1e6:.2g}" if published < 10 else f"{found / 1e6:.3g}") == published
    assert network.get_layer("stage3_block1_conv1").output.shape[1:3] == (8, 8), "the picture is halved twice"


BLOCKS = {
    "version 1, identity": (resnet(depth=8, filters=4), [4, 8, 16], ["GetItem", "Pad"]),
    "version 1, projection": (resnet(depth=8, filters=4, shortcut="projection"), [4, 8, 16], ["BatchNormalization"]),
    "version 2, identity": (
        resnet(depth=8, filters=4, preactivation=True, dropout=0.1),
        [4, 8, 16],
        ["GetItem", "Pad"],
    ),
    "wide": (wide_resnet(depth=10, width=2), [32, 64, 128], ["Conv2D"]),
}


@pytest.mark.parametrize(("model", "filters", "shortcut"), BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (7, 5, 3), (1, 1, 1)], ids=str)
def test_residual_networks_take_any_size_and_come_back_from_a_file(model, filters, shortcut, shape, tmp_path):
    import keras
    import numpy as np

    from cnnjobs.models.networks import build_model

    network = build_model(model, shape, 3)
    sums = [network.get_layer(f"stage{stage}_block1_add") for stage in (1, 2, 3)]
    assert [layer.output.shape[-1] for layer in sums] == filters
    sides = [tuple(-(-side // factor) for side in shape[:2]) for factor in (1, 2, 4)]
    assert [layer.output.shape[1:3] for layer in sums] == sides
    came = sums[1].input[0]._keras_history.operation
    assert type(came).__name__ == shortcut[-1]
    network.save(tmp_path / "n.keras")
    pictures = np.random.default_rng(0).random((2, *shape), np.float32)
    found = keras.saving.load_model(tmp_path / "n.keras")(pictures)
    assert np.array_equal(network(pictures), found)


def test_an_identity_keeps_every_second_pixel_and_fills_new_filters_with_zeros():
    """Where the convolutions of a block give nothing, what comes out is the shortcut: option A of the paper."""
    import keras
    import numpy as np

    from cnnjobs.models.networks import build_model

    network = build_model(resnet(depth=8, filters=2), (5, 6, 2), 3)
    block = keras.Model(network.get_layer("stage1_block1_relu").output, network.get_layer("stage2_block1_add").output)
    block.get_layer("stage2_block1_conv2_bn").gamma.assign(np.zeros(4))
    pictures = np.random.default_rng(0).random((2, 5, 6, 2), np.float32)
    found = np.asarray(block(pictures))
    assert np.array_equal(found[..., 1:3], pictures[:, ::2, ::2])
    assert not found[..., [0, 3]].any()


def test_weight_decay_of_a_residual_network_is_on_every_kernel():
    from cnnjobs.models.networks import build_model

    network = build_model(resnet(depth=8, weight_decay=0.001, shortcut="projection"), (8, 8, 1), 3)
    found = [layer.kernel_regularizer for layer in network.layers if hasattr(layer, "kernel")]
    assert len(found) == 7 + 2 + 1
    assert [float(one.l2) for one in found] == pytest.approx([0.001] * len(found))
    assert len(network.losses) == len(found)
