"""Builders of the bundled networks, registered by name."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from cnnjobs.models.weights import locally_available_weights
from cnnjobs.spec import CustomModel, Model, Variant, WeightsFile
from cnnjobs.spec.networks import VGG16_BLOCKS

Shape = tuple[int, int, int]

SUMMARY_WIDTH = 100
"""Columns of a network's summary."""

IMAGENET_BLUE_GREEN_RED = (103.939, 116.779, 123.68)
"""Mean of each channel over ImageNet, of 255."""


def build_model(spec: Model | CustomModel, image_shape: Shape, classes: int) -> keras.Model:
    """Return a freshly initialised network.

    Args:
        spec: which one, and its options.
        image_shape: (height, width, channels).
        classes: number of outputs.

    Raises:
        TypeError: if a user's function returns something else than a Sequential or functional `keras.Model`.
    """
    if isinstance(spec, Model):
        return BUILDERS[spec.builder](image_shape, classes, **spec.options)
    model = spec.function(image_shape, classes, **spec.options)
    if not isinstance(model, keras.Model):
        raise TypeError(f"{spec.function.__name__}() must return a keras.Model. Received: {model!r}.")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *image_shape))
    if not getattr(model, "outputs", None):
        raise TypeError(
            f"{spec.function.__name__}() must return a Sequential or functional keras.Model. Received: "
            f"{type(model).__name__}, a subclass whose layers are known only when it runs. Wrap it: "
            "inputs = keras.Input(input_shape); return keras.Model(inputs, network(inputs))."
        )
    return model


@dataclass(frozen=True)
class NetworkFacts:
    """What there is to say of a network without training it.

    Args:
        parameters: number of weights, trainable or not.
        summary: Keras's table of its layers, plain text of `SUMMARY_WIDTH` columns.
    """

    parameters: int
    summary: str


def describe_network(variant: Variant, image_shape: Shape, classes: int) -> NetworkFacts:
    """Build the variant's network and describe it."""
    keras.utils.clear_session(free_memory=False)  # layers are numbered from 1 in every network
    model = build_model(variant.network, image_shape, classes)
    return NetworkFacts(int(model.count_params()), _summary(model))


def _summary(model: keras.Model) -> str:
    """Return the table of layers; Keras asks the terminal, or COLUMNS, how wide it may be."""
    lines: list[str] = []
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(SUMMARY_WIDTH)
    try:
        model.summary(line_length=SUMMARY_WIDTH, print_fn=lines.append)
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before
    return "\n".join(line.rstrip() for line in "\n".join(lines).rstrip().splitlines())


def cnn(
    image_shape: Shape,
    classes: int,
    *,
    blocks: tuple[tuple[int, ...], ...],
    dense: tuple[int, ...],
    pool: tuple[int, ...],
    padding: str,
    dropout: tuple[float, ...],
    weight_decay: float,
    batch_norm: bool,
    initializer: str,
    output: str,
) -> keras.Model:
    """Build blocks of 3 x 3 ReLU convolutions, each ended by max pooling, then dense ReLU layers and the output.

    Batch normalisation follows the activation of every convolution and hidden dense layer; dropout
    follows every pooling and every hidden dense layer. Source: the five tutorials, of whose networks
    these are the parts; the block is that of Simonyan and Zisserman (2015).
    """
    options: dict[str, Any] = {"activation": "relu", "kernel_initializer": initializer}
    if weight_decay:
        options["kernel_regularizer"] = keras.regularizers.L2(weight_decay)
    inputs = x = keras.Input(image_shape)
    for filters, side, rate in zip(blocks, pool, dropout, strict=False):
        for size in filters:
            x = _normalised(layers.Conv2D(size, 3, padding=padding, **options)(x), batch_norm)
        x = _dropped(layers.MaxPooling2D(side)(x) if side > 1 else x, rate)
    x = layers.Flatten()(x)
    for size, rate in zip(dense, dropout[len(blocks) :], strict=True):
        x = _dropped(_normalised(layers.Dense(size, **options)(x), batch_norm), rate)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax" if output == "softmax" else None)(x))


def vgg16(
    image_shape: Shape,
    classes: int,
    *,
    weights: str | WeightsFile | None,
    trainable_blocks: int,
    dense: tuple[int, ...],
    dropout: tuple[float, ...],
) -> keras.Model:
    """Build VGG16's convolutions below a new head; grey pictures serve as all three colours.

    Pixels in [0, 1] become those of its training: 0 to 255, blue first, ImageNet's means taken off.
    Source: `keras.applications.VGG16` and its `preprocess_input`.
    """
    with locally_available_weights(weights) as source:
        base = keras.applications.VGG16(include_top=False, weights=source, input_shape=(*image_shape[:2], 3))
    for layer in base.layers:
        block = int(layer.name[5]) if layer.name.startswith("block") else 0
        layer.trainable = block > VGG16_BLOCKS - trainable_blocks
    inputs = x = keras.Input(image_shape)
    if image_shape[-1] == 1:
        x = layers.Concatenate()([x, x, x])
    x = layers.Rescaling(255.0, offset=[-mean for mean in IMAGENET_BLUE_GREEN_RED])(x[..., ::-1])
    x = layers.Flatten()(base(x))
    for size, rate in zip(dense, dropout, strict=True):
        x = _dropped(layers.Dense(size, activation="relu")(x), rate)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def _normalised(x: Any, wanted: bool) -> Any:
    return layers.BatchNormalization()(x) if wanted else x


def _dropped(x: Any, rate: float) -> Any:
    return layers.Dropout(rate)(x) if rate else x


BUILDERS: dict[str, Callable[..., keras.Model]] = {"cnn": cnn, "vgg16": vgg16}
"""Builder by the name that `Model.builder` carries."""
