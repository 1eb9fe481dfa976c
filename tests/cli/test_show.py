"""`cnnjobs show`: the tables it prints and the pictures it draws."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.commands import typed
from support.fakes import write_job

from cnnjobs.cli import main


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))


def show(*words):
    done = CliRunner().invoke(main, ["show", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_digits_in_numbers_and_pictures():
    out = show("digits")
    assert re.search(r"^train +1,438 x 8 x 8 x 1 +uint8 +0 to 255$", out, re.M)
    assert re.search(r"^test +359 x 8 x 8 x 1 +uint8 +0 to 255$", out, re.M)
    assert re.search(r"^label +10 classes +train +test$", out, re.M)
    assert re.search(r"^3 +3 +147 +36$", out, re.M)
    assert out.endswith("pictures: digits.png\n")
    assert min(size_of("digits.png")) > 500


def test_more_pictures_make_a_larger_figure():
    show("digits", "-n", "9")
    nine = size_of("digits.png")
    show("digits", "-n", "20")
    assert size_of("digits.png") > nine


@pytest.mark.parametrize(("name", "start"), [("a.PNG", b"\x89PNG"), ("new/a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_the_ending_of_the_output_decides_its_kind(name, start):
    assert show("digits", "--output", name).endswith(f"pictures: {name}\n")
    assert Path(name).read_bytes().startswith(start)


def test_a_folder_of_pictures_with_its_notes():
    for index in range(8):
        file = Path("my photos", f"cost $5_{index % 2}", f"{index}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 10), (index, 0, 0)).save(file)
    Path("my photos/cost $5_1/8.png").write_text("no picture")
    out = show("my photos", "--image-size", "16")
    assert re.search(r"^train +6 x 16 x 16 x 3 +uint8 +0 to 7$", out, re.M)
    assert "note: my photos: 1 picture cannot be read and was skipped: cost $5_1/8.png" in out
    assert out.endswith("pictures: my-photos.png\n")


def test_a_hundred_classes():
    labels = np.repeat(np.arange(100), 3)
    np.savez("many.npz", x_train=np.random.RandomState(0).uniform(size=(300, 4, 4)), y_train=labels)
    out = show("many.npz")
    assert re.search(r"^19 +19 +\d +\d$", out, re.M)
    assert not re.search(r"^20 +20 +\d +\d$", out, re.M)
    assert re.search(r"^and 80 more; smallest: \d+ with 2 training images, largest: \d+ with [23]$", out, re.M)
    assert out.endswith("pictures: many-npz.png\n")


JOB = """"one": base, "moved": base.but(augment=Augment(shift=0.2)), "turned": base.but(augment=Augment(rotation=20))"""


def test_augmented_versions_beside_the_originals_and_a_quiet_terminal(tmp_path):
    job = str(write_job(tmp_path, variants=JOB))
    done = typed("show", "--job", job, "--variant", "turned", "-n", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.endswith("pictures: digits-turned.png\n")
    width, height = size_of("digits-turned.png")
    assert width > 2 * height, "two rows of six"


def test_the_only_variant_with_augmentation_need_not_be_named(tmp_path):
    job = str(write_job(tmp_path, variants='"one": base, "moved": base.but(augment=Augment(shift=0.2))'))
    np.savez("grey.npz", x_train=np.random.RandomState(0).uniform(size=(30, 6, 5)), y_train=np.arange(30) % 3)
    assert "grey.npz" in show("grey.npz", "--job", job, "--output", "x.png")
    assert Path("x.png").is_file()
