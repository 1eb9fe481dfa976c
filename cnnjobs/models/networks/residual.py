"""Residual networks for small pictures, in their two orders of layers, and the wide ones."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from cnnjobs.models.networks.plain import Shape, dropped

MOMENTUM, EPSILON = 0.9, 1e-5
"""Of batch normalisation, as in the authors' implementation (fb.resnet.torch): statistics follow within few steps."""


def resnet(
    image_shape: Shape,
    classes: int,
    *,
    blocks: tuple[int, ...],
    filters: tuple[int, ...],
    stem: int,
    shortcut: str,
    preactivation: bool,
    dropout: float,
    weight_decay: float,
) -> keras.Model:
    """Build a convolution, stages of residual blocks, global average pooling and the output, which is logits.

    Each stage but the first halves the picture in its first block. Layers are named `stage2_block1_conv1` and so on.

    Source: He et al. (2016), "Deep residual learning for image recognition", section 4.2; with `preactivation` He et
    al. (2016), "Identity mappings in deep residual networks"; Zagoruyko and Komodakis (2016), "Wide residual networks".
    """
    regularizer = keras.regularizers.L2(weight_decay) if weight_decay else None
    make = _Layers(shortcut, preactivation, dropout, regularizer)
    inputs = keras.Input(image_shape)
    x = make.convolution(inputs, stem, 3, 1, "conv1")
    if not preactivation:
        x = make.activated(x, "conv1")
    for stage, (count, width) in enumerate(zip(blocks, filters, strict=True), start=1):
        for block in range(1, count + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = make.block(x, width, stride, f"stage{stage}_block{block}")
    if preactivation:
        x = make.activated(x, "last")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(classes, kernel_regularizer=regularizer, name="output")(x))


@dataclass(frozen=True)
class _Layers:
    """What the blocks of a network have in common.

    Args:
        shortcut: where shapes change, "identity" or "projection".
        preactivation: whether normalisation and ReLU come before each convolution.
        dropout: rate between the two convolutions of a block.
        regularizer: of kernels.
    """

    shortcut: str
    preactivation: bool
    dropout: float
    regularizer: keras.regularizers.Regularizer | None

    def block(self, x: Any, filters: int, stride: int, name: str) -> Any:
        """Return two convolutions added to their input."""
        return (self._preactivated if self.preactivation else self._original)(x, filters, stride, name)

    def _original(self, x: Any, filters: int, stride: int, name: str) -> Any:
        y = self.activated(self.convolution(x, filters, 3, stride, f"{name}_conv1"), f"{name}_conv1")
        y = self.convolution(dropped(y, self.dropout), filters, 3, 1, f"{name}_conv2")
        y = _normalised(y, f"{name}_conv2")
        if not _same_shape(x, filters, stride):
            x = self._shortened(x, filters, stride, name)
            x = _normalised(x, f"{name}_shortcut") if self.shortcut == "projection" else x
        return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))

    def _preactivated(self, x: Any, filters: int, stride: int, name: str) -> Any:
        """Return a block whose projection, unlike an identity, starts from what is normalised, as the authors' do."""
        y = self.activated(x, f"{name}_conv1")
        if not _same_shape(x, filters, stride):
            x = self._shortened(y if self.shortcut == "projection" else x, filters, stride, name)
        y = self.convolution(y, filters, 3, stride, f"{name}_conv1")
        y = dropped(self.activated(y, f"{name}_conv2"), self.dropout)
        y = self.convolution(y, filters, 3, 1, f"{name}_conv2")
        return layers.Add(name=f"{name}_add")([x, y])

    def _shortened(self, x: Any, filters: int, stride: int, name: str) -> Any:
        """Return `x` in the shape of a block's output, (n, height / stride, width / stride, filters)."""
        if self.shortcut == "projection":
            return self.convolution(x, filters, 1, stride, f"{name}_shortcut")
        x = x[:, ::stride, ::stride] if stride > 1 else x
        missing = filters - x.shape[-1]
        return keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (missing // 2, missing - missing // 2)))

    def convolution(self, x: Any, filters: int, side: int, stride: int, name: str) -> Any:
        """Return a convolution without bias, padded on all sides alike, so that it lies where its shortcut does."""
        padding = "same"
        if stride > 1 and side > 1:
            x, padding = layers.ZeroPadding2D(side // 2, name=f"{name}_pad")(x), "valid"
        return layers.Conv2D(
            filters,
            side,
            stride,
            padding,
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=self.regularizer,
            name=name,
        )(x)

    def activated(self, x: Any, name: str) -> Any:
        """Return batch normalisation and ReLU."""
        return layers.ReLU(name=f"{name}_relu")(_normalised(x, name))


def _normalised(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_bn")(x)


def _same_shape(x: Any, filters: int, stride: int) -> bool:
    return stride == 1 and x.shape[-1] == filters
