"""Folders of pictures: any format, colour mode and size; decoded once, and told what was skipped."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused

from cnnjobs import ImageFolder
from cnnjobs.datasets.storage.cache import cache_folder


def picture(path, *, size=(8, 6), mode="RGB", seed=0, **options):
    """Write a picture of random pixels; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = (size[1], size[0]) if bands == 1 else (size[1], size[0], bands)
    pixels = np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)
    Image.fromarray(pixels, mode=None if mode in ("RGB", "L", "RGBA") else mode).save(path, **options)
    return pixels


@pytest.fixture
def folder(tmp_path):
    """Two classes of ten pictures each."""
    for label in ("cat", "dog"):
        for index in range(10):
            picture(tmp_path / "photos" / label / f"{index}.png", seed=index + 100 * len(label) + ord(label[0]))
    return tmp_path / "photos"


# --- image folders ------------------------------------------------------------------------------------------------


def test_a_folder_of_classes_is_split_and_labelled(folder):
    data = load(ImageFolder(str(folder)))
    assert data.class_names == ("cat", "dog")
    assert data.x_train.shape == (16, 6, 8, 3)
    assert np.bincount(data.y_test).tolist() == [2, 2]


def test_pixels_of_lossless_pictures_arrive_unchanged(tmp_path):
    kept = {}
    for part in ("train", "test"):
        for label in ("a", "b"):
            for index in range(2):
                kept[part, label, index] = picture(tmp_path / part / label / f"{index}.png", seed=len(kept))
    data = load(ImageFolder(str(tmp_path)))
    assert (data.x_train[2] == kept["train", "b", 0]).all()
    assert (data.x_test[1] == kept["test", "a", 1]).all()


FORMATS = {
    "a.jpg": {"mode": "RGB"},
    "b.JPEG": {"mode": "L", "format": "JPEG"},
    "c.png": {"mode": "RGBA"},
    "d.gif": {"mode": "L"},
    "e.bmp": {"mode": "RGB"},
    "f.webp": {"mode": "RGB"},
    "g.jpg": {"mode": "CMYK"},
    "h.png": {"mode": "P"},
    "i.png": {"mode": "LA"},
}


def test_every_format_and_colour_mode_becomes_rgb_of_one_size(folder):
    for index, (name, options) in enumerate(FORMATS.items()):
        picture(folder / "cat" / name, size=(20 + index, 30), **options)
    Image.fromarray(np.full((5, 5), 65535, np.uint16)).save(folder / "cat" / "deep.png")
    data = load(ImageFolder(str(folder), size=(10, 12)))
    assert data.x_train.shape[1:] == (10, 12, 3)
    assert len(data.y_train) + len(data.y_test) == 20 + len(FORMATS) + 1
    assert not any("skipped" in note for note in data.notes)


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for index in range(5):
            Image.fromarray(np.full((4, 4), 32896, np.uint16)).save(tmp_path / label / f"{index}.png")
    assert (load(ImageFolder(str(tmp_path))).x_train == 128).all()


def test_transparent_parts_become_white(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for index in range(5):
            Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / label / f"{index}.png")
    assert (load(ImageFolder(str(tmp_path))).x_train == 255).all()


def test_pictures_lying_on_their_side_are_set_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    for label in "ab":
        for index in range(5):
            picture(tmp_path / label / f"{index}.jpg", size=(8, 4), exif=exif)
    assert load(ImageFolder(str(tmp_path))).x_train.shape[1:] == (8, 4, 3)


@pytest.mark.parametrize(("color", "channels"), [("auto", 1), ("rgb", 3), ("grey", 1)])
def test_grey_pictures_have_one_channel_unless_asked_otherwise(tmp_path, color, channels):
    for label in "ab":
        for index in range(5):
            picture(tmp_path / label / f"{index}.png", mode="L")
    assert load(ImageFolder(str(tmp_path), color=color)).image_shape[2] == channels


def test_pictures_of_different_sizes_become_96_by_96(folder):
    picture(folder / "cat" / "large.png", size=(50, 40))
    assert load(ImageFolder(str(folder))).image_shape == (96, 96, 3)


def test_hidden_files_and_folders_are_passed_over(folder):
    before = load(ImageFolder(str(folder))).fingerprint
    picture(folder / "cat" / ".hidden.png")
    picture(folder / ".cache" / "x.png")
    picture(folder / "cat" / ".thumbs" / "x.png")
    (folder / "dog" / "notes.txt").write_text("no picture")
    assert load(ImageFolder(str(folder))).fingerprint == before


def test_broken_pictures_are_named_counted_and_skipped(folder):
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "cat" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "dog" / "text.jpg").write_text("no picture")
    data = load(ImageFolder(str(folder)))
    assert len(data.y_train) + len(data.y_test) == 20
    assert "photos: 2 pictures cannot be read and were skipped: cat/cut.png" in data.notes[0]
    assert "dog/text.jpg" in data.notes[0]
    assert load(ImageFolder(str(folder))).notes == data.notes, "told again when read from the cache"


def test_with_strict_a_broken_picture_is_an_error(folder):
    (folder / "dog" / "text.jpg").write_text("no picture")
    assert "1 picture cannot be read: dog/text.jpg" in refused(ImageFolder(str(folder), strict=True))


def test_a_folder_without_pictures_is_refused(tmp_path):
    assert "has no pictures. Expected a sub-folder for each class" in refused(ImageFolder(str(tmp_path)))
    assert "There is no folder" in refused(ImageFolder(str(tmp_path / "none")))


def test_a_folder_with_one_class_is_refused(tmp_path):
    for index in range(5):
        picture(tmp_path / "only" / f"{index}.png")
    assert "must have at least two classes. Received: only." in refused(ImageFolder(str(tmp_path)))


def test_a_class_with_one_picture_is_refused(folder):
    picture(folder / "owl" / "1.png")
    assert "Received: class 'owl' with 1. Add images" in refused(ImageFolder(str(folder)))


def test_an_empty_test_folder_is_refused(tmp_path):
    for label in "ab":
        for index in range(5):
            picture(tmp_path / "train" / label / f"{index}.png")
        (tmp_path / "test" / label).mkdir(parents=True)
    assert "test has no pictures. Use" in refused(ImageFolder(str(tmp_path)))


def test_what_is_no_file_is_passed_over(folder):
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "self").symlink_to(folder / "self")
    (folder / "cat" / "again").symlink_to(folder)
    data = load(ImageFolder(str(folder)))
    assert len(data.y_train) + len(data.y_test) == 20


@pytest.mark.parametrize("part", ["test", "valid"])
def test_a_test_set_without_a_training_set_is_refused(tmp_path, part):
    picture(tmp_path / part / "a" / "1.png")
    assert f"has {part}/ but no train/" in refused(ImageFolder(str(tmp_path)))


def test_a_class_only_the_test_set_has_is_refused(tmp_path):
    for part, labels in (("train", "ab"), ("test", "abc")):
        for label in labels:
            for index in range(2):
                picture(tmp_path / part / label / f"{index}.png")
    assert "test/ has classes that train/ does not have: c" in refused(ImageFolder(str(tmp_path)))


# --- the cache ----------------------------------------------------------------------------------------------------


def test_the_second_time_comes_from_the_cache(folder, monkeypatch):
    first = load(ImageFolder(str(folder)))
    monkeypatch.setattr("cnnjobs.datasets.pictures.decoding.read_picture", None)
    second = load(ImageFolder(str(folder)))
    assert second.fingerprint == first.fingerprint
    assert (second.x_train == first.x_train).all()


def test_a_changed_picture_is_seen_whatever_its_date_and_size(folder):
    before = load(ImageFolder(str(folder))).fingerprint
    path = folder / "cat" / "3.png"
    stat = path.stat()
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(path)
    padding = stat.st_size - path.stat().st_size
    path.write_bytes(path.read_bytes() + bytes(padding))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert load(ImageFolder(str(folder))).fingerprint != before


def test_settled_files_are_not_read_again(folder, monkeypatch):
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", 0)
    before = load(ImageFolder(str(folder)))
    monkeypatch.setattr("cnnjobs.files.file_facts.open", None, raising=False)
    assert load(ImageFolder(str(folder))).fingerprint == before.fingerprint


def test_a_change_of_settled_files_is_seen_though_size_and_date_are_set_back(folder, monkeypatch):
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", 0)
    test_a_changed_picture_is_seen_whatever_its_date_and_size(folder)


def test_a_moved_folder_is_the_same_data(folder):
    before = load(ImageFolder(str(folder)))
    after = load(ImageFolder(str(folder.rename(folder.with_name("elsewhere")))))
    assert after.fingerprint == before.fingerprint
    assert after.name == "elsewhere"


def test_notes_on_a_moved_folder_call_it_what_it_is_called_now(folder):
    (folder / "cat" / "broken.png").write_bytes(b"no picture")
    assert any(note.startswith("photos: 1 picture cannot be read") for note in load(ImageFolder(str(folder))).notes)
    after = load(ImageFolder(str(folder.rename(folder.with_name("elsewhere")))))
    assert any(note.startswith("elsewhere: 1 picture cannot be read") for note in after.notes)
    assert not any("photos" in note for note in after.notes)


KILLED = """
import sys, time
from cnnjobs import ImageFolder
from cnnjobs.datasets import load_dataset
from cnnjobs.datasets.storage import cached_dataset
save = cached_dataset.np.save
def slow(file, *args, **options):
    save(file, *args, **options)
    if "y_test" in str(file):
        print("half", flush=True)
        time.sleep(60)
cached_dataset.np.save = slow
load_dataset(ImageFolder(sys.argv[1]), lambda *_: None)
"""


def test_a_decode_killed_half_way_leaves_no_half_cache(folder):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    entries = [path.name for path in cache_folder().iterdir() if path.name != "remembered"]
    assert len(entries) == 1
    assert entries[0].endswith(".part")
    assert len(load(ImageFolder(str(folder))).y_train) == 16
    entries = [path.name for path in cache_folder().iterdir() if path.name != "remembered"]
    assert len(entries) == 1, "what the dead process left is removed"
    assert entries[0].startswith("images-")


def test_a_cache_that_cannot_be_written_is_done_without(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "file" / "cache"))
    data = load(ImageFolder(str(folder)))
    assert len(data.y_train) == 16
    assert "could not be kept" in data.notes[-1]
