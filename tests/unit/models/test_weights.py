"""Pretrained weights are looked at before a trial starts, are part of its identity, and travel with the work."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from support.stores import stored_dataset

from cnnjobs import Job, Variant, vgg16
from cnnjobs.errors import SpecError
from cnnjobs.models import check_network
from cnnjobs.models.weights import IMAGENET, VGG16_FILTERS, keep_weights, locally_available_weights, read_weights
from cnnjobs.planning.trials import make_plan


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


@pytest.fixture
def nothing_kept():
    yield
    keep_weights({})


def planned(**weights):
    variants = {name: Variant(model=vgg16(weights=one), epochs=2) for name, one in weights.items()}
    return make_plan(Job(name="a", dataset="digits", variants=variants), "data")


def specs(plan):
    return [trial.spec for trial in plan.trials]


def test_a_plan_looks_at_a_weights_file_once(tmp_path):
    plan = planned(v=write_weights(tmp_path / "w.h5"))
    before = plan.as_stored(stored_dataset())
    (tmp_path / "w.h5").unlink()
    assert plan.as_stored(stored_dataset()) == before
    assert plan.with_repeats({"v": 2}).conditions == plan.conditions


def test_files_are_read_once_whatever_the_number_of_trials_and_variants(tmp_path):
    here = write_weights(tmp_path / "here.h5")
    (tmp_path / "there.h5").write_bytes(here.read_bytes())
    plan = planned(v=here)
    assert [content.tobytes() for content in read_weights(specs(plan)).values()] == [here.read_bytes()]
    other = planned(a=tmp_path / "there.h5")
    assert list(read_weights([*specs(plan), *specs(other)])) == list(read_weights(specs(other)))
    assert read_weights([Variant(model=vgg16(weights=None, trainable_blocks=5))]) == {}


def test_a_file_that_has_changed_since_the_plan_is_refused(tmp_path):
    plan = planned(v=write_weights(tmp_path / "w.h5"))
    write_weights(tmp_path / "w.h5", value=1.0)
    with pytest.raises(SpecError, match=r"The weights file .*w.h5 has changed since its trials were planned"):
        read_weights(specs(plan))
    (tmp_path / "w.h5").unlink()
    with pytest.raises(SpecError, match=r"The weights file .*w.h5 cannot be read: No such file"):
        read_weights(specs(plan))


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w.keras"])
def test_what_came_with_the_work_is_a_file_while_it_is_loaded(tmp_path, nothing_kept, name):
    original = write_weights(tmp_path / name)
    content, plan = original.read_bytes(), planned(v=original)
    keep_weights(read_weights(specs(plan)))
    original.unlink()
    with locally_available_weights(specs(plan)[0].network.options["weights"]) as path:
        assert Path(path).read_bytes() == content
        assert path.endswith(name[1:]), "Keras tells the layout by the ending"
    assert not Path(path).parent.exists()


def test_imagenets_weights_travel_too(tmp_path, nothing_kept, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    content = write_weights(tmp_path / "models" / IMAGENET).read_bytes()
    keep_weights(read_weights(specs(planned(v="imagenet"))))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "other"))
    with locally_available_weights("imagenet") as path:
        assert Path(path).read_bytes() == content


def test_where_nothing_came_with_work_the_weights_are_where_they_lie(tmp_path):
    weights = vgg16(weights=tmp_path / "w.h5").options["weights"]
    for given, expected in ((weights, str(tmp_path / "w.h5")), ("imagenet", "imagenet"), (None, None)):
        with locally_available_weights(given) as path:
            assert path == expected
