"""Pictures that are stretched are said to be before anything is trained on them, with what keeps their shape."""

import numpy as np
import pytest
from PIL import Image

from cnnjobs import ImageFolder
from cnnjobs.datasets import load_dataset


def folder(root, sides):
    """Write pictures, (height, width) each, into two classes."""
    random = np.random.default_rng(0)
    for number, (height, width) in enumerate(sides):
        place = root / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(place / f"{number}.png")
    return str(root)


def notes(path, **options):
    data = load_dataset(ImageFolder(path, **options), lambda *_: None)
    return [note for note in data.notes if "stretched" in note]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of this test alone."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    """A folder for pictures."""
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def test_photos_of_a_phone_in_a_square_are_said_to_be_stretched_and_what_to_write(root):
    path = folder(root, [(30, 40)] * 15 + [(40, 30)] * 4 + [(20, 40)] + [(30, 30)] * 10)
    expected = (
        "photos: 20 of 30 pictures are stretched to 16 x 16, by up to 100% (one of 20 x 40): ImageFolder(..., "
        'resize="crop") keeps their shape and cuts off edges, resize="pad" puts black around them'
    )
    assert notes(path, size=16) == [expected]
    assert notes(path, size=16) == [expected], "from the cache as well"


@pytest.mark.parametrize("resize", ["crop", "pad"])
def test_what_keeps_the_shape_is_not_spoken_of(root, resize):
    assert notes(folder(root, [(30, 40)] * 20), size=16, resize=resize) == []


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ([(30, 40)] * 20, (15, 20)),
        ([(30, 33)] * 20, 16),
        ([(30, 40)] + [(30, 30)] * 29, 16),
        ([(30, 40)] * 20, None),
    ],
)
def test_pictures_of_nearly_that_shape_and_a_few_among_many_are_not_spoken_of(root, sides, size):
    assert notes(folder(root, sides), size=size) == []


def test_a_picture_that_exif_turns_has_the_sides_that_one_sees(root):
    folder(root, [(20, 40)] * 20)
    for file in root.rglob("*.png"):
        image = Image.open(file)
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(file, exif=exif)
    assert notes(str(root), size=(40, 20)) == []
    assert "(one of 40 x 20)" in notes(str(root), size=(20, 40))[0]
