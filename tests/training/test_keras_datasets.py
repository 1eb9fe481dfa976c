"""Data sets of `keras.datasets`, through Keras's own cache."""

import gzip

import numpy as np
import pytest

from cnnjobs.datasets import load_dataset, needs_download
from cnnjobs.errors import DatasetError
from cnnjobs.spec import BuiltinDataset


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "keras" / "datasets"


def write_fashion(folder, count=40):
    """The four files Keras reads, in their own format; of all the sets only this one has no checksum in Keras."""
    images = np.random.RandomState(0).randint(0, 256, (count, 28, 28)).astype(np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as stream:
            stream.write(bytes(8) + labels.tobytes())
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as stream:
            stream.write(bytes(16) + images.tobytes())
    return images, labels


def test_a_data_set_in_keras_cache_is_read_through_keras_and_then_kept(keras_home, monkeypatch, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('of the current folder')")
    monkeypatch.chdir(tmp_path)  # nothing is imported from here
    images, labels = write_fashion(keras_home / "fashion-mnist")
    assert needs_download(BuiltinDataset("fashion_mnist")) is None
    data = load_dataset(BuiltinDataset("fashion_mnist"), lambda *_: None)
    assert (data.x_train[..., 0] == images).all()
    assert (data.y_test == labels).all()
    assert data.class_names[9] == "Ankle boot"
    monkeypatch.setattr("cnnjobs.datasets.builtin.keras_sets.subprocess", None)  # the second time needs no Keras
    assert load_dataset(BuiltinDataset("fashion_mnist"), lambda *_: None).fingerprint == data.fingerprint


def test_a_damaged_file_and_no_network_is_explained(keras_home, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    keras_home.mkdir(parents=True)
    (keras_home / "mnist.npz").write_bytes(b"cut short")
    with pytest.raises(DatasetError, match=r"mnist\.npz \(sha256 731c5ac602752760c8e48fbffcf8c3b850d9dc2a2"):
        load_dataset(BuiltinDataset("mnist"), lambda *_: None)
