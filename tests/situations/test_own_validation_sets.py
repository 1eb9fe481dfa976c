"""Data sets that come with a validation set: it validates, whole and the same in every repeat, wherever it can."""

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused
from support.fakes import submit_in

from cnnjobs import EarlyStopping, ImageFolder, Job, Npz, Variant, vgg
from cnnjobs.comparison.table import job_table
from cnnjobs.datasets.overview import class_cells, part_cells
from cnnjobs.errors import SpecError
from cnnjobs.planning.rows import split_rows
from cnnjobs.report.sections.setup import facts_table
from cnnjobs.run.audit import for_audit
from cnnjobs.run.final_fit import FinalFit, for_fit
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

VARIANT = Variant(model=vgg(blocks=1, filters=2, dense=4), epochs=1, batch_size=2)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    """A folder with train/ (24 pictures), valid/ (8) and test/ (6), no two alike."""
    level = iter(range(256))
    for part, each in (("train", 12), ("valid", 4), ("test", 3)):
        for name in ("bus", "car"):
            place = tmp_path / "vehicles" / part / name
            place.mkdir(parents=True)
            for _ in range(each):
                number = next(level)
                Image.new("L", (8, 8), number).save(place / f"{number}.png")
    return ImageFolder(str(tmp_path / "vehicles"))


def prepared(spec, variant=VARIANT, limit_train=None, **job):
    overrides = Overrides(limit_train=limit_train)
    made = Job(name="own", dataset=spec, variants={"one": variant}, **{"repeats": 3} | job)
    return prepare(read_job(made, overrides), overrides, lambda *_: None)


def splits(ready):
    """Levels of the pictures that each trial trains on and validates on."""
    levels = ready.dataset.x_train[:, 0, 0, 0]
    found = [split_rows(ready.dataset.training_rows, trial) for trial in ready.plan.trials]
    return [(set(levels[rows]), None if own is None else set(levels[own])) for rows, own in found]


def test_train_valid_and_test(folder):
    """Every repeat trains on all of train/ and validates on all of valid/; plan and report say so."""
    ready = prepared(folder)
    assert splits(ready) == [(set(range(24)), set(range(24, 32)))] * 3
    assert ready.plan.protocol.describe() == "the data set's own validation set, 8 pictures, the same in every repeat"
    assert ready.notes == ()
    stored = ready.as_stored().dataset
    assert (stored.train_rows, stored.validation_rows, stored.test_rows) == (24, 8, 6)


@pytest.mark.parametrize(
    ("job", "validating"),
    [({"validation": 0.25}, 8), ({"folds": 4}, 8), ({"validation": None}, 0), ({"validation": "test"}, None)],
)
def test_rows_that_are_to_be_divided_otherwise(folder, job, validating):
    """A fraction, folds, none, or the test set: valid/ is among the training rows then, and that is said."""
    ready = prepared(folder, **job)
    for trained, validated in splits(ready):
        assert trained | (validated or set()) == set(range(32))
        assert (None if validated is None else len(validated)) == validating
    note = "vehicles: its own validation set (8 pictures) does not validate here, and is among the training rows"
    assert note in ready.notes
    assert ready.as_stored().dataset.train_rows == 32


def test_what_people_read_of_it(folder, tmp_path):
    """`submit`, the report and `show` count three parts."""

    def change(text):
        spec = f"ImageFolder({folder.path!r})"
        return text.replace("import Augment", "import ImageFolder, Augment").replace(
            "dataset='digits'", f"dataset={spec}"
        )

    done = submit_in(tmp_path, change=change, repeats=2)
    assert done.exit_code == 0, done.output
    assert "4 trials on vehicles, 24 training and 8 validation images" in done.stderr
    facts = dict(facts_table(job_table(Store(Files(tmp_path / "results" / "tiny")))).cells)
    assert facts["data set"] == "vehicles"
    assert facts["images"] == "24 training, 8 validation and 6 test images of 8 x 8 pixels, greyscale"
    assert facts["validation"] == "the data set's own validation set, 8 pictures, the same in every repeat"
    data = load(folder)
    assert [row[:2] for row in part_cells(data)[1]] == [
        ("train", "24 x 8 x 8 x 1"),
        ("validation", "8 x 8 x 8 x 1"),
        ("test", "6 x 8 x 8 x 1"),
    ]
    header, rows = class_cells(data)
    assert header[-3:] == ("train", "validation", "test")
    assert [row[-4:] for row in rows] == [("bus", "12", "4", "3"), ("car", "12", "4", "3")]


def test_a_part_of_the_training_rows(folder):
    """`--limit-train 10`: ten pictures of train/, and all of valid/."""
    for trained, validated in splits(prepared(folder, limit_train=10)):
        assert len(trained) == 10
        assert trained < set(range(24))
        assert validated == set(range(24, 32))
    with pytest.raises(SpecError, match="`limit_train` must be between 4, two rows per class, and 24"):
        prepared(folder, limit_train=25)


def test_a_validation_set_that_is_asked_for_and_not_there(folder, tmp_path):
    """`validation="own"` takes it, and says what to do where there is none."""
    assert splits(prepared(folder, validation="own")) == splits(prepared(folder))
    with pytest.raises(SpecError, match="`validation='own'` needs a data set with a validation set of its own"):
        prepared("digits", validation="own")
    with pytest.raises(SpecError, match="`validation='own'` and `folds=3` exclude each other"):
        Job(name="own", dataset="digits", variants={"one": VARIANT}, validation="own", folds=3)


def test_the_final_fit_and_the_audit(folder):
    """`fit` trains on both sets, or validates on valid/ where callbacks need it; an audit has no split to vary."""
    watching = VARIANT.but(callbacks=(EarlyStopping(),))
    for variant, trained in ((VARIANT, 32), (watching, 24)):
        made = Job(name="own", dataset=folder, variants={"one": variant}, repeats=2)
        read = for_fit(read_job(made, Overrides()), None, 1)
        fit = FinalFit(prepare(read, Overrides(), lambda *_: None))
        assert len(split_rows(fit.prepared.dataset.training_rows, fit.trial)[0]) == trained
        assert any("own validation set" in note for note in fit.notes)
    read, _ = read_job(made, Overrides()).loaded(lambda *_: None)
    audit = for_audit(read, "one")
    assert audit.audit.left_out["split"] == "the data set's own validation set is the same in every repeat"
    assert "split alone" not in audit.job.variants
    own = {trial.trial_id for trial in prepare(audit, Overrides(), lambda *_: None).plan.trials}
    assert {trial.trial_id for trial in prepared(folder, watching, repeats=2).plan.trials} < own


def archive(folder, parts, **arrays):
    random = np.random.RandomState(0)
    for part, count in parts.items():
        arrays |= {
            f"x_{part}": random.randint(0, 256, (count, 8, 8), dtype=np.uint8),
            f"y_{part}": np.arange(count) % 2,
        }
    np.savez(folder / "own.npz", **arrays)
    return Npz(str(folder / "own.npz"))


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_arrays_with_a_validation_set(tmp_path, name):
    """x_val beside x_train and x_test: its rows validate, and are of its own whatever it is called."""
    ready = prepared(archive(tmp_path, {"train": 30, name: 10, "test": 12}))
    [(rows, own)] = {tuple(map(tuple, split_rows(ready.dataset.training_rows, one))) for one in ready.plan.trials}
    assert (rows, own) == (tuple(range(30)), tuple(range(30, 40)))
    assert len(ready.dataset.y_test) == 12


def test_arrays_with_a_validation_set_and_no_test_set(tmp_path):
    """x_train and x_val alone: no trial sees x_val before the end, so that it is the test set, as of folders."""
    data = load(archive(tmp_path, {"train": 30, "val": 10}))
    assert (len(data.y_train), len(data.y_test), data.is_validation) == (30, 10, None)
    assert data.notes == ("own.npz: there is no test set: the validation set, 10 pictures, is used instead",)


@pytest.mark.parametrize("left", ["x_val", "y_val"])
def test_a_validation_set_without_labels_or_pictures(tmp_path, left):
    """x_val without y_val, or the reverse: the error names the array that is missing, and advises nothing useless."""
    spec = archive(tmp_path, {"train": 30, "val": 10})
    np.savez(spec.path, **{name: array for name, array in np.load(spec.path).items() if name != left})
    message = refused(spec)
    assert f"own.npz must have the array {left!r}. Received: " in message
    assert "np.savez" not in message


def test_a_validation_set_with_labels_of_its_own(tmp_path):
    """A class that only the validation set has is refused by the name of the array."""
    assert "y_valid has labels that y_train does not have: [7]" in refused(
        archive(tmp_path, {"train": 30, "test": 12}, x_valid=np.zeros((2, 8, 8), np.uint8), y_valid=[1, 7])
    )


def test_a_validation_set_that_lacks_a_class(folder, tmp_path):
    """valid/ has buses alone: it validates, and the note says what it does not."""
    for path in (tmp_path / "vehicles" / "valid" / "car").iterdir():
        path.unlink()
    ready = prepared(folder)
    assert "1 of 1 splits has no validation image of some classes: car" in ready.notes
    assert ready.as_stored().dataset.validation_rows == 4


def test_copies_of_training_pictures_in_the_validation_set(tmp_path):
    """Three pictures of x_val are x_train's: counted, and dropped where that is asked for."""
    spec = archive(tmp_path, {"train": 30, "val": 10, "test": 12})
    arrays = dict(np.load(spec.path))
    arrays["x_val"][:3], arrays["y_val"][:3] = arrays["x_train"][:3], arrays["y_train"][:3]
    np.savez(spec.path, **arrays)
    data = load(spec)
    assert data.notes[0] == (
        "own.npz: 3 of 10 validation pictures are among the training pictures as well, identical pixel for pixel: "
        "validation figures include what was learnt by heart"
    )
    deduped = load(Npz(spec.path, dedupe="drop repeats"))
    assert (len(deduped.y_train), int(deduped.is_validation.sum())) == (37, 10)
    assert not any("validation pictures are" in note for note in deduped.notes)


def test_patients_of_the_validation_set_in_training(tmp_path):
    """The same patients in x_train and x_val as they came: counted, as for the test set."""
    groups = {
        "patient_train": np.arange(30) // 3,
        "patient_val": np.arange(10) // 2,
        "patient_test": 50 + np.arange(12),
    }
    spec = archive(tmp_path, {"train": 30, "val": 10, "test": 12}, **groups)
    [note] = load(Npz(spec.path, group="patient")).notes
    ready = prepared(Npz(spec.path, group="patient"))
    assert ready.notes == (note,)
    assert not ready.plan.protocol.groups, "nothing is divided"
    assert prepared(Npz(spec.path, group="patient"), validation=0.2).plan.protocol.groups
    assert note == (
        "own.npz: 5 groups of the validation set are among the training pictures as well (0, 1, 2, 3, 4), with 10 of "
        "10 validation pictures: validation figures are flattered by what was learnt about these groups"
    )


def test_trials_of_data_without_one_are_what_they_were():
    """`validation="auto"`, the default, is 0.2 there, to the identity of each trial."""
    ids = {
        tuple(trial.trial_id for trial in prepared("digits", **job).plan.trials) for job in ({}, {"validation": 0.2})
    }
    assert len(ids) == 1
