"""Networks of `keras.applications` below a new head, with their own preprocessing."""

import keras
from keras import layers

from cnnjobs.models.networks.plain import Shape, dropped
from cnnjobs.models.weights import locally_available_weights
from cnnjobs.spec import WeightsFile
from cnnjobs.spec.networks import VGG16_BLOCKS

IMAGENET_BLUE_GREEN_RED = (103.939, 116.779, 123.68)
"""Mean of each channel over ImageNet, of 255."""


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
        x = dropped(layers.Dense(size, activation="relu")(x), rate)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
