"""Networks as `.keras` files that take pixels as they are and give probabilities, and back."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.errors import ModelError
from cnnjobs.modelfile import About, read_about, with_about
from cnnjobs.training.pipeline import Pixels

BATCH = 256
"""Pictures a step."""


def pack_model(network: keras.Model, pixels: Pixels, about: About, *, gives_logits: bool, largest: float) -> bytes:
    """Return the network as a `.keras` archive whose first layer scales pixels and whose last gives probabilities.

    So nobody can predict with another scaling than that of training, in cnnjobs or in plain Keras.

    Args:
        network: trained, takes scaled images.
        pixels: the scaling it was trained with.
        about: what goes along.
        gives_logits: whether a softmax is missing.
        largest: value of a white pixel in training, 255 or 1; the archive always takes 0 to 255.

    Raises:
        ValueError: if Keras cannot save it, or what it saved cannot be loaded without the job file.
    """
    inputs = keras.Input(about.image_shape, name="pixels")
    scale = (pixels.gain * largest / 255).tolist()
    outputs = network(keras.layers.Rescaling(scale, offset=pixels.offset.tolist())(inputs))
    if gives_logits:
        outputs = keras.layers.Softmax(dtype="float32")(outputs)
    with tempfile.TemporaryDirectory(prefix="cnnjobs-") as folder:
        path = Path(folder, "model.keras")
        try:
            keras.Model(inputs, outputs).save(path)
            keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises many kinds
            raise ValueError(
                "The network cannot be saved so that it loads without the job file: "
                f"{type(error).__name__}: {str(error).strip().splitlines()[0]} "
                "Build it of Keras's own layers, without Lambda."
            ) from error
        return with_about(path.read_bytes(), about)


class SavedModel:
    """A network from a model file.

    Args:
        path: what `cnnjobs fit` has written.

    Raises:
        ModelError: if it is none, or Keras cannot load it.
    """

    def __init__(self, path: str | Path) -> None:
        self.about = read_about(path)
        try:
            self._model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises many kinds
            reason = str(error).strip().splitlines()[0] if str(error).strip() else ""
            raise ModelError(f"{path}: Keras cannot load it ({type(error).__name__}: {reason}).") from error
        images = tf.TensorSpec([None, *self.about.image_shape], tf.uint8)
        self._forward = tf.function(self._probabilities, [images], autograph=False)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return class probabilities, (n, classes).

        Args:
            images: (n, height, width, channels) of `about.image_shape`.
        """
        parts = [self._forward(images[start : start + BATCH]).numpy() for start in range(0, len(images), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.about.class_names)), np.float32)

    def _probabilities(self, images: Any) -> Any:
        return self._model(tf.cast(images, tf.float32), training=False)
