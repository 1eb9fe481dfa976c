"""What `evaluate` takes of the data it is given: the test set where there is one, else all that has a label."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image
from support.datasets import load

from cnnjobs import ImageFolder, Npz
from cnnjobs.errors import DatasetError, ModelError
from cnnjobs.models.model_file import ModelMetadata, with_metadata
from cnnjobs.models.trained_pictures import TrainedPictures
from cnnjobs.run.documents.evaluate import evaluate_document
from cnnjobs.run.evaluate import evaluate_model

SIDE = (4, 4)


class Brightness:
    """A network that tells dark from light by the mean of the pixels."""

    def predict(self, images):
        light = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([1 - light, light], axis=1).astype(np.float32)


@pytest.fixture(autouse=True)
def network(tmp_path, monkeypatch):
    """Be in an empty folder, where every model file has this network in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cnnjobs.run.evaluate.open_model", lambda _: Brightness())


def model(dataset, facts=None, names=("dark", "light"), channels=3, trained=None):
    """Write a model file that says what it was trained on."""
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with open("m.keras", "wb") as stream:
        stream.write(
            with_metadata(empty.getvalue(), ModelMetadata(names, (*SIDE, channels), dataset, facts or {}, trained))
        )
    return "m.keras"


def paint(place, count, *, light, seed=0):
    """Paint pictures of one class into a folder."""
    random = np.random.RandomState(seed + light)
    place.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = random.randint(0, 100, (*SIDE, 3)) + 150 * light
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")


def paint_both(root, count, seed=0):
    paint(root / "dark", count, light=0, seed=seed)
    paint(root / "light", count, light=1, seed=seed)


def evaluated(dataset, part="test", trained_on=None):
    return evaluate_model(model(trained_on or ImageFolder("/elsewhere", size=SIDE)), str(dataset), part)


def test_a_folder_with_one_class(tmp_path):
    """All that a person has are dark pictures: how many of them are told to be dark."""
    paint(tmp_path / "new" / "dark", 7, light=0)
    found = evaluated(tmp_path / "new")
    assert (found.part, found.pictures, found.metrics["accuracy"]) == ("all", 7, 1.0)
    assert any("There are no pictures of light" in note for note in found.notes)


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_folder_without_a_test_set_is_evaluated_whole(tmp_path, count):
    """One, two or twenty pictures a class: all of them, not a fifth, and it is said."""
    paint_both(tmp_path / "new", count)
    found = evaluated(tmp_path / "new")
    assert (found.part, found.pictures) == ("all", 2 * count)
    assert f"new, all: {2 * count} pictures" in found.formatted("text")
    assert evaluate_document(found)["part"] == "all"
    assert any(
        f"is not the data set that the model was trained on, so all of its {2 * count} pictures" in one
        for one in found.notes
    )


def test_a_folder_with_nothing_but_test(tmp_path):
    """Only `test/` was unpacked: it is the test set; no training set is asked for."""
    paint_both(tmp_path / "new" / "test", 3)
    found = evaluated(tmp_path / "new")
    assert (found.part, found.pictures) == ("test", 6)
    paint(tmp_path / "one" / "Testing" / "light", 3, light=1)
    assert (evaluated(tmp_path / "one").part, evaluated(tmp_path / "one").pictures) == ("test", 3)


def test_a_folder_with_train_and_test(tmp_path):
    """Both parts are there: the test set, whatever the training set lacks; all of it where that is asked for."""
    paint(tmp_path / "new" / "train" / "dark", 1, light=0)
    paint(tmp_path / "new" / "train" / "light", 1, light=1)
    paint_both(tmp_path / "new" / "test", 4, seed=1)
    assert (evaluated(tmp_path / "new").part, evaluated(tmp_path / "new").pictures) == ("test", 8)
    found = evaluated(tmp_path / "new", part="all")
    assert (found.part, found.pictures) == ("all", 10)
    assert not any("not what the model was trained on" in note for note in found.notes)


def test_what_was_trained_on_keeps_its_held_out_part(tmp_path):
    """The folder of training, and a copy of it elsewhere: what was held out then, not what was learnt."""
    paint_both(tmp_path / "own", 20)
    paint_both(tmp_path / "copy", 20)
    spec = ImageFolder(str(tmp_path / "own"), size=SIDE)
    data = load(spec)
    trained = model(spec, {"dataset_fingerprint": data.fingerprint})
    for given in (None, str(tmp_path / "own"), str(tmp_path / "copy")):
        found = evaluate_model(trained, given, "test")
        assert (found.part, found.pictures) == ("test", 8)
    paint(tmp_path / "copy" / "dark", 21, light=0)
    assert evaluate_model(trained, str(tmp_path / "copy"), "test").pictures == 41


def test_pictures_of_training_in_other_data_are_counted(tmp_path):
    """A folder into which pictures of training have come: it is said of how many; not of what was held out."""
    paint_both(tmp_path / "own", 20)
    paint_both(tmp_path / "new", 4)
    paint_both(tmp_path / "fresh", 4, seed=9)
    spec = ImageFolder(str(tmp_path / "own"), size=SIDE)
    data = load(spec)
    trained = TrainedPictures.of(data.x_train)
    file = model(spec, {"dataset_fingerprint": data.fingerprint}, trained=trained)

    def said(dataset, part="test"):
        notes = evaluate_model(file, dataset and str(dataset), part).notes
        return [note for note in notes if "among those that the model was trained on" in note]

    among = int(trained.among(load(ImageFolder(str(tmp_path / "new"), size=SIDE, test=0.5)).x_train).sum())
    assert among, "some of the four are of training"
    (note,) = said(tmp_path / "new")
    assert int(note.split()[0]) >= among and "of 8 pictures are, pixel for pixel, among" in note
    assert said(tmp_path / "fresh") == []
    assert said(None) == said(None, "train") == []
    assert said(None, "all")[0].startswith("32 of 40 pictures are")


def test_unreadable_pictures_are_counted(tmp_path):
    """A broken picture is left out and named; where all are, it is an error."""
    paint_both(tmp_path / "new", 3)
    (tmp_path / "new" / "dark" / "broken.png").write_text("none")
    found = evaluated(tmp_path / "new")
    assert found.pictures == 6
    assert any("1 picture cannot be read and is left out: dark/broken.png (" in note for note in found.notes)
    (tmp_path / "bad" / "dark").mkdir(parents=True)
    (tmp_path / "bad" / "dark" / "broken.png").write_text("none")
    with pytest.raises(DatasetError, match="cannot be read"):
        evaluated(tmp_path / "bad")


def test_grey_pictures_for_a_network_of_grey(tmp_path):
    """Grey pictures are not said to be in colour."""
    paint_both(tmp_path / "new", 3)
    for path in (tmp_path / "new").rglob("*.png"):
        with Image.open(path) as image:
            grey = image.convert("L")
        grey.save(path)
    found = evaluate_model(model(ImageFolder("/elsewhere", size=SIDE), channels=1), str(tmp_path / "new"), "test")
    assert found.metrics["accuracy"] == 1.0
    assert not any("colour" in note for note in found.notes)


PIXELS = (
    np.random.RandomState(0).randint(0, 100, (6, *SIDE, 3)) + 150 * (np.arange(6) % 2)[:, None, None, None]
).astype(np.uint8)
NAMES = np.array(["dark", "light"])[np.arange(6) % 2]


@pytest.mark.parametrize(
    ("arrays", "part", "pictures"),
    [
        ({"x_test": PIXELS, "y_test": NAMES}, "test", 6),
        ({"x_test": PIXELS[:1], "y_test": NAMES[:1]}, "test", 1),
        ({"x_train": PIXELS[:2], "y_train": NAMES[:2]}, "all", 2),
        ({"x_train": PIXELS, "y_train": NAMES}, "all", 6),
        ({"x_train": PIXELS[:1], "y_train": NAMES[:1], "x_test": PIXELS[1:], "y_test": NAMES[1:]}, "test", 5),
    ],
)
def test_archives(tmp_path, arrays, part, pictures):
    """An archive with only a test set, one class, one picture a class, or classes that only its test set has."""
    np.savez(tmp_path / "new.npz", **arrays)
    found = evaluated(tmp_path / "new.npz")
    assert (found.part, found.pictures, found.metrics["accuracy"]) == (part, pictures, 1.0)


def test_an_archive_is_read_with_the_black_and_white_of_training(tmp_path):
    """Scans of a few values: with the range of training they are as dark as they were there."""
    np.savez(tmp_path / "new.npz", x_test=np.full((3, *SIDE, 3), 50.0) + np.eye(4)[..., None], y_test=["dark"] * 3)
    found = evaluated(tmp_path / "new.npz", trained_on=Npz("/scans.npz", value_range=(-300, 600)))
    assert found.metrics["accuracy"] == 1.0
    found = evaluated(tmp_path / "new.npz", trained_on=Npz("/scans.npz", value_range=(-3000, 60)))
    assert found.metrics["accuracy"] == 0.0


@pytest.mark.parametrize("arrays", [{}, {"x_test": PIXELS}, {"y_test": NAMES}, {"x_train": PIXELS}])
def test_pictures_without_labels_are_refused(tmp_path, arrays):
    """Nothing has a label: the error says which array is missing."""
    np.savez(tmp_path / "new.npz", **arrays, other=np.zeros(3))
    with pytest.raises(DatasetError, match="must have the array"):
        evaluated(tmp_path / "new.npz")


def test_classes_that_the_model_does_not_know_are_refused(tmp_path):
    """Another class than those of training."""
    paint(tmp_path / "new" / "grey", 3, light=0)
    with pytest.raises(ModelError, match="classes that the model does not know: grey"):
        evaluated(tmp_path / "new")
