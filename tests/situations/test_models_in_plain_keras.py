"""A fitted model is used without cnnjobs: its archive says what to do to pictures, and the script in it does so."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.training_runs import digits, trial_of

from cnnjobs import SGD, Variant, cnn
from cnnjobs.datasets.pictures.pictures import Reading, read_picture, to_grey
from cnnjobs.models.predict import Answer, answers
from cnnjobs.spec import BuiltinDataset

TURNED = 0x0112
"""The EXIF field of the orientation."""


@pytest.fixture(scope="module", autouse=True)
def worker():
    """Made first: TensorFlow takes its devices before it is used."""
    from cnnjobs.training.trial import TrialWorker

    data = digits(256)
    coloured = [np.concatenate([images, 255 - images, images // 2], axis=-1) for images in (data.x_train, data.x_test)]
    return TrialWorker(replace(data, x_train=coloured[0], x_test=coloured[1]), cpus=1, gpus=0, replicas=1)


@pytest.fixture(scope="module")
def model(worker, tmp_path_factory):
    """A fitted network for coloured pictures of 8 x 8 pixels, as a file."""
    from cnnjobs.training.final_fit import FinalFitWorker

    network = cnn(blocks=((8,), (8,)), dense=(), padding="same")
    variant = Variant(model=network, optimizer=SGD(0.1), epochs=1, batch_size=64, scaling="standardize")
    *_, result = FinalFitWorker(worker, BuiltinDataset("digits"), {}).run(trial_of(variant))
    path = tmp_path_factory.mktemp("models") / "m.keras"
    path.write_bytes(result.model)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Pictures of many kinds, none of them 8 x 8: turned, transparent, of a palette, deep, grey, of print, moving."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)

    def noise(*shape, top=256, dtype=np.uint8):
        return random.integers(0, top, shape).astype(dtype)

    colour, other = Image.fromarray(noise(31, 20, 3)), Image.fromarray(noise(31, 20, 3))
    for orientation in (3, 6, 7):
        exif = Image.Exif()
        exif[TURNED] = orientation
        colour.save(folder / f"turned {orientation}.jpg", exif=exif)
    Image.fromarray(noise(12, 12, 4)).save(folder / "transparent.png")
    Image.fromarray(noise(9, 17, 2), "LA").save(folder / "grey and transparent.png")
    colour.quantize(16).save(folder / "palette.png", transparency=3)
    Image.fromarray(noise(20, 20)).save(folder / "grey.png")
    Image.fromarray(noise(20, 20, top=65536, dtype=np.uint16)).save(folder / "deep.png")
    Image.fromarray(noise(20, 20)).convert("1").save(folder / "bits.png")
    colour.convert("CMYK").save(folder / "print.jpg")
    colour.save(folder / "moving.gif", save_all=True, append_images=[other])
    colour.save(folder / "web.webp")
    colour.save(folder / "small.bmp")
    colour.save(folder / "pages.tif", save_all=True, append_images=[other], compression="tiff_lzw")
    Image.fromarray(noise(20, 20, top=1024, dtype=np.int32) - 300).save(folder / "signed.tif")
    Image.fromarray(noise(20, 20, dtype=np.float32)).save(folder / "floats.tif")
    colour.save(folder / "new.avif")
    return sorted(str(path) for path in folder.iterdir())


def test_the_script_in_the_file_predicts_to_the_bit_what_the_package_does(model, pictures, tmp_path):
    """Pictures that are resized, turned by EXIF or transparent are predicted with plain Keras and Pillow."""
    from cnnjobs.training.model_file import ModelFile

    saved = ModelFile(model)
    expected = [
        f"{one.path}\t{one.top[0][0]}\t{one.top[0][1]}"
        for one in answers([Answer(path) for path in pictures], saved.metadata, saved.predict, 1)
    ]
    with zipfile.ZipFile(model) as archive:
        (tmp_path / "predict.py").write_bytes(archive.read("predict.py"))
        said = json.loads(archive.read("cnnjobs.json"))["pictures"]
    done = subprocess.run(
        [sys.executable, "-P", "predict.py", str(model), *pictures],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == expected, done.stderr[-1000:]
    assert "stretched with Pillow's bilinear filter" in said
    assert "python predict.py MODEL.keras PICTURE..." in said


WAYS = [
    {},
    {"resize": "crop"},
    {"resize": "pad", "interpolation": "bicubic"},
    {"interpolation": "lanczos"},
    {"interpolation": "box"},
    {"interpolation": "nearest"},
    {"antialias": False},
    {"resize": "crop", "interpolation": "bicubic", "antialias": False},
    {"value_range": (100.0, 1023.0)},
    {"value_range": (0.0, 1023.0), "one_scale": True},
]


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 8, 1), (13, 7, 1), (40, 40, 3), (31, 20, 3)])
@pytest.mark.parametrize("how", WAYS, ids=str)
def test_the_script_prepares_every_picture_to_the_bit(pictures, shape, how):
    """Networks of other sizes, for grey pictures, and for pictures that are read in each way there is."""
    from cnnjobs.models.predict_script import predict_script

    reading = Reading(shape[:2], **how)
    names: dict = {"__name__": "script"}
    exec(predict_script(shape, ("a", "b"), reading), names)
    assert names["CLASSES"] == ["a", "b"]
    for path in pictures:
        image, _ = read_picture(path, reading)
        wanted = to_grey(image[np.newaxis])[0] if shape[2] == 1 else image
        assert names["pixels"](path).tobytes() == wanted.astype(np.float32).tobytes(), path


def test_names_of_classes_are_only_text_in_the_script():
    """A class is named as Python code, in braces and in letters that a terminal may not know."""
    from cnnjobs.models.predict_script import predict_script

    classes = ('"] + [exit()] + ["', "{0}", "è\u202e", "a\nb")
    names: dict = {"__name__": "script"}
    exec(predict_script((8, 8, 3), classes, Reading((8, 8))), names)
    assert tuple(names["CLASSES"]) == classes
