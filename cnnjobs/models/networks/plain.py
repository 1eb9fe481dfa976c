"""Plain CNNs: blocks of convolutions and pooling, dense layers, output."""

from typing import Any

import keras
from keras import layers

Shape = tuple[int, int, int]


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
        x = dropped(layers.MaxPooling2D(side)(x) if side > 1 else x, rate)
    x = layers.Flatten()(x)
    for size, rate in zip(dense, dropout[len(blocks) :], strict=True):
        x = dropped(_normalised(layers.Dense(size, **options)(x), batch_norm), rate)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax" if output == "softmax" else None)(x))


def _normalised(x: Any, wanted: bool) -> Any:
    return layers.BatchNormalization()(x) if wanted else x


def dropped(x: Any, rate: float) -> Any:
    """Return `x` after dropout, if there is any."""
    return layers.Dropout(rate)(x) if rate else x
