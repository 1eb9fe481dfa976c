"""Several pictures of one patient, scene or burst: on one side of every split, and taken together in figures."""

import re

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused
from support.fakes import submit_in
from support.isolation import alone

from cnnjobs import ImageFolder, Job, Npz, Variant, vgg
from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.datasets.overview import part_cells
from cnnjobs.errors import SpecError
from cnnjobs.planning.rows import plan_on, split_notes, split_rows
from cnnjobs.report.model import Text
from cnnjobs.report.sections.predictions import predictions_section
from cnnjobs.report.sections.setup import compared_text
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

__all__ = ["alone"]

VARIANT = Variant(model=vgg(blocks=1, filters=2, dense=4), epochs=1, batch_size=2)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))


def scans(folder, patients=40, each=8, parts=("",), seed=0, classes=2):
    """Write pictures whose patients look alike and whose classes do not: nothing can be learnt but the patient."""
    random = np.random.RandomState(seed)
    for patient in range(patients):
        likeness = random.randint(40, 216, (8, 8))
        for number in range(each):
            place = folder / parts[number % len(parts)] / f"class{patient % classes}"
            place.mkdir(parents=True, exist_ok=True)
            pixels = likeness + random.randint(-25, 26, (8, 8))
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"P{patient:02}_{number}.png")
    return folder


def neighbours_accuracy(train, test):
    """Accuracy of the nearest training picture's class."""
    images = [part.reshape(len(part), -1).astype(float) for part, _ in (train, test)]
    distances = ((images[1][:, None] - images[0][None]) ** 2).sum(axis=2)
    return (train[1][distances.argmin(axis=1)] == test[1]).mean()


def trials(data, **job):
    made = Job(name="scans", dataset="scans", variants={"one": VARIANT}, **{"repeats": 5} | job)
    return plan_on(made, data).trials


def test_scans_of_which_only_the_patient_can_be_learnt(tmp_path):
    """Eight scans each of forty patients, classes without any sign: 100% without groups, half right with them."""
    scans(tmp_path / "scans")
    plain, grouped = (
        load(ImageFolder(str(tmp_path / "scans"))),
        load(ImageFolder(str(tmp_path / "scans"), group="^[^_]+")),
    )
    for data, least, most in ((plain, 0.99, 1.0), (grouped, 0.2, 0.8)):
        figures = [neighbours_accuracy((data.x_train, data.y_train), (data.x_test, data.y_test))]
        for trial in trials(data):
            trained, validation = split_rows(data.training_rows, trial)
            sides = ((data.x_train[rows], data.y_train[rows]) for rows in (trained, validation))
            figures.append(neighbours_accuracy(*sides))
        assert least <= np.mean(figures) <= most, figures
    assert not {*grouped.groups_train} & {*grouped.groups_test}
    assert len(grouped.y_test) == 64
    assert np.bincount(grouped.y_test).tolist() == [32, 32]
    assert grouped.notes == ()


@pytest.mark.parametrize("job", [{"repeats": 20}, {"folds": 5}, {"validation": 0.5}, {"folds": 4, "stratify": False}])
def test_patients_in_every_split(tmp_path, job):
    """Patients with one to fifteen scans: on one side of each hold-out and fold, with both classes on both sides."""
    random = np.random.RandomState(3)
    patient = np.repeat(np.arange(50), random.randint(1, 16, 50))
    np.savez(
        tmp_path / "scans.npz",
        x_train=random.randint(0, 256, (len(patient), 8, 8), dtype=np.uint8),
        y_train=patient % 2,
        patient=patient,
    )
    data = load(Npz(str(tmp_path / "scans.npz"), group="patient"))
    seen = []
    for trial in trials(data, **job):
        rows, validation = split_rows(data.training_rows, trial)
        assert not {*data.groups_train[rows]} & {*data.groups_train[validation]}
        assert sorted([*rows, *validation]) == list(range(len(data.y_train)))
        assert {*data.y_train[rows]} == {*data.y_train[validation]} == {0, 1}
        seen += [validation] * (trial.repeat == 0)
    if "folds" in job:
        assert sorted(np.concatenate(seen)) == list(range(len(data.y_train)))


def test_patients_on_both_sides_of_the_test_set_as_it_came(tmp_path):
    """train/ and test/ with scans of the same patients: the note counts patients and pictures."""
    root = scans(tmp_path / "scans", patients=20, each=4, parts=("train", "train", "train", "test"))
    assert load(ImageFolder(str(root))).notes == ()
    notes = load(ImageFolder(str(root), group="^[^_]+")).notes
    names = ", ".join(f"P{number:02}" for number in range(10))
    assert notes == (
        f"scans: 20 groups of the test set are among the training pictures as well ({names} and 10 more), with 20 of "
        "20 test pictures: test figures are flattered by what was learnt about these groups",
    )


@pytest.mark.parametrize("pattern", [r"P(\d+)", "^[^_]+", r"^(P\d+)_", "(.+?)_"])
def test_expressions_that_find_the_patient(tmp_path, pattern):
    """With or without parentheses, searched in the file's name: the folder of its class and part are no part of it."""
    root = scans(tmp_path / "scans", patients=20, each=4, parts=("train", "train", "train", "test"))
    data = load(ImageFolder(str(root), group=pattern))
    assert data.training_rows.group_count == 20
    assert {*data.groups_test} == {*data.groups_train}


def test_a_folder_for_each_patient(tmp_path):
    """benign/P01/1.png: the group is the folder in the class's folder."""
    for patient in range(12):
        place = tmp_path / "scans" / ("benign", "malignant")[patient % 2] / f"P{patient:02}"
        place.mkdir(parents=True)
        for number in range(3):
            Image.new("L", (8, 8), 20 * patient + number).save(place / f"{number}.png")
    data = load(ImageFolder(str(tmp_path / "scans"), group="(.+)/"))
    assert (data.training_rows.group_count, len({*data.groups_test})) == (10, 2)


def test_pictures_whose_names_tell_no_patient(tmp_path):
    """Two of 22 files are called otherwise: they are counted and named, not put into a group of their own."""
    root = scans(tmp_path / "scans", patients=10, each=2)
    for name in ("class0/extra.png", "class1/copy of P03.png"):
        Image.new("L", (8, 8)).save(root / name)
    message = refused(ImageFolder(str(root), group=r"^P\d+"))
    assert "Received: 2 of 22 pictures do not match: class0/extra.png, class1/copy of P03.png." in message
    with pytest.raises(SpecError, match=r"`ImageFolder.group` must be a regular expression .*Received: group='\('"):
        ImageFolder(str(root), group="(")


def archive(folder, **arrays):
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (80, 8, 8), dtype=np.uint8)
    parts = {"x_train": images[:60], "y_train": np.arange(60) % 2, "x_test": images[60:], "y_test": np.arange(20) % 2}
    np.savez(folder / "scans.npz", **parts | arrays)
    return str(folder / "scans.npz")


TRAIN, TEST = np.arange(60) // 4, 15 + np.arange(20) // 4


@pytest.mark.parametrize(
    ("group", "arrays"),
    [
        ("patient", {"patient_train": TRAIN, "patient_test": TEST}),
        ("patient_train", {"patient_train": TRAIN, "patient_test": TEST}),
        ("patient", {"train_patient": TRAIN[:, None], "test_patient": TEST.astype(float)}),
        ("id", {"id": np.array([f"P{number}" for number in TRAIN]), "id_test": np.array([f"P{one}" for one in TEST])}),
        ("id", {"id_train": TRAIN.astype("S3"), "id_test": TEST.astype("U9")}),
    ],
)
def test_arrays_of_patients(tmp_path, group, arrays):
    """Numbers or text, in arrays of either usual name: the same groups."""
    data = load(Npz(archive(tmp_path, **arrays), group=group))
    assert (data.groups_train.tolist(), data.groups_test.tolist()) == (TRAIN.tolist(), TEST.tolist())
    assert data.notes == ()
    train, test = arrays
    shared = load(Npz(archive(tmp_path, **arrays | {test: arrays[train][:20]}), group=group))
    assert "5 groups of the test set are among the training pictures as well" in shared.notes[0]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "must have the groups of its pictures in patient_train, because of group='patient'. Received: x_train"),
        (
            {"patient": TRAIN[:50]},
            r"patient must have the group of each of the 60 pictures, .* Received: int64 \(50,\)",
        ),
        ({"patient": np.where(TRAIN == 3, np.nan, TRAIN)}, "Received: none in 4 of 60 rows: 12, 13, 14, 15"),
        ({"patient": np.where(TRAIN == 3, "", TRAIN.astype(str))}, "Received: none in 4 of 60 rows"),
        ({"patient": TRAIN.astype(object)}, r"Make text of them before np.savez: patient = patient.astype\(str\)"),
    ],
)
def test_arrays_that_do_not_tell_the_patients(tmp_path, arrays, said):
    """Missing, too short, with gaps, or of Python objects: refused by the name of the array."""
    assert re.search(said, refused(Npz(archive(tmp_path, **arrays), group="patient")))


def test_a_test_set_whose_patients_nobody_knows(tmp_path):
    """Only the training pictures have patients: a note, and a warning where the report takes test images one by one."""
    data = load(Npz(archive(tmp_path, patient=TRAIN), group="patient"))
    assert data.notes == (
        "scans.npz: the groups of the test pictures are not known, and may be those of training pictures as well",
    )


@pytest.mark.parametrize("patients", [1, 2])
def test_patients_that_cannot_be_divided(tmp_path, patients):
    """All scans are of one patient, or each class of one: the error says what would help."""
    root = scans(tmp_path / "scans", patients=2, each=6)
    message = refused(ImageFolder(str(root), group="P" if patients == 1 else r"P\d+"))
    why = (
        "all pictures are of one group" if patients == 1 else "each of the 2 groups has a class that no other group has"
    )
    assert f"no test set of whole groups can be held out: {why}" in message
    assert "Add pictures of other groups, give it a test set of its own, or change `group`" in message


def test_a_patient_with_most_of_the_pictures(tmp_path):
    """60 of 100 scans are of one patient, who has both classes: a test set of others, and its size is said."""
    random = np.random.RandomState(0)
    patient = np.array([0] * 92 + [1] * 4 + [2] * 4)
    path = tmp_path / "scans.npz"
    images = random.randint(0, 256, (100, 8, 8), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=np.arange(100) % 2, patient=patient)
    data = load(Npz(str(path), group="patient"))
    assert {*data.groups_train} >= {0}
    assert data.notes == ("scans.npz: whole groups make a test set of 4% of the pictures, instead of 20%",)


def words(section):
    """The sentences of a section of the report."""
    return " ".join(one.text for one in section.elements if isinstance(one, Text))


def submitted(folder, spec, **job):
    """Submit a job on a data set with workers that train nothing; return its table and what was said."""
    extra = "".join(f"{name}={value!r}, " for name, value in job.items())
    change = {
        "import Augment": "import ImageFolder, Npz, Augment",
        "dataset='digits'": f"dataset={spec!r}",
        "repeats=": f"{extra}repeats=",
    }

    def changed(text):
        for old, new in change.items():
            text = text.replace(old, new)
        return text

    done = submit_in(folder, repeats=6, change=changed)
    return done, Store(Files(folder / "results" / "tiny"))


def test_what_people_read_of_groups(tmp_path):
    """`submit`, the report and `show` say how many groups there are, and the report what it takes for independent."""
    spec = ImageFolder(str(scans(tmp_path / "scans", patients=30, each=6)), group="^[^_]+")
    done, store = submitted(tmp_path, spec)
    assert done.exit_code == 0, done.output
    table = job_table(store)
    said = compared_text(table)
    assert "in 24 groups of training images and 6 of test images" in said
    assert "20% of the training rows held out for validation, whole groups" in said
    found = read_predictions(store, table, lambda *_: None)
    assert found.groups == 6
    assert "The test images are in 6 groups, whose errors go together" in words(predictions_section(table, found))
    header, rows = part_cells(load(spec))
    assert [row[header.index("groups")] for row in rows] == ["24", "6"]


def test_folds_of_very_different_patients(tmp_path):
    """One patient has a third of the scans: sizes of folds are said, and intervals take the rows as they were."""
    patient = np.array([0] * 60 + [1 + number // 4 for number in range(120)])
    images = np.random.RandomState(0).randint(0, 256, (200, 8, 8), dtype=np.uint8)
    path = tmp_path / "scans.npz"
    arrays = {
        "x_train": images[:180],
        "y_train": np.arange(180) % 2,
        "x_test": images[180:],
        "y_test": np.arange(20) % 2,
    }
    np.savez(path, **arrays, patient_train=patient, patient_test=100 + np.arange(20))
    data = load(Npz(str(path), group="patient"))
    made = trials(data, folds=5, repeats=1)
    sizes = [len(split_rows(data.training_rows, trial)[1]) for trial in made]
    assert (max(sizes), sum(sizes)) == (60, 180)
    low, high = (f"{size / 180:.0%}" for size in (min(sizes), max(sizes)))
    note = (
        f"Whole groups make validation sets of {low} to {high} of the training rows, instead of the 20% of equal "
        "folds; in means over folds all folds count alike"
    )
    assert split_notes(data.training_rows, made, data.class_names) == (note,)


def test_three_patients(tmp_path):
    """A third of the pictures is the least that can be held out: the share is said where a fifth was asked for."""
    arrays = {"patient_train": np.arange(60) // 20, "patient_test": 9 + np.arange(20)}
    data = load(Npz(archive(tmp_path, **arrays), group="patient"))
    note = "Whole groups make validation sets of 33% of the training rows, instead of the 20%"
    assert split_notes(data.training_rows, trials(data), data.class_names) == (note,)


def test_a_part_of_the_rows_keeps_the_patients_apart(tmp_path):
    """`--limit-train`: a patient whose scans are used in part is still on one side."""
    data = load(ImageFolder(str(scans(tmp_path / "scans")), group="^[^_]+")).limited(60)
    for trial in trials(data):
        rows, validation = split_rows(data.training_rows, trial)
        assert not {*data.groups_train[rows]} & {*data.groups_train[validation]}


def test_groups_are_part_of_the_identity_and_their_names_are_not(tmp_path):
    """The same patients under other names are the same trials; other patients are others, also without a group."""

    def ids(patient):
        arrays = {} if patient is None else {"patient_train": patient, "patient_test": 100 + np.arange(20)}
        data = load(Npz(archive(tmp_path, **arrays), group=None if patient is None else "patient"))
        return [trial.trial_id for trial in trials(data)]

    assert ids(TRAIN) == ids(np.array([f"name {90 - number}" for number in TRAIN]))
    assert not {*ids(TRAIN)} & {*ids(np.arange(60) // 5)}
    assert not {*ids(TRAIN)} & {*ids(None)}
