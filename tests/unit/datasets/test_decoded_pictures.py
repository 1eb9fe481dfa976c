"""Pictures are decoded into memory, onto the disk or whenever they are needed: to the same bits."""

import pickle
import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.datasets import load
from support.disks import small_disk

from cnnjobs import ImageFolder
from cnnjobs.datasets import load_dataset, source_of
from cnnjobs.datasets.arrays import content_hash
from cnnjobs.datasets.images import StoredImages
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.pictures.canvas import InMemory
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.datasets.storage.cache import cache_folder
from cnnjobs.errors import DatasetError
from cnnjobs.planning.identity import canonical

KINDS = {"in memory": np.ndarray, "on disk": StoredImages, "as needed": EncodedImages}


def save(path, *, size=(8, 6), grey=False, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if grey else (size[1], size[0], 3)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three classes of twelve pictures each, and an empty cache."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    for label in range(3):
        for index in range(12):
            save(tmp_path / "photos" / f"class {label}" / f"{index:02}.png", seed=100 * label + index)
    return tmp_path / "photos"


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Load a folder in one of the ways, twice: made, and from the cache."""

    def load_in(way, path, **options):
        monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / f"cache {way}"))
        monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "100" if way == "in memory" else "0")
        spec = ImageFolder(str(path), decode="as needed" if way == "as needed" else None, **options)
        first, second = load(spec), load(spec)
        for data in (first, second):
            assert isinstance(data.x_train, KINDS[way])
            assert isinstance(data.x_test, KINDS[way])
            assert contents(data) == contents(first)
        return first

    return load_in


def contents(data):
    arrays = (data.x_train[:], data.y_train, data.x_test[:], data.y_test, data.rows_train, data.rows_test)
    hashed = content_hash(data.x_train[:], data.y_train, data.x_test[:], data.y_test, data.class_names)
    assert data.fingerprint == hashed
    return data.fingerprint, data.notes, data.value_range, *((one.shape, one.dtype, one.tobytes()) for one in arrays)


def plain(folder):
    """Nothing odd."""


def all_grey(folder):
    for path in folder.rglob("*.png"):
        Image.open(path).convert("L").save(path)


def half_grey(folder):
    for path in sorted(folder.rglob("*.png"))[::2]:
        Image.open(path).convert("L").save(path)


def some_broken(folder):
    for path in sorted(folder.rglob("*.png"))[::7]:
        path.write_bytes(path.read_bytes()[:60])


def twice(folder):
    for index in range(5):
        (folder / "class 0" / f"again {index}.png").write_bytes((folder / "class 0" / f"{index:02}.png").read_bytes())


def sixteen_bits(folder):
    for seed, path in enumerate(folder.rglob("*.png")):
        values = np.random.default_rng(seed).integers(300, 4096, (6, 8)).astype(np.uint16)
        Image.fromarray(values).save(path)


def with_test_set(folder):
    for label in range(3):
        for index in range(4):
            save(folder / "test" / f"class {label}" / f"{index}.png", seed=1000 + 10 * label + index)
    for path in folder.glob("class *"):
        (folder / "train").mkdir(exist_ok=True)
        path.rename(folder / "train" / path.name)


@pytest.mark.parametrize("oddity", [plain, all_grey, half_grey, some_broken, twice, sixteen_bits, with_test_set])
def test_all_ways_give_the_same_bits(folder, loaded, oddity):
    oddity(folder)
    for options in ({}, {"color": "grey", "size": 5}, {"color": "rgb", "dedupe": "drop repeats"}):
        found = {way: contents(loaded(way, folder, **options)) for way in KINDS}
        assert found["on disk"] == found["in memory"]
        assert found["as needed"] == found["in memory"]


@pytest.mark.parametrize("part", ["test", "all"])
@pytest.mark.parametrize("oddity", [plain, all_grey, some_broken, sixteen_bits, with_test_set])
def test_what_is_evaluated_need_not_fit_the_memory(folder, monkeypatch, oddity, part):
    oddity(folder)
    found = {}
    for megabytes in ("0", "100"):
        monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", megabytes)
        one = source_of(ImageFolder(str(folder))).labelled(part, (5, 4), lambda *_: None)
        assert isinstance(one.images, np.ndarray) == (megabytes == "100")
        found[megabytes] = (one.images[:].tobytes(), one.images.shape, one.labels.tobytes(), one.notes)
    assert found["0"] == found["100"]


def test_parts_are_joined_without_fetching_them(folder, monkeypatch):
    whole = Labelled.of(load(ImageFolder(str(folder))), "all")
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    for decode in (None, "as needed"):
        joined = Labelled.of(load(ImageFolder(str(folder), decode=decode)), "all")
        assert not isinstance(joined.images, np.ndarray)
        assert (joined.images[:] == whole.images).all()


def test_when_pictures_are_decoded_is_no_part_of_what_they_are():
    plain, chosen = ImageFolder("photos"), ImageFolder("photos", decode="ahead")
    assert "decode" not in canonical(plain)
    assert canonical(chosen) == canonical(plain) | {"decode": "ahead"}, "a stored job says how it is loaded"


def decoded(monkeypatch):
    """Count the pictures that are decoded from now on."""
    from cnnjobs.datasets.pictures import decoding, encoded_images

    count = []
    for module in (decoding, encoded_images):
        read = module.read_picture
        monkeypatch.setattr(module, "read_picture", lambda *a, read=read, **o: count.append(1) or read(*a, **o))
    return count


def test_each_picture_is_decoded_once_before_trials(folder, monkeypatch):
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    count = decoded(monkeypatch)
    load(ImageFolder(str(folder), decode="as needed"))
    load(ImageFolder(str(folder), decode="as needed"))
    assert len(count) == 36
    load(ImageFolder(str(folder)))
    assert len(count) == 36, "it stays as it was decided"
    load(ImageFolder(str(folder), decode="ahead"))
    load(ImageFolder(str(folder)))
    assert len(count) == 72


def test_it_is_said_where_the_pictures_are(folder, monkeypatch):
    assert load(ImageFolder(str(folder))).handling == ()
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    assert load(ImageFolder(str(folder))).handling == (
        "photos: 36 pictures of 6 x 8 are read from the cache, decoded: 5.2 kB",
    )
    monkeypatch.setenv("CNNJOBS_CACHE", str(cache_folder().with_name("other")))
    (text,) = load(ImageFolder(str(folder))).handling
    assert text.startswith("photos: 36 pictures of 6 x 8 are decoded into the cache: they take 5.2 kB of ")
    assert text.endswith(" GB free")
    (text,) = load(ImageFolder(str(folder), decode="as needed")).handling
    assert text == "photos: 36 pictures of 6 x 8 are decoded whenever they are needed"


def test_a_disk_that_is_too_small_for_them_is_left_alone(folder, tmp_path, monkeypatch):
    """36 pictures of 40 x 40 take 173 kB, more than half of 256 kB; with decode="ahead" they fit."""
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    with small_disk(tmp_path / "disk", 256) as disk:
        monkeypatch.setenv("CNNJOBS_CACHE", str(disk / "cache"))
        data = load(ImageFolder(str(folder), size=40))
        assert isinstance(data.x_train, EncodedImages)
        assert "173 kB decoded are more than half of 262 kB free in the cache" in data.handling[0]
        assert not list(disk.rglob("images.bin"))
        data = load(ImageFolder(str(folder), size=40, decode="ahead"))
        assert isinstance(data.x_train, StoredImages)
        del data


def test_a_disk_that_is_full_meanwhile_leaves_them_to_be_decoded_as_needed(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    right = load(ImageFolder(str(folder), size=60)).fingerprint
    with small_disk(tmp_path / "disk", 128) as disk:
        monkeypatch.setenv("CNNJOBS_CACHE", str(disk / "cache"))
        data = load(ImageFolder(str(folder), size=60, decode="ahead"))
        assert isinstance(data.x_train, EncodedImages)
        assert "the cache could not be written (No space left on device)" in data.handling[0]
        assert data.fingerprint == right
        assert not list(disk.rglob("*.part"))
        assert not list(disk.rglob("images.bin"))


def test_nothing_half_is_left_when_it_is_interrupted(folder, monkeypatch):
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")

    def interrupt(what, done, total):
        if what == "decoding pictures":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_dataset(ImageFolder(str(folder)), interrupt)
    assert [path.name for path in cache_folder().iterdir() if path.name != "remembered"] == []
    assert len(load(ImageFolder(str(folder))).y_train) == 29


def test_a_picture_that_changes_while_it_is_trained_on_is_an_error(folder):
    data = load(ImageFolder(str(folder), decode="as needed"))
    assert (pickle.loads(pickle.dumps(data)).x_train[:] == data.x_train[:]).all()
    place = int(np.flatnonzero(data.rows_train == 3)[0])
    save(folder / "class 0" / "03.png", seed=99)
    with pytest.raises(OSError, match=r"class 0/03\.png has changed since it was first read"):
        data.x_train[place]
    (folder / "class 0" / "03.png").unlink()
    with pytest.raises(OSError, match=r"class 0/03\.png can no longer be read: No such file"):
        data.x_train[place : place + 2]


def test_many_pictures_come_in_the_right_order_from_all_threads(folder, monkeypatch):
    from cnnjobs.datasets.pictures import decoding

    for index in range(300):
        save(folder / "class 1" / f"more {index:03}.png", size=(4, 3), seed=5000 + index)
    right = load(ImageFolder(str(folder), size=7)).fingerprint
    monkeypatch.setenv("CNNJOBS_CACHE", str(cache_folder().with_name("other")))
    monkeypatch.setattr(decoding, "CHUNK", 3)
    monkeypatch.setattr(decoding, "usable_cpus", lambda: 16)
    count = decoded(monkeypatch)
    assert load(ImageFolder(str(folder), size=7, decode="as needed")).fingerprint == right
    assert len(count) == 336


def test_pictures_beyond_the_memory_are_an_error_only_where_they_must_be_in_it():
    limit, pages = resource.getrlimit(resource.RLIMIT_AS), int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1 << 30), limit[1]))
    try:
        with pytest.raises(DatasetError, match="do not fit the memory"):
            InMemory(20, (10_000, 10_000), 3)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limit)


def test_a_process_that_decodes_has_a_bounded_number_of_open_files(folder, monkeypatch):
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        load(ImageFolder(str(folder))).x_train[0]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
