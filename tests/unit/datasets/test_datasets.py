"""Data sets that are no folders of pictures: read right, or refused with a reason."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from support.datasets import load, refused

from cnnjobs import Npz
from cnnjobs.datasets import needs_download
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.spec import BuiltinDataset

# --- digits -------------------------------------------------------------------------------------------------------


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    ours, theirs = load(BuiltinDataset("digits")), load_digits()
    assert ours.x_train.shape == (1438, 8, 8, 1)
    assert ours.x_test.shape == (359, 8, 8, 1)
    pixels = np.concatenate([ours.x_train, ours.x_test]).reshape(-1, 64).astype(float)
    labels = np.concatenate([ours.y_train, ours.y_test])
    back = {(tuple(np.round(row * 16 / 255)), label) for row, label in zip(pixels, labels, strict=True)}
    assert back == {(tuple(row), label) for row, label in zip(theirs.data, theirs.target, strict=True)}


def test_a_limit_keeps_classes_in_proportion_and_is_always_the_same():
    digits = load(BuiltinDataset("digits"))
    few = digits.limited(50)
    assert np.bincount(few.y_train).tolist() == [5] * 10
    assert (few.x_train == digits.limited(50).x_train).all()
    assert (few.x_test == digits.x_test).all()


def test_a_limit_leaves_every_class_two_rows(tmp_path):
    labels = np.repeat([0, 1], [95, 5])
    data = load(
        npz(tmp_path, x_train=np.zeros((100, 4, 4), np.uint8), y_train=labels, x_test=IMAGES, y_test=LABELS % 2)
    )
    assert np.bincount(data.limited(10).y_train).tolist() == [8, 2]
    assert np.bincount(data.limited(4).y_train).tolist() == [2, 2]


@pytest.mark.parametrize("rows", [19, 1439])
def test_a_limit_beyond_the_rows_is_refused(rows):
    with pytest.raises(SpecError, match=f"must be between 20, two rows per class, and 1438.* Received: {rows}"):
        load(BuiltinDataset("digits")).limited(rows)


# --- .npz ---------------------------------------------------------------------------------------------------------

IMAGES = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)
LABELS = np.array([3, 7] * 5)


def npz(tmp_path, **arrays):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    return Npz(str(path))


def test_an_npz_with_a_test_set_is_read_as_it_is(tmp_path):
    data = load(npz(tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2]))
    assert data.x_train.shape == (10, 4, 4, 1)
    assert data.class_names == ("3", "7")
    assert data.y_train.tolist() == [0, 1] * 5
    assert data.y_test.tolist() == [0, 1]


def test_an_npz_without_a_test_set_has_one_held_out(tmp_path):
    data = load(npz(tmp_path, x_train=IMAGES, y_train=LABELS[:, None]))
    assert (len(data.y_train), len(data.y_test)) == (8, 2)
    assert sorted(data.y_test.tolist()) == [0, 1]


def test_floats_in_the_unit_interval_stay_floats(tmp_path):
    data = load(npz(tmp_path, x_train=IMAGES / 255, y_train=LABELS))
    assert data.x_train.dtype == np.float32


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": IMAGES}, "must have the array 'y_train'. Received: x_train."),
        ({"x_train": IMAGES, "y_train": LABELS[:9]}, "one label per image. Received: 10 images and 9 labels."),
        ({"x_train": IMAGES[0], "y_train": LABELS[:4]}, "x_train must be .n, height, width"),
        ({"x_train": IMAGES.astype(str), "y_train": LABELS}, "x_train must be real numbers.* Received: <U3"),
        ({"x_train": IMAGES * 1j, "y_train": LABELS}, "x_train must be real numbers.* Received: complex128"),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES / 255, "y_test": LABELS},
            "one scale. Received: x_test is float64 from 0 to 0.62.*, but x_train is uint8.* Divide x_train",
        ),
        ({"x_train": IMAGES, "y_train": LABELS * 0}, "must have at least two classes. Received: 0."),
        (
            {"x_train": IMAGES[:3], "y_train": LABELS[:3]},
            "every class must have at least three images: .* Received: class '7' with 1",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:1], "y_test": np.array([9])},
            "y_test has labels that y_train does not have: .9.",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:1, :2], "y_test": LABELS[:1]},
            "train and test images must have one shape. Received: .4, 4, 1. and .2, 4, 1.",
        ),
    ],
)
def test_an_npz_that_contradicts_itself_is_refused(tmp_path, arrays, message):
    with pytest.raises(DatasetError, match=message):
        load(npz(tmp_path, **arrays))


def test_large_labels_stay_apart(tmp_path):
    data = load(npz(tmp_path, x_train=IMAGES, y_train=np.where(LABELS == 3, 0, 2**32)))
    assert data.class_names == ("0", str(2**32))


class Bomb:
    def __reduce__(self):
        return os.mkdir, (str(Path.cwd() / "exploded"),)


def test_pickled_objects_are_never_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Bomb(), Bomb()], dtype=object)
    np.savez(tmp_path / "data.npz", x_train=objects, y_train=np.array([0, 1]))
    assert "pickled Python objects, which are never loaded" in refused(Npz("data.npz"))
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Bomb()))
    assert "pickled Python objects" in refused(Npz("raw.npz"))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"text"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    assert str(tmp_path / "x.npz") in refused(Npz(str(tmp_path / "x.npz")))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "x.npz").symlink_to("/proc/self/mem")
    assert "is no readable .npz archive" in refused(Npz(str(tmp_path / "x.npz")))


def test_a_missing_npz_is_named(tmp_path):
    assert "There is no file" in refused(Npz(str(tmp_path / "none.npz")))


# --- keras.datasets -----------------------------------------------------------------------------------------------


def test_what_is_not_in_keras_cache_needs_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert needs_download(BuiltinDataset("cifar10")) == ((32, 32, 3), 10)
    assert needs_download(BuiltinDataset("cifar100")) == ((32, 32, 3), 100)
    assert needs_download(BuiltinDataset("digits")) is None


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(SpecError, match="must be one of digits, mnist, fashion_mnist, cifar10, cifar100"):
        BuiltinDataset("cifar")
