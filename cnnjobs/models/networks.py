"""Builders of the bundled networks, registered by name."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from cnnjobs.spec import CustomModel, Model, Variant

Shape = tuple[int, int, int]


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


def count_parameters(variant: Variant, image_shape: Shape, classes: int) -> int:
    """Return the number of weights, trainable or not, of the variant's network."""
    return int(build_model(variant.network, image_shape, classes).count_params())


def vgg(
    image_shape: Shape,
    classes: int,
    *,
    blocks: int,
    filters: int,
    dense: int,
    dropout: tuple[float, ...],
    weight_decay: float,
    batch_norm: bool,
) -> keras.Model:
    """Build blocks of two 3 x 3 same-padded ReLU convolutions and 2 x 2 max pooling, He-uniform, softmax.

    Batch normalisation follows the activation of every convolution and of the hidden dense layer.
    Source: the block of Simonyan and Zisserman (2015), as tutorial A uses it.
    """
    options: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_uniform"}
    if weight_decay:
        options["kernel_regularizer"] = keras.regularizers.L2(weight_decay)

    def normalised(x: Any) -> Any:
        return layers.BatchNormalization()(x) if batch_norm else x

    def dropped(x: Any, rate: float) -> Any:
        return layers.Dropout(rate)(x) if rate else x

    inputs = x = keras.Input(image_shape)
    for block in range(blocks):
        for _ in range(2):
            x = normalised(layers.Conv2D(filters * 2**block, 3, padding="same", **options)(x))
        x = dropped(layers.MaxPooling2D(2)(x), dropout[block])
    x = normalised(layers.Dense(dense, **options)(layers.Flatten()(x)))
    x = dropped(x, dropout[blocks])
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def small_cnn(image_shape: Shape, classes: int, *, filters: tuple[int, ...], dense: int, dropout: float) -> keras.Model:
    """Build 3 x 3 unpadded ReLU convolutions, 2 x 2 max pooling after all but the last, logits.

    Source: tutorial B.
    """
    inputs = x = keras.Input(image_shape)
    for index, size in enumerate(filters):
        x = layers.Conv2D(size, 3, activation="relu")(x)
        if index < len(filters) - 1:
            x = layers.MaxPooling2D(2)(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(dense, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(classes)(x))


BUILDERS: dict[str, Callable[..., keras.Model]] = {"vgg": vgg, "small_cnn": small_cnn}
"""Builder by the name that `Model.builder` carries."""
