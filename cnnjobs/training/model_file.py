"""Networks as `.keras` files that take pixels as they are and give probabilities, and back."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets.images import Images
from cnnjobs.errors import ModelError
from cnnjobs.models.model_file import MEMBER, ModelMetadata, read_metadata, with_metadata
from cnnjobs.training.input_pipeline import PixelScaling
from cnnjobs.training.keras_settings import settings_pinned
from cnnjobs.training.outputs import Outputs, class_probabilities
from cnnjobs.training.predict_graph import EVALUATION_BYTES
from cnnjobs.wording.sentences import cause

BATCH = 256
"""Pictures a step."""


def pack_model(
    network: keras.Model, pixel_scaling: PixelScaling, metadata: ModelMetadata, *, outputs: Outputs, largest: float
) -> bytes:
    """Return the network as a `.keras` archive whose first layer scales pixels and whose last gives probabilities.

    So nobody can predict with another scaling than that of training, in cnnjobs or in plain Keras. What is done to
    pictures before is in the archive as a script, because no layer of Keras does it to the bit.

    Args:
        network: trained, takes scaled images.
        pixel_scaling: the scaling it was trained with.
        metadata: what goes along.
        outputs: what the network gives.
        largest: value of a white pixel in training, 255 or 1; the archive always takes 0 to 255.

    Raises:
        ValueError: if Keras cannot save it, or it has parts that are known only where the job file was run.
    """
    inputs = keras.Input(metadata.image_shape, name="pixels")
    scale = (pixel_scaling.gain * largest / 255).tolist()
    given = network(keras.layers.Rescaling(scale, offset=pixel_scaling.offset.tolist())(inputs))
    given = given if given.dtype == "float32" else keras.ops.cast(given, "float32")
    probabilities = class_probabilities(given, outputs)
    return with_metadata(_saved(keras.Model(inputs, probabilities)), metadata)


def check_savable(network: keras.Model) -> None:
    """Raise the ValueError of `pack_model`, before hours of training."""
    _saved(network)


def _saved(model: keras.Model) -> bytes:
    """Return the bytes of a `.keras` archive that loads where only Keras is known."""
    with tempfile.TemporaryDirectory(prefix="cnnjobs-") as folder:
        path = Path(folder, "model.keras")
        try:
            model.save(path)
            _refuse_foreign(json.loads(zipfile.ZipFile(path).read("config.json")))
            keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises many kinds
            raise ValueError(
                "The network cannot be saved so that it loads without the job file: "
                f"{type(error).__name__}: {cause(error)}. "
                "Build it of Keras's own layers, without Lambda."
            ) from error
        return path.read_bytes()


def _refuse_foreign(config: Any) -> None:
    """Raise a TypeError for a part of a saved network that Keras knows only in this process."""
    if isinstance(config, dict):
        module = config.get("module")
        if "class_name" in config and isinstance(module, str) and not f"{module}.".startswith("keras."):
            raise TypeError(f"{config['class_name']} is not of Keras.")
        registered = config.get("registered_name")
        if isinstance(registered, str) and ">" in registered:
            raise TypeError(f"{registered.rpartition('>')[2]} is not of Keras.")
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        _refuse_foreign(part)


class ModelFile:
    """A network from a model file.

    Args:
        path: what `cnnjobs fit` has written.

    Raises:
        ModelError: if it is none, or Keras cannot load it.
    """

    @settings_pinned()
    def __init__(self, path: str | Path) -> None:
        self.metadata = read_metadata(path)
        try:
            self._model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises many kinds
            raise ModelError(f"{path}: Keras cannot load it ({type(error).__name__}: {cause(error)}).") from error
        self._check(path)
        images = tf.TensorSpec([None, *self.metadata.image_shape], tf.float32)
        self._forward = tf.function(self._probabilities, [images], autograph=False)

    @settings_pinned()
    def predict(self, images: Images) -> NDArray[np.float32]:
        """Return class probabilities, (n, classes).

        Args:
            images: (n, height, width, channels) of `metadata.image_shape`, from 0 to 255.
        """
        step = max(1, min(BATCH, EVALUATION_BYTES // (4 * int(np.prod(self.metadata.image_shape)))))
        starts = range(0, len(images), step)
        parts = [self._forward(images[start : start + step].astype(np.float32)).numpy() for start in starts]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.metadata.class_names)), np.float32)

    def _probabilities(self, images: Any) -> Any:
        return self._model(images, training=False)

    def _check(self, path: str | Path) -> None:
        """Refuse a network that is not the one the file speaks of."""
        expected = (None, *self.metadata.image_shape), (None, len(self.metadata.class_names))
        shapes = tuple(self._model.input_shape), tuple(self._model.output_shape)
        if shapes != expected:
            raise ModelError(
                f"{path}: its network must take {expected[0]} and give {expected[1]}, as its {MEMBER} says. "
                f"Received: {shapes[0]} and {shapes[1]}."
            )
