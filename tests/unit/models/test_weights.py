"""Pretrained weights are looked at before a trial starts, are part of its identity, and travel with the work."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from support.stores import stored_dataset

from cnnjobs import Job, Variant, application, vgg16
from cnnjobs.errors import SpecError
from cnnjobs.models import check_network
from cnnjobs.models.weights import VGG16_FILTERS, keep_weights, locally_available_weights, read_weights, weights_source
from cnnjobs.planning.trials import make_plan

IMAGENET = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
SHAPE = (32, 32, 3)


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
    with pytest.raises(SpecError, match="its network, VGG16, needs images of at least 32 x 32"):
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


def source_of(weights):
    return weights_source("VGG16", weights, None, SHAPE)


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
    assert [content.tobytes() for content in read_weights(specs(plan), SHAPE).values()] == [here.read_bytes()]
    other = planned(a=tmp_path / "there.h5")
    assert list(read_weights([*specs(plan), *specs(other)], SHAPE)) == list(read_weights(specs(other), SHAPE))
    assert read_weights([Variant(model=vgg16(weights=None, trainable_blocks=5))], SHAPE) == {}


def test_a_file_that_has_changed_since_the_plan_is_refused(tmp_path):
    plan = planned(v=write_weights(tmp_path / "w.h5"))
    write_weights(tmp_path / "w.h5", value=1.0)
    with pytest.raises(SpecError, match=r"The weights file .*w.h5 has changed since its trials were planned"):
        read_weights(specs(plan), SHAPE)
    (tmp_path / "w.h5").unlink()
    with pytest.raises(SpecError, match=r"The weights file .*w.h5 cannot be read: No such file"):
        read_weights(specs(plan), SHAPE)


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w.keras"])
def test_what_came_with_the_work_is_a_file_while_it_is_loaded(tmp_path, nothing_kept, name):
    original = write_weights(tmp_path / name)
    content, plan = original.read_bytes(), planned(v=original)
    keep_weights(read_weights(specs(plan), SHAPE))
    original.unlink()
    with locally_available_weights(source_of(specs(plan)[0].network.options["weights"])) as path:
        assert Path(path).read_bytes() == content
        assert path.endswith(name[1:]), "Keras tells the layout by the ending"
    assert not Path(path).parent.exists()


def test_imagenets_weights_travel_too(tmp_path, nothing_kept, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    content = write_weights(tmp_path / "models" / IMAGENET).read_bytes()
    keep_weights(read_weights(specs(planned(v="imagenet")), SHAPE))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "other"))
    with locally_available_weights(source_of("imagenet")) as path:
        assert Path(path).read_bytes() == content


def test_where_nothing_came_with_work_the_weights_are_where_they_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    weights = vgg16(weights=tmp_path / "w.h5").options["weights"]
    for given, expected in ((weights, tmp_path / "w.h5"), ("imagenet", tmp_path / "keras" / "models" / IMAGENET)):
        with locally_available_weights(source_of(given)) as path:
            assert path == str(expected)


MISSING = {
    "ResNet50": (
        application("ResNet50"),
        (64, 48, 3),
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "keras.applications.ResNet50(include_top=False)",
    ),
    "a MobileNet for 160 pixels": (
        application("MobileNet", alpha=0.5),
        (160, 160, 1),
        "mobilenet_5_0_160_tf_no_top.h5",
        "keras.applications.MobileNet(include_top=False, input_shape=(160, 160, 3), alpha=0.5)",
    ),
    "a MobileNet for any other size": (
        application("MobileNetV2", alpha=1),
        (97, 160, 3),
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "keras.applications.MobileNetV2(include_top=False, input_shape=(224, 224, 3))",
    ),
    "NASNet, whose file has another name where it comes from": (
        application("NASNetMobile"),
        (224, 224, 3),
        "nasnet_mobile_no_top.h5",
        "/nasnet/NASNet-mobile-no-top.h5",
    ),
}


@pytest.mark.parametrize(("model", "shape", "file_name", "where_from"), MISSING.values(), ids=MISSING)
def test_missing_weights_of_an_application_are_told_with_where_they_come_from(
    tmp_path, monkeypatch, model, shape, file_name, where_from
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(SpecError, match=r'`application\.weights="imagenet"` needs') as raised:
        check_network("a", model, shape)
    assert f"needs {tmp_path}/models/{file_name}, which is not there. Get https://storage" in str(raised.value)
    assert where_from in str(raised.value)
    (tmp_path / "models").mkdir()
    write_weights(tmp_path / "models" / file_name, ((4,),))
    check_network("a", model, shape)
    [content] = read_weights([Variant(model=model)], shape).items()
    assert content[0] == file_name


@pytest.mark.parametrize(
    ("name", "side", "size"), [("ResNet50", 28, 32), ("Xception", 70, 96), ("InceptionV3", 64, 96), ("VGG19", 8, 32)]
)
def test_pictures_that_an_application_cannot_take_are_told_with_sizes_that_it_can(name, side, size):
    with pytest.raises(SpecError, match=f"its network, {name}, needs images of at least") as raised:
        check_network("a", application(name, weights=None), (224, side, 3))
    assert f"Received: 224 x {side}. Use larger images, such as ImageFolder(..., size={size})" in str(raised.value)


def test_pictures_of_other_channels_are_refused():
    with pytest.raises(SpecError, match=r"ResNet50, needs grey or colour images, of 1 or 3 channels\. Received: 4"):
        check_network("a", application("ResNet50", weights=None), (32, 32, 4))
    check_network("a", application("ResNet50", weights=None), (32, 32, 1))
