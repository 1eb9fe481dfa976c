"""What XLA needs of a network so that its compiled gradients are deterministic."""

from typing import Any

import keras
import tensorflow as tf


def prepare_for_xla(model: keras.Model, replicas: int) -> None:
    """Replace what XLA cannot compile into a deterministic gradient: max pooling.

    Args:
        model: freshly built.
        replicas: how many will train it together.

    Raises:
        ValueError: for overlapping or padded max pooling, and for batch normalisation on several replicas.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization) and replicas > 1:
            raise ValueError(
                f"`xla=True` with batch normalisation needs one replica: statistics of a whole step cannot cross "
                f"replicas inside compiled code. Received: replicas={replicas}. Use xla=False."
            )
        if isinstance(layer, keras.layers.MaxPooling2D):
            if layer.padding != "valid" or layer.strides != layer.pool_size or layer.data_format != "channels_last":
                raise ValueError(
                    "`xla=True` needs max pooling whose windows neither overlap nor are padded: XLA has no "
                    f"deterministic gradient for others. Received: {layer.name} with pool_size={layer.pool_size}, "
                    f"strides={layer.strides}, padding={layer.padding!r}. Use xla=False."
                )
            layer.call = Pooling(layer.pool_size)


class Pooling:
    """Max pooling whose gradient goes to the first largest pixel of each window, as TensorFlow's does."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._height, self._width = size

    def __call__(self, inputs: Any) -> Any:
        """Return (n, height // a, width // b, channels) of inputs (n, height, width, channels)."""
        rows, columns = inputs.shape[1] // self._height, inputs.shape[2] // self._width
        channels = inputs.shape[3]
        whole = inputs[:, : rows * self._height, : columns * self._width]
        windows = tf.reshape(whole, [-1, rows, self._height, columns, self._width, channels])
        windows = tf.reshape(
            tf.transpose(windows, [0, 1, 3, 5, 2, 4]), [-1, rows, columns, channels, self._height * self._width]
        )
        chosen = tf.one_hot(tf.argmax(windows, axis=-1), self._height * self._width, on_value=True, off_value=False)
        return tf.reduce_sum(tf.where(chosen, windows, tf.zeros_like(windows)), axis=-1)
