"""Folders of pictures as people have them: what are parts, what are classes, and what is said where it is not clear."""

import contextlib
import os
import re
import subprocess
import unicodedata
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused

from cnnjobs import ImageFolder
from cnnjobs.datasets.folders.layouts import read_layout
from cnnjobs.datasets.folders.parts import role_of
from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.errors import DatasetError

NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


@pytest.fixture
def place(tmp_path):
    """Makes folders with `each` pictures, no two alike: 1, 2, ... in the order in which the folders are named."""
    levels = count(1)
    root = tmp_path / "photos"

    def fill(*folders, each=4):
        for folder in folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
            for _ in range(each):
                level = next(levels)
                Image.fromarray(np.full((4, 4), level, np.uint8)).save(root / folder / f"{level:03}.png")
        return root

    return fill


def read(root):
    """Return the classes, and the pictures of both parts: {class: levels}."""
    data = load(ImageFolder(str(root), test=0.25))
    parts = []
    for images, labels in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        levels = images[:, 0, 0, 0]
        parts.append({name: levels[labels == label].tolist() for label, name in enumerate(data.class_names)})
    return (*parts, data.notes)


TRAIN = {"cat": [1, 2, 3, 4], "dog": [5, 6, 7, 8]}
TEST = {"cat": [9, 10, 11, 12], "dog": [13, 14, 15, 16]}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("training_set", "test_set"),
        ("trainset", "testset"),
        ("TRAIN", "TEST"),
        ("Train Images", "Test Images"),
        ("train-data", "test-data"),
        ("trainData", "testData"),
        ("seg_train", "seg_test"),
        ("train2017", "test2017"),
        ("train", "evaluation"),
    ],
)
def test_training_and_test_set_under_other_names(place, train, test):
    """A folder with Training/ and Testing/, or however one calls them: the parts, with the classes in them."""
    root = place(f"{train}/cat", f"{train}/dog", f"{test}/cat", f"{test}/dog")
    assert read(root) == (TRAIN, TEST, ())


def test_parts_that_were_unpacked_into_folders_of_their_own_names(place):
    """seg_train/seg_train beside seg_test/seg_test and pictures to predict: the classes are two levels down."""
    train, test = "seg_train/seg_train", "seg_test/seg_test"
    root = place(f"{train}/cat", f"{train}/dog", f"{test}/cat", f"{test}/dog", "seg_pred/seg_pred")
    trained, tested, notes = read(root)
    assert (trained, tested) == (TRAIN, TEST)
    assert notes == (
        "photos: the pictures are read from seg_train/seg_train/, the only folder with pictures in its place",
        "photos: the pictures are read from seg_test/seg_test/, the only folder with pictures in its place",
        "photos: seg_pred/ (4 pictures) lies beside seg_train/ and is not used",
    )


@pytest.mark.parametrize("above", ["dataset", "archive/Brain Tumor Dataset"])
def test_parts_below_the_top_folder_of_an_archive(place, above):
    """dataset/train and dataset/test one level down, as an archive unpacks: found, and said."""
    root = place(*(f"{above}/{part}/{name}" for part in ("train", "test") for name in ("cat", "dog")), "__MACOSX/cat")
    trained, tested, notes = read(root)
    assert (trained, tested) == (TRAIN, TEST)
    assert notes == (f"photos: the pictures are read from {above}/, the only folder with pictures in its place",)


def test_parts_beside_other_things_in_an_archive(place):
    """images/train and images/test beside a folder of annotations and a picture of the whole: found, and said."""
    root = place(*(f"images/{part}/{name}" for part in ("train", "test") for name in ("cat", "dog")))
    place("", each=1)
    (root / "annotations").mkdir()
    trained, tested, notes = read(root)
    assert (trained, tested) == (TRAIN, TEST)
    assert notes == (
        "photos: the pictures are read from images/, the only folder with pictures in its place",
        "photos: 1 picture lies in no class's folder and is not used: 017.png",
    )


def test_one_class_with_pictures_in_folders_and_one_without(place):
    """cat/{indoors,outdoors} and an empty dog/: dog is a class without pictures, indoors is none."""
    root = place("cat/indoors", "cat/outdoors")
    place("dog", each=0)
    assert "class 'dog' with 0. Add images" in refused(ImageFolder(str(root)))


def test_folders_deep_in_each_other(place):
    """A class has folders in each other, deeper than Python's stack: its pictures are found."""
    root = place("cat", "dog")
    try:
        with contextlib.chdir(root / "dog"):
            for _ in range(1200):
                Path("d").mkdir()
                os.chdir("d")
            Path("4.png").touch()
        assert len(read_layout(Folder(str(root))).pictures) == 9
    finally:  # it is too deep for what removes folders after tests
        subprocess.run(["rm", "-rf", root], check=True)


def test_classes_below_the_top_folder_of_an_archive(place):
    """One folder, and the classes in it: they are the classes."""
    root = place("animals/cat", "animals/dog")
    trained, tested, notes = read(root)
    assert {name: sorted(trained[name] + tested[name]) for name in trained} == TRAIN
    assert notes == ("photos: the pictures are read from animals/, the only folder with pictures in its place",)


def test_the_test_set_has_one_class_with_folders_in_it(place):
    """test/ has only cat/, sorted into folders: cat stays a class."""
    root = place("train/cat", "train/dog", "test/cat/indoors", "test/cat/outdoors")
    trained, tested, notes = read(root)
    assert trained == TRAIN
    assert tested == {"cat": list(range(9, 17)), "dog": []}
    assert notes == ("photos has no test image of dog, so nothing is tested on them",)


@pytest.mark.parametrize("form", ["{part}/{name}", "{name}/{part}"])
def test_a_validation_set_beside_training_and_test_set(place, form):
    """train/, val/ and test/, beside each other or in each class: val/ is the data set's own validation set."""
    root = place(*(form.format(part=part, name=name) for part in ("train", "val", "test") for name in ("cat", "dog")))
    data = load(ImageFolder(str(root)))
    levels, own = data.x_train[:, 0, 0, 0], data.is_validation
    assert (levels[~own].tolist(), levels[own].tolist()) == (list(range(1, 9)), list(range(9, 17)))
    assert data.x_test[:, 0, 0, 0].tolist() == list(range(17, 25))
    assert not [note for note in data.notes if "not used" in note]


def test_a_validation_set_without_classes(place):
    """valid/ has pictures and no folder a class: they validate nothing, and are counted."""
    root = place("train/cat", "train/dog", "test/cat", "test/dog", "valid")
    assert load(ImageFolder(str(root))).is_validation is None
    notes = read(root)[2]
    assert any("4 pictures lie in no class's folder and are not used: valid/" in note for note in notes)


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_a_validation_set_and_no_test_set(place, name):
    """train/ and val/ alone: no trial sees val/ before the end, so that it is the test set, and that is said."""
    root = place("train/cat", "train/dog", f"{name}/cat", f"{name}/dog")
    note = f"photos: there is no test set beside train/: {name}/ is used as the test set"
    assert read(root) == (TRAIN, TEST, (note,))


def test_a_test_set_whose_classes_nobody_knows(place):
    """test/ has pictures in no class's folder, as competitions have: a test set is held out of train/."""
    root = place("train/cat", "train/dog", each=5)
    place("test", each=3)
    trained, tested, notes = read(root)
    assert {name: sorted(trained[name] + tested[name]) for name in trained} == {
        "cat": [1, 2, 3, 4, 5],
        "dog": [6, 7, 8, 9, 10],
    }
    assert notes == (
        "photos: test/ has 3 pictures in no class's folder, which test nothing and are not used",
        "photos: there is no test set beside train/: one is held out of it",
    )


def test_a_training_set_alone(place):
    """Only train/: a test set is held out of it, and that is said."""
    root = place("train/cat", "train/dog")
    trained, _, notes = read(root)
    assert list(trained) == ["cat", "dog"]
    assert notes == ("photos: there is no test set beside train/: one is held out of it",)


@pytest.mark.parametrize("name", ["train", "Training", "valid", "test"])
def test_a_class_that_has_the_name_of_a_part(place, name):
    """vehicles/{bus,car,train}: pictures lie in each, so train is a class, and that is said."""
    root = place("bus", "car", name)
    trained, tested, notes = read(root)
    assert sorted(trained[name] + tested[name]) == [9, 10, 11, 12]
    assert notes == (
        f"photos: {name}/ is taken for a class, because pictures lie in it and no other folder is its counterpart",
    )


def test_a_class_named_train_in_a_training_set(place):
    """train/train/ beside train/bus/: a class of the training set, as of the test set."""
    root = place("train/bus", "train/train", "test/bus", "test/train")
    trained, tested, notes = read(root)
    assert trained == {"bus": [1, 2, 3, 4], "train": [5, 6, 7, 8]}
    assert tested == {"bus": [9, 10, 11, 12], "train": [13, 14, 15, 16]}
    assert notes == ()


def test_classes_whose_names_have_the_word_train_in_them(place):
    """freight_train and passenger_train with folders in them, and restrained: classes."""
    root = place("freight_train/a", "passenger_train/a", "restrained/a")
    trained, _, notes = read(root)
    assert list(trained) == ["freight_train", "passenger_train", "restrained"]
    assert notes == ()


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (
            ["bus", "car", "train", "test"],
            "test/, train/ must have a sub-folder for each class. Received: pictures in no",
        ),
        (["train", "test"], "must have a sub-folder for each class. Received: pictures in no class's folder"),
        (["train/cat", "train/dog", "cat", "dog"], "has train/ but no test/. Expected both"),
        (["cat", "dog", "test/cat", "test/dog"], "has test/ but no train/. Expected both"),
        (["train/a", "training/a", "test/a"], "it is not clear which folders are the training and the test set"),
        (["x_train/a", "x_test/a", "y_train/a", "y_test/a"], "Received: x_test, x_train, y_test, y_train"),
        (["train/train/a", "train/val/a", "test/a"], "it is not clear whether train/, val/ in train/ is a class"),
        (["a/train/cat", "a/test/cat", "b/train/cat", "b/test/cat"], "it is not clear whether a/, b/ are classes"),
        (["cat/train", "cat/test", "dog"], "training and test sets lie in cat/ and not in the other classes"),
    ],
)
def test_folders_that_may_be_parts_or_classes(place, folders, said):
    """Folders of which nobody can say whether they are parts or classes: refused, with what would make it clear."""
    assert said in refused(ImageFolder(str(place(*folders))))


def test_parts_in_each_class(place):
    """cat/train, cat/test, dog/train, dog/test: the parts are used, and what lies beside them is counted."""
    root = place("cat/train", "dog/train", "cat/test", "dog/test", "dog/val")
    trained, tested, notes = read(root)
    assert (trained, tested) == (TRAIN, TEST)
    assert notes == (
        "photos: each class has its training and its test set in its own folder",
        "photos: other folders of the classes (4 pictures) are not used: val/",
    )


def test_training_and_validation_set_in_each_class(place):
    """cat/train, cat/val, and a picture beside them: val is the test set, and the picture is not used."""
    root = place("cat/train", "dog/train", "cat/val", "dog/val")
    place("cat", each=1)
    assert read(root) == (
        TRAIN,
        TEST,
        (
            "photos: each class has its training and its test set in its own folder",
            "photos: 1 picture lies in no class's folder and is not used: cat/017.png",
        ),
    )


def test_the_same_folders_in_each_class(place):
    """fold1/{cat,dog} and fold2/{cat,dog}: the top folders are the classes, and that they may be none is said."""
    root = place("fold1/cat", "fold1/dog", "fold2/cat", "fold2/dog")
    trained, _, notes = read(root)
    assert list(trained) == ["fold1", "fold2"]
    assert "the classes are fold1, fold2, and the same folders lie in each of them: cat, dog. If those are" in notes[0]


def test_pictures_in_no_class(place):
    """Pictures lie in the root, in train/ and in test/ beside the classes: not used, and counted."""
    root = place("cat", "dog")
    place("", each=1)
    assert read(root)[2] == ("photos: 1 picture lies in no class's folder and is not used: 009.png",)
    (root / "train").mkdir()
    (root / "test").mkdir()
    for name in ("cat", "dog"):
        (root / name).rename(root / "train" / name)
    place("test/cat", "test/dog")
    place("train", "test", each=1)
    note = "3 pictures lie in no class's folder and are not used: 009.png, train/018.png, test/019.png"
    assert read(root)[2] == (f"photos: {note}",)


def test_pictures_and_no_folders(place):
    """A folder of pictures without classes: refused, with how many there are."""
    assert "has 4 pictures in no class's folder. Expected a sub-folder for each class" in refused(
        ImageFolder(str(place("")))
    )


def test_a_class_that_only_one_part_has(place):
    """owl only in train/: nothing tests it, said; only in test/: refused; an empty folder in test/ is nothing."""
    root = place("train/cat", "train/dog", "train/owl", "test/cat", "test/dog", "test/emu")
    assert "test/ has classes that train/ does not have: emu. Add pictures" in refused(ImageFolder(str(root)))
    for file in (root / "test" / "emu").iterdir():
        file.unlink()
    assert read(root)[2] == ("photos has no test image of owl, so nothing is tested on them",)


@pytest.mark.parametrize(("train", "test"), [(NFC, NFD), (NFD, NFC)])
def test_a_name_in_another_unicode_form_in_the_test_set(place, train, test):
    """train/café in one Unicode form and test/café in the other: one class, said."""
    root = place(f"train/{train}", "train/dog", f"test/{test}", "test/dog")
    trained, tested, notes = read(root)
    assert trained == {train: [1, 2, 3, 4], "dog": [5, 6, 7, 8]}
    assert tested == {train: [9, 10, 11, 12], "dog": [13, 14, 15, 16]}
    assert notes == (f"photos: {NFC} is written in two Unicode forms, which are taken for one class",)


def test_a_name_in_both_unicode_forms(place):
    """café in both Unicode forms beside each other: one class, not two that print the same."""
    root = place(NFC, NFD, "dog")
    trained, tested, notes = read(root)
    assert sorted(trained[NFC] + tested[NFC]) == list(range(1, 9))
    assert list(trained) == [NFC, "dog"]
    assert notes == (f"photos: {NFC} is written in two Unicode forms, which are taken for one class",)


def test_names_that_differ_in_case(place):
    """Cat and cat beside each other are two classes, said; Cat in train/ and cat in test/ are one, said."""
    root = place("Cat", "cat", "dog")
    assert list(read(root)[0]) == ["Cat", "cat", "dog"]
    assert read(root)[2] == ("photos: 'Cat', 'cat' differ only in case or spaces and are 2 classes",)
    root = place("parts/train/Cat", "parts/train/dog", "parts/test/cat ", "parts/test/dog") / "parts"
    trained, tested, notes = read(root)
    assert (len(trained["Cat"]), len(tested["Cat"])) == (4, 4)
    assert notes == ("parts: 'cat ' of the test set is taken for the class 'Cat', which is written otherwise",)


def test_what_systems_leave_in_folders(place):
    """Thumbs.db, desktop.ini, __MACOSX, .ipynb_checkpoints and a network drive's small copies: nothing."""
    root = place("cat", "dog")
    before = load(ImageFolder(str(root)))
    place("__MACOSX/cat", ".ipynb_checkpoints", "cat/.ipynb_checkpoints", "cat/@eaDir", "$RECYCLE.BIN", "lost+found")
    place("cat/__MACOSX")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "cat/Thumbs.db", "cat/._001.png"):
        (root / name).write_bytes(b"system")
    after = load(ImageFolder(str(root)))
    assert (after.class_names, after.fingerprint, after.notes) == (before.class_names, before.fingerprint, ())
    assert len(list(Folder(str(root / "cat")).below())) == 4, "as predict reads it"


def test_links_to_folders(place, tmp_path):
    """A class is a link to a folder elsewhere: read. Links further down, and such that lead nowhere: said."""
    root = place("dog")
    place("../elsewhere/cats")
    (root / "cat").symlink_to(tmp_path / "elsewhere" / "cats")
    (root / "dog" / "more").symlink_to(tmp_path / "elsewhere")
    for name in ("gone.png", "gone.txt"):
        (root / "dog" / name).symlink_to(tmp_path / name)
    trained, tested, notes = read(root)
    assert sorted(trained["cat"] + tested["cat"]) == [5, 6, 7, 8]
    assert notes == (
        "photos: links to folders inside a class are not followed: dog/more/",
        "photos: links that lead nowhere are passed over: dog/gone.png",
    )


@pytest.mark.parametrize("target", ["cat", "."])
def test_a_link_that_makes_a_class_of_another(place, target):
    """latest is a link to the class cat, or to all: the same pictures would be in two classes."""
    root = place("cat", "dog")
    (root / "latest").symlink_to(root / target)
    assert "latest/" in refused(ImageFolder(str(root)))
    assert "have the same pictures, by a link. Remove the link" in refused(ImageFolder(str(root)))


def test_the_test_set_is_a_link_to_the_training_set(place):
    """test -> train: what is tested would be what was learnt."""
    root = place("train/cat", "train/dog")
    (root / "test").symlink_to("train")
    assert "test/cat/ and train/cat/ have the same pictures, by a link" in refused(ImageFolder(str(root)))


def test_the_notes_follow_the_folder_where_the_pictures_come_from_the_cache(place):
    """A picture was put into the root after the first run: the second run, from the cache, says so."""
    root = place("cat", "dog")
    assert read(root)[2] == ()
    place("", each=1)
    assert "1 picture lies in no class's folder" in read(root)[2][0]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("train", ("train", ())),
        ("Training_Set", ("train", ())),
        ("valset", ("valid", ())),
        ("seg_test", ("test", ("seg",))),
        ("test-2", ("test", ("2",))),
        ("restrain", None),
        ("contest", None),
        ("train_test", None),
        ("invalid", None),
    ],
)
def test_names_of_parts(name, meant):
    """Which names mean a part, and which only have its letters in them."""
    assert role_of(name) == meant


NAMES = (
    "train",
    "Training",
    "test",
    "seg_train",
    "seg_test",
    "valid",
    "cat",
    "dog",
    "Cat",
    NFC,
    NFD,
    "photos",
    "a_test",
)


def _grow(folder, random, depth):
    """Make a folder with pictures and folders at random."""
    folder.mkdir()
    for number in range(random.choice((0, 0, 1, 3) if depth else (0, 0, 0, 1))):
        (folder / f"{number}.png").touch()
    if depth < 3:
        for name in random.sample(NAMES, random.choice((0, 1, 2, 2, 3) if depth else (1, 2, 2, 3))):
            _grow(folder / name, random, depth + 1)


def test_every_picture_of_any_folder_is_used_or_counted(tmp_path):
    """Folders of all shapes, at random: refused in words, or each picture is in one class or counted in a note."""
    random = Random(7)
    outcomes = {"read": 0, "refused": 0}
    for number in range(250):
        root = tmp_path / f"{number}"
        _grow(root, random, 0)
        try:
            layout = read_layout(Folder(str(root)))
        except DatasetError as error:
            assert str(error).endswith(".")
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        used = [picture.path for picture in layout.pictures]
        assert len(set(used)) == len(used)
        said = sum(int(found) for note in layout.notes for found in re.findall(r"(\d+) pictures?\b", note))
        assert len(used) + said == len(list(Folder(str(root)).below())), (list(Folder(str(root)).below()), layout)
        for name in {"train", "Training", "test", "valid"} & set(layout.class_names):
            label = layout.class_names.index(name)
            folders = {Path(picture.path).parent.name for picture in layout.pictures if picture.label == label}
            assert name in folders or not folders, layout
    assert min(outcomes.values()) > 40, outcomes
