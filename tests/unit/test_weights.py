"""Pretrained weights are looked at before a trial starts; their content is part of its identity."""

import h5py
import numpy as np
import pytest

from cnnjobs import Job, Variant, vgg16
from cnnjobs.errors import SpecError
from cnnjobs.models import check_network
from cnnjobs.models.weights import IMAGENET, VGG16_FILTERS
from cnnjobs.plan import make_plan


def write_weights(path, filters=VGG16_FILTERS, value=0.0):
    """A file with arrays of these convolutions, in the layout of Keras's own files."""
    channels = 3
    with h5py.File(path, "w") as file:
        for number, size in enumerate(one for block in filters for one in block):
            kernel = file.create_dataset(f"conv{number}/kernel", (3, 3, channels, size), "float32", compression="gzip")
            kernel[0, 0, 0, 0] = value
            file[f"conv{number}/bias"] = np.zeros(size, np.float32)
            channels = size
    return path


def check(weights, shape=(32, 32, 3)):
    check_network("a", vgg16(weights=weights), shape)


def test_weights_of_vgg16_pass(tmp_path):
    check(write_weights(tmp_path / "right.h5"))


def test_weights_of_another_network_are_refused(tmp_path):
    other = write_weights(tmp_path / "other.h5", filters=((64, 64), (128, 128)))
    with pytest.raises(
        SpecError, match=r"Variant 'a': .* must be a file of VGG16 .* Received: .*other.h5 with 8 arrays"
    ):
        check(other)


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    (tmp_path / "w.h5").write_text("weights")
    with pytest.raises(SpecError, match=r"`vgg16.weights` must be an HDF5 file of weights. Received: .*w.h5"):
        check(tmp_path / "w.h5")


def test_weights_that_are_not_there_are_told_with_where_they_come_from(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(SpecError, match=rf'weights="imagenet"` needs {tmp_path}/models/{IMAGENET}.*https://'):
        check("imagenet")
    with pytest.raises(SpecError, match=r"there is no file .*/no.h5"):
        check(tmp_path / "no.h5")


def test_pictures_below_32_pixels_are_refused(tmp_path):
    with pytest.raises(SpecError, match="its network, with 5 blocks, needs images of at least 32 x 32"):
        check(write_weights(tmp_path / "right.h5"), (28, 28, 1))


def test_the_content_of_a_weights_file_decides_and_not_its_place(tmp_path):
    def condition(path):
        job = Job(name="a", dataset="digits", variants={"v": Variant(model=vgg16(weights=path))})
        return make_plan(job, "data").conditions["v"]

    here = write_weights(tmp_path / "here.h5")
    there = tmp_path / "there.h5"
    there.write_bytes(here.read_bytes())
    assert condition(here) == condition(there)
    assert condition(write_weights(tmp_path / "other.h5", value=1.0)) != condition(here)
    with pytest.raises(SpecError, match=r"Variant 'v': The weights file .*no.h5 cannot be read"):
        condition(tmp_path / "no.h5")
