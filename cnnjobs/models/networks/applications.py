"""Networks of `keras.applications` below a new head, with their own preprocessing."""

from typing import Any

import keras
import numpy as np
from keras import layers

from cnnjobs.models.networks.layer_names import Holder, holders_of, named
from cnnjobs.models.networks.plain import Shape, dropped
from cnnjobs.models.weights import locally_available_weights, weights_source
from cnnjobs.spec import WeightsFile
from cnnjobs.spec.keras_applications import APPLICATIONS
from cnnjobs.spec.pretrained import VGG16_BLOCKS
from cnnjobs.wording.sentences import cause

IMAGENET_BLUE_GREEN_RED = (103.939, 116.779, 123.68)
"""Mean of each channel over ImageNet, of 255."""

IMAGENET_MEAN, IMAGENET_SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of each channel, red first, over ImageNet, of 1."""


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
    base = _base("VGG16", weights, image_shape, pooling=None, alpha=None)
    for layer in base.layers:
        block = int(layer.name[5]) if layer.name.startswith("block") else 0
        layer.trainable = block > VGG16_BLOCKS - trainable_blocks
    inputs = keras.Input(image_shape)
    x = layers.Flatten()(base(_caffe(_coloured(inputs))))
    for size, rate in zip(dense, dropout, strict=True):
        x = dropped(layers.Dense(size, activation="relu")(x), rate)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def application(
    image_shape: Shape,
    classes: int,
    *,
    name: str,
    weights: str | WeightsFile | None,
    trainable: int | str | tuple[str, ...],
    batch_norm: str,
    pooling: str | None,
    dense: tuple[int, ...],
    dropout: tuple[float, ...],
    alpha: float | None,
) -> keras.Model:
    """Build a network of `keras.applications` below a new head that gives logits; grey pictures serve as all colours.

    Raises:
        ValueError: if the weights are of another network, or it has no such layers.
    """
    base = _base(name, weights, image_shape, pooling, alpha)
    _freeze(base, trainable, frozen_norms=batch_norm == "frozen")
    inputs = keras.Input(image_shape)
    x = base(preprocessed(_coloured(inputs), name, base, pretrained=weights is not None))
    x = dropped(x if pooling else layers.Flatten()(x), dropout[0])
    for size, rate in zip(dense, dropout[1:], strict=True):
        x = dropped(layers.Dense(size, activation="relu")(x), rate)
    return keras.Model(inputs, layers.Dense(classes, name="output")(x))


def _base(
    name: str, weights: str | WeightsFile | None, image_shape: Shape, pooling: str | None, alpha: float | None
) -> keras.Model:
    """Return Keras's network without its dense layers, with its weights."""
    options = {} if alpha is None else {"alpha": alpha}
    shape = (*image_shape[:2], 3)
    make = getattr(keras.applications, name)
    base = make(include_top=False, weights=None, input_shape=shape, pooling=pooling, **options)
    if weights is None:
        return base
    source = weights_source(name, weights, alpha, image_shape)
    with locally_available_weights(source) as path:
        try:
            base.load_weights(path)
        except Exception as error:  # Keras raises many kinds
            raise ValueError(
                f"The weights must be those of {name} without its dense layers (include_top=False). "
                f"Received: {source.path} ({cause(error)})."
            ) from error
    return base


def _coloured(x: Any) -> Any:
    return layers.Concatenate()([x, x, x]) if x.shape[-1] == 1 else x


def _caffe(x: Any) -> Any:
    return layers.Rescaling(255.0, offset=[-mean for mean in IMAGENET_BLUE_GREEN_RED])(x[..., ::-1])


def preprocessed(x: Any, name: str, base: keras.Model, *, pretrained: bool) -> Any:
    """Return pixels in [0, 1] as Keras's `preprocess_input` of the application makes them of 0 to 255."""
    pixels = APPLICATIONS[name].pixels
    if pixels == "caffe":
        return _caffe(x)
    if pixels == "torch":
        taken_off = [-mean / sd for mean, sd in zip(IMAGENET_MEAN, IMAGENET_SD, strict=True)]
        return layers.Rescaling([1 / sd for sd in IMAGENET_SD], offset=taken_off)(x)
    if pixels == "tf":
        return layers.Rescaling(2.0, offset=-1.0)(x)
    scale, offset = np.full(3, 255.0), np.zeros(3)
    if pretrained and name.startswith("EfficientNetB"):
        # Keras divides once more by the root of the standard deviation behind its normalisation, where it loads the
        # weights of ImageNet by itself; here that is done before: m + c (x - m) comes out as c times what x does
        mean = _normalisation_mean(base)
        factor = 1 / np.sqrt(IMAGENET_SD) if mean.any() else np.ones(3)
        scale, offset = 255 * factor, 255 * mean * (1 - factor)
    return layers.Rescaling(scale.tolist(), offset=offset.tolist())(x)


def _normalisation_mean(base: keras.Model) -> Any:
    """Return what a network takes off each channel of pixels in [0, 1], (3,): zeros if it was never adapted."""
    [layer] = [one for one in base.layers if isinstance(one, keras.layers.Normalization)]
    return np.ravel(keras.ops.convert_to_numpy(layer.mean)).astype(np.float64)


def _freeze(base: keras.Model, trainable: int | str | tuple[str, ...], *, frozen_norms: bool) -> None:
    """Have some layers trained, and the others compute as when predicting.

    Keras lets a call with training=True overrule `base(x, training=False)`, so each layer is told by itself.

    Raises:
        ValueError: for a name that no layer with weights has, or more layers than there are.
    """
    holders = list(holders_of(base))
    own = {id(one.layer) for one in _trained(trainable, holders)}
    for one in holders:
        norm = isinstance(one.layer, keras.layers.BatchNormalization)
        one.layer.trainable = id(one.layer) in own and not (norm and frozen_norms)
    for layer in base.layers:
        if isinstance(layer, keras.layers.Dropout) and trainable != "all":
            layer.rate = 0.0


def _trained(trainable: int | str | tuple[str, ...], holders: list[Holder]) -> list[Holder]:
    if trainable == "all":
        return holders
    if not isinstance(trainable, int):
        beginnings = (trainable,) if isinstance(trainable, str) else trainable
        return [one for beginning in beginnings for one in named("application.trainable", beginning, holders)]
    if trainable > len(holders):
        raise ValueError(
            f"`application.trainable` must be at most {len(holders)}, the layers with weights. Received: {trainable}."
        )
    return holders[len(holders) - trainable :]
