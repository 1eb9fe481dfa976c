"""Data sets from wherever they are: read right, or refused with a reason."""

import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnjobs import ImageFolder, Npz
from cnnjobs.datasets import load_dataset, needs_download
from cnnjobs.datasets.cache import cache_folder
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.spec import Named


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))


def load(spec):
    return load_dataset(spec, lambda what, done, total: None)


def refused(spec):
    with pytest.raises(DatasetError) as caught:
        load(spec)
    return str(caught.value)


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


# --- digits -------------------------------------------------------------------------------------------------------


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    ours, theirs = load(Named("digits")), load_digits()
    assert ours.x_train.shape == (1438, 8, 8, 1)
    assert ours.x_test.shape == (359, 8, 8, 1)
    pixels = np.concatenate([ours.x_train, ours.x_test]).reshape(-1, 64).astype(float)
    labels = np.concatenate([ours.y_train, ours.y_test])
    back = {(tuple(np.round(row * 16 / 255)), label) for row, label in zip(pixels, labels, strict=True)}
    assert back == {(tuple(row), label) for row, label in zip(theirs.data, theirs.target, strict=True)}


def test_a_limit_keeps_classes_in_proportion_and_is_always_the_same():
    digits = load(Named("digits"))
    few = digits.limited(50)
    assert np.bincount(few.y_train).tolist() == [5] * 10
    assert (few.x_train == digits.limited(50).x_train).all()
    assert (few.x_test == digits.x_test).all()


def test_a_limit_that_leaves_a_class_out_is_refused(tmp_path):
    labels = np.repeat([0, 1], [95, 5])
    data = load(
        npz(tmp_path, x_train=np.zeros((100, 4, 4), np.uint8), y_train=labels, x_test=IMAGES, y_test=LABELS % 2)
    )
    with pytest.raises(SpecError, match=r"must leave every class of data\.npz at least two rows\. Received: 10"):
        data.limited(10)


@pytest.mark.parametrize("rows", [9, 1439])
def test_a_limit_beyond_the_rows_is_refused(rows):
    with pytest.raises(SpecError, match=f"must be between 10, one row a class, and 1438.* Received: {rows}"):
        load(Named("digits")).limited(rows)


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
        ({"x_train": IMAGES, "y_train": LABELS[:9]}, "one label an image. Received: 10 images and 9 labels."),
        ({"x_train": IMAGES[0], "y_train": LABELS[:4]}, "x_train must be .n, height, width"),
        ({"x_train": IMAGES * 2.0, "y_train": LABELS}, "x_train must be uint8, or float in .0, 1.. Received: float64"),
        ({"x_train": IMAGES, "y_train": np.eye(2)[LABELS % 2]}, "One-hot labels become whole numbers"),
        (
            {"x_train": IMAGES.astype(str), "y_train": LABELS},
            "x_train must be uint8, or float in .0, 1.. Received: <U3",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES / 255, "y_test": LABELS},
            "train and test images must have one type, because they are scaled alike. Received: uint8 and float32",
        ),
        ({"x_train": IMAGES, "y_train": LABELS * 0}, "must have at least two classes. Received: 0."),
        (
            {"x_train": IMAGES[:3], "y_train": LABELS[:3]},
            "every class must have at least three images: .* Received: class '7' with 1",
        ),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:1], "y_test": np.array([9])},
            "y_test has labels that y_train has not: .9.",
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


def test_a_missing_npz_is_named(tmp_path):
    assert "There is no file" in refused(Npz(str(tmp_path / "none.npz")))


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
    assert data.notes == ()


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
    assert "has no pictures. Expected a sub-folder a class" in refused(ImageFolder(str(tmp_path)))
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


def test_pictures_beyond_the_memory_are_refused(folder):
    spec = ImageFolder(str(folder), size=10_000)
    limit = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, limit[1]))
    try:
        assert "do not fit the memory" in refused(spec)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)


def test_half_a_split_is_refused(tmp_path):
    picture(tmp_path / "train" / "a" / "1.png")
    assert "has train/ but no test/" in refused(ImageFolder(str(tmp_path)))


def test_a_class_only_the_test_set_has_is_refused(tmp_path):
    for part, labels in (("train", "ab"), ("test", "abc")):
        for label in labels:
            for index in range(2):
                picture(tmp_path / part / label / f"{index}.png")
    assert "test/ has classes that train/ has not: c" in refused(ImageFolder(str(tmp_path)))


# --- the cache ----------------------------------------------------------------------------------------------------


def test_the_second_time_comes_from_the_cache(folder, monkeypatch):
    first = load(ImageFolder(str(folder)))
    monkeypatch.setattr("cnnjobs.datasets.image_folder.read_picture", None)
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
    monkeypatch.setattr("cnnjobs.datasets.image_folder.SETTLED_NS", 0)
    before = load(ImageFolder(str(folder)))
    monkeypatch.setattr("cnnjobs.datasets.image_folder._content_hash", None)
    assert load(ImageFolder(str(folder))).fingerprint == before.fingerprint


def test_a_change_of_settled_files_is_seen_though_size_and_date_are_set_back(folder, monkeypatch):
    monkeypatch.setattr("cnnjobs.datasets.image_folder.SETTLED_NS", 0)
    test_a_changed_picture_is_seen_whatever_its_date_and_size(folder)


def test_a_moved_folder_is_the_same_data(folder):
    before = load(ImageFolder(str(folder)))
    after = load(ImageFolder(str(folder.rename(folder.with_name("elsewhere")))))
    assert after.fingerprint == before.fingerprint
    assert after.name == "elsewhere"


KILLED = """
import sys, time
from cnnjobs import ImageFolder
from cnnjobs.datasets import cache, load_dataset
save = cache.np.save
def slow(file, *args, **options):
    save(file, *args, **options)
    if "y_test" in str(file):
        print("half", flush=True)
        time.sleep(60)
cache.np.save = slow
load_dataset(ImageFolder(sys.argv[1]), lambda *_: None)
"""


def test_a_decode_killed_half_way_leaves_no_half_cache(folder):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    entries = [path.name for path in cache_folder().iterdir()]
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
    assert "could not be kept" in data.notes[0]


# --- keras.datasets -----------------------------------------------------------------------------------------------


def test_what_is_not_in_keras_cache_needs_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert needs_download(Named("cifar10")) == ((32, 32, 3), 10)
    assert needs_download(Named("cifar100")) == ((32, 32, 3), 100)
    assert needs_download(Named("digits")) is None


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(SpecError, match="must be one of digits, mnist, fashion_mnist, cifar10, cifar100"):
        Named("cifar")
