"""Fingerprints that are fixed: an edit that changes one makes everybody's stored trials on such data run again."""

import numpy as np
import pytest
from PIL import Image
from support.datasets import load

from cnnjobs import ImageFolder, Npz
from cnnjobs.spec import BuiltinDataset

IMAGES = np.arange(10 * 4 * 4, dtype=np.uint8).reshape(10, 4, 4)
LABELS = np.array([3, 7] * 5)


@pytest.fixture
def data(tmp_path):
    """An archive without a test set, one of floats with a test set, and a folder of lossless pictures."""
    np.savez(tmp_path / "plain.npz", x_train=IMAGES, y_train=LABELS)
    split = {"x_test": IMAGES[:2] / 255, "y_test": LABELS[:2]}
    np.savez(tmp_path / "split.npz", x_train=IMAGES / 255, y_train=LABELS, **split)
    for number in range(12):
        folder = tmp_path / "photos" / ("cat", "dog")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = (np.arange(6 * 8 * 3) * (number + 3) % 256).astype(np.uint8).reshape(6, 8, 3)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path


def test_the_digits_keep_their_fingerprint():
    assert load(BuiltinDataset("digits")).fingerprint == "654d68d8cb9d040bceb6"


@pytest.mark.parametrize(
    ("name", "options", "golden"),
    [
        ("plain.npz", {}, "cc86ecde40da785ac1a5"),
        ("plain.npz", {"test": 0.5}, "ad3d7449dc988adfbdbc"),
        ("split.npz", {}, "a1ae0943f123ec2f2cdf"),
    ],
)
def test_an_archive_keeps_its_fingerprint(data, name, options, golden):
    assert load(Npz(str(data / name), **options)).fingerprint == golden


@pytest.mark.parametrize(
    ("options", "golden"),
    [
        ({}, "3559091671b05ee17436"),
        ({"size": (3, 4)}, "92c343cf81cc292e814f"),
        ({"color": "grey"}, "3d91236dcb29898cdea2"),
    ],
)
def test_a_folder_of_pictures_keeps_its_fingerprint(data, options, golden):
    spec = ImageFolder(str(data / "photos"), **options)
    assert load(spec).fingerprint == golden
    assert load(spec).fingerprint == golden, "from the cache as well"
