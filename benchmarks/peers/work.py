"""The work that all peers share: data, network, a trial with Keras's `fit`, one file per trial.

Nothing of this project is imported, and nothing before it is needed: the clock is running.
"""

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


TEST_DIGITS = 359
"""How many of the digits test, as in this project."""


@dataclass(frozen=True)
class Work:
    """The trials: each variant as often as there are repeats.

    Args:
        variants: name -> arguments of `network`.
        repeats: of each variant.
        epochs: of a trial, each with a pass over the validation rows.
        batch_size: of training.
        optimizer: class of `keras.optimizers`.
        optimizer_options: its arguments.
        validation: share of the training rows that validates.
        archive: an `.npz` file with x_train, y_train, x_test, y_test; None for scikit-learn's scanned digits.
    """

    variants: dict[str, dict[str, Any]]
    repeats: int
    epochs: int
    batch_size: int
    optimizer: str
    optimizer_options: dict[str, float]
    validation: float = 0.2
    archive: str | None = None

    def trials(self) -> list[tuple[str, int]]:
        """Return the trials as (variant, repeat), repeat by repeat."""
        return [(variant, repeat) for repeat in range(self.repeats) for variant in self.variants]

    def save(self, path: Path) -> None:
        """Write it for the peers."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Data(NamedTuple):
    """Images (n, height, width, channels) float32 in [0, 1] and labels (n,) int32, for three purposes."""

    x: Any
    y: Any
    x_valid: Any
    y_valid: Any
    x_test: Any
    y_test: Any


def asked() -> tuple[Work, Path]:
    """Return the work, and the folder for results, of the command line."""
    return Work(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), Path(sys.argv[2])


def load(work: Work) -> Data:
    """Return the data, divided as in this project: a fifth of the digits tests, a share of the rest validates."""
    import numpy as np

    if work.archive:
        with np.load(work.archive) as file:
            x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        x, x_test = (images.astype(np.float32) / 255 for images in (x, x_test))
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = digits.images[..., np.newaxis].astype(np.float32) / 16, digits.target.astype(np.int32)
        order = np.random.default_rng(0).permutation(len(labels))
        test = TEST_DIGITS
        x, y, x_test, y_test = images[order[test:]], labels[order[test:]], images[order[:test]], labels[order[:test]]
    order = np.random.default_rng(1).permutation(len(y))
    valid = round(len(y) * work.validation)
    return Data(x[order[valid:]], y[order[valid:]], x[order[:valid]], y[order[:valid]], x_test, y_test)


def one_thread() -> None:
    """Let each operation use one thread, where as many processes as cores are at work; a process needs it once."""
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def network(
    shape: tuple[int, ...], blocks: int, filters: int, dense: int, dropout: float = 0.0, weight_decay: float = 0.0
) -> Any:
    """Return blocks of two 3 x 3 convolutions and pooling, a dense layer and a softmax of ten classes."""
    import keras
    from keras import layers

    options: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_uniform"}
    if weight_decay:
        options["kernel_regularizer"] = keras.regularizers.L2(weight_decay)
    inputs = x = keras.Input(shape)
    for block in range(blocks):
        for _ in range(2):
            x = layers.Conv2D(filters * 2**block, 3, padding="same", **options)(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(dropout)(x) if dropout else x
    x = layers.Dense(dense, **options)(layers.Flatten()(x))
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def compiled(work: Work, variant: str, data: Data) -> Any:
    """Return the network of a variant, ready for `fit`: an epoch is one execution."""
    import keras

    model = network(data.x.shape[1:], **work.variants[variant])
    model.compile(
        getattr(keras.optimizers, work.optimizer)(**work.optimizer_options),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=-(-len(data.y) // work.batch_size),
    )
    return model


def batches(work: Work, data: Data) -> tuple[Any, Any, Any]:
    """Return batches for training, validation and test, as `tf.data` makes them best: from memory, ahead."""
    import tensorflow as tf

    sliced = tf.data.Dataset.from_tensor_slices
    train = sliced((data.x, data.y)).cache().shuffle(len(data.y)).batch(work.batch_size).prefetch(tf.data.AUTOTUNE)
    return train, sliced((data.x_valid, data.y_valid)).batch(256).cache(), sliced((data.x_test, data.y_test)).batch(256)


def fit(
    work: Work, data: Data, variant: str, repeat: int, callbacks: tuple[Any, ...] = (), model: Any = None
) -> dict[str, Any]:
    """Train one trial and test it; return what is stored of it.

    Args:
        work: what to train.
        data: as `load` returns it.
        variant: of the trial.
        repeat: its number, which is the seed.
        callbacks: for `fit`.
        model: a network that is ready to be trained; without one what is left of the last is cleared, and one is made.
    """
    import keras

    began = time.time()
    if model is None:
        keras.backend.clear_session()
        keras.utils.set_random_seed(repeat)
        model = compiled(work, variant, data)
    train, valid, test = batches(work, data)
    history = model.fit(train, epochs=work.epochs, validation_data=valid, verbose=0, callbacks=[*callbacks])
    _, accuracy = model.evaluate(test, verbose=0)
    return result(variant, repeat, history.history, accuracy, began)


def result(variant: str, repeat: int, history: dict[str, Any], accuracy: float, began: float) -> dict[str, Any]:
    """Return what is stored of a trial."""
    plain = {name: [float(value) for value in values] for name, values in history.items()}
    return {
        "variant": variant,
        "repeat": repeat,
        "history": plain,
        "test_accuracy": float(accuracy),
        "began": began,
        "ended": time.time(),
    }


def save(folder: Path, result: dict[str, Any]) -> None:
    """Write the file of a trial, whole or not at all."""
    path = folder / f"{result['variant']}-{result['repeat']}.json"
    path.with_suffix(".new").write_text(json.dumps(result), encoding="utf-8")
    path.with_suffix(".new").replace(path)
