"""Builders of the bundled networks, registered by name."""

import os
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from cnnjobs.models.network_facts import NetworkFacts
from cnnjobs.models.weights import locally_available_weights
from cnnjobs.spec import CustomModel, Model, WeightsFile
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
        TypeError: if a user's function returns no `keras.Model`, or one for other pictures or classes.
    """
    if isinstance(spec, Model):
        return BUILDERS[spec.builder](image_shape, classes, **spec.options)
    return finished(spec, returned_by(spec, image_shape, classes), image_shape, classes)


def returned_by(spec: CustomModel, image_shape: Shape, classes: int) -> keras.Model:
    """Return what a user's function returns, as it is.

    Raises:
        TypeError: if it is no `keras.Model`.
    """
    model = spec.function(image_shape, classes, **spec.options)
    if not isinstance(model, keras.Model):
        received = "nothing: it has no `return`" if model is None else repr(model)
        raise TypeError(f"{spec.function.__name__}() must return a keras.Model. Received: {received}.")
    return model


def finished(spec: CustomModel, model: keras.Model, image_shape: Shape, classes: int) -> keras.Model:
    """Return what a user's function has returned as a network that is built, with known inputs and outputs.

    Raises:
        TypeError: if it is one for other pictures or classes.
    """
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *image_shape))
    if not getattr(model, "outputs", None):  # a subclass: its layers are known only when it runs
        inputs = keras.Input(image_shape)
        model = keras.Model(inputs, model(inputs))
    _check_interface(spec.function.__name__, model, image_shape, classes)
    return model


def _check_interface(name: str, model: keras.Model, image_shape: Shape, classes: int) -> None:
    """Refuse a network that takes something else than the pictures, or gives something else than a value a class.

    Of two classes one value is enough.
    """
    taken = [tuple(one.shape) for one in model.inputs]
    fits = len(taken) == 1 and len(taken[0]) == 4 and taken[0][0] is None
    if not fits or any(side not in (None, own) for side, own in zip(taken[0][1:], image_shape, strict=True)):
        raise TypeError(
            f"{name}() must return a network that takes pictures of its argument `input_shape`, {image_shape}. "
            f"Received: one that takes {_shapes(taken)}. Begin it with keras.Input(input_shape)."
        )
    if not str(model.inputs[0].dtype).startswith(("float", "bfloat")):
        raise TypeError(
            f"{name}() must return a network that takes float pixels in [0, 1]. Received: an input of "
            f"{model.inputs[0].dtype}, which would make nearly all of them 0. Leave the dtype of keras.Input out."
        )
    given = [tuple(one.shape) for one in model.outputs]
    alone = isinstance(model, keras.Sequential) or not isinstance(model.output, list | tuple | dict)
    if given not in [[(None, classes)], [(None, 1)] if classes == 2 else []] or not alone:
        lone = ": one unit tells two classes apart" if given == [(None, 1)] else ""
        one_unit = ', or with one unit for the second class, keras.layers.Dense(1, activation="sigmoid")'
        raise TypeError(
            f"The network must return (batch, {classes}), a value for each of the {classes} classes. "
            f"Received: {name}() with output shape {_shapes(given)}{lone}. "
            f"End it with keras.layers.Dense(classes){one_unit if classes == 2 else ''}."
        )


def _shapes(shapes: list[tuple[int | None, ...]]) -> str:
    return ", ".join(str(shape) for shape in shapes)


def describe_network(model: keras.Model) -> NetworkFacts:
    """Return what there is to say of a network that is built."""
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
