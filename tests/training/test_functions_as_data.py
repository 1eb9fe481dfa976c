"""Functions that return data sets by way of Keras and TensorFlow."""

import gzip

import numpy as np
import pytest
import tensorflow as tf
from support.datasets import load, refused

from cnnjobs import FromFunction
from cnnjobs.datasets import dataset_spec
from cnnjobs.planning.identity import pinned_data

X = np.random.default_rng(0).integers(0, 256, (30, 6, 4, 3), dtype=np.uint8)
Y = np.arange(30) % 3


def test_load_data_of_keras_itself_is_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))  # read at its import
    folder = tmp_path / "datasets/fashion-mnist"
    folder.mkdir(parents=True)
    images, labels = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8), np.arange(40) % 10
    for part in ("train", "t10k"):
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as stream:
            stream.write(bytes(8) + labels.astype(np.uint8).tobytes())
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as stream:
            stream.write(bytes(16) + images.tobytes())
    spec = pinned_data(dataset_spec(tf.keras.datasets.fashion_mnist.load_data, tmp_path))
    data = load(spec)
    assert data.name == "fashion_mnist.load_data" and np.array_equal(data.x_train[..., 0], images)
    assert len(spec.source_sha256) == 64


@pytest.mark.parametrize("batch", [None, 8])
def test_a_pipeline_becomes_arrays_as_the_advice_says(batch):
    pipeline = tf.data.Dataset.from_tensor_slices((X, Y))
    pipeline = pipeline if batch is None else pipeline.batch(batch)

    def load_pipelines():
        return pipeline, pipeline

    text = refused(FromFunction(load_pipelines))
    assert text.startswith("load_pipelines(): x_train must be an array. Received: tensorflow.")
    statements, _, returned = text.partition("Make arrays of it: ")[2].removesuffix(".").partition("; return ")
    made = {"np": np, "data": pipeline}
    exec(statements, made)
    arrays = eval(returned, made)

    def load_arrays():
        return arrays

    def load_plain():
        return X, Y

    assert load(FromFunction(load_arrays)).fingerprint == load(FromFunction(load_plain)).fingerprint


def test_tensors_are_arrays():
    def load_tensors():
        return (tf.constant(X), tf.constant(Y)), ([tf.constant(one) for one in X[:9]], Y[:9])

    data = load(FromFunction(load_tensors))
    assert np.array_equal(data.x_train, X) and np.array_equal(data.x_test, X[:9])
