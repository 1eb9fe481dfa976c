"""Data sets with a class of few pictures: each class is trained, validated and tested, or a note names it."""

import numpy as np
import pytest
from support.fakes import submit_in
from support.isolation import alone

from cnnjobs import ImageFolder, Job, Npz, Variant, vgg
from cnnjobs.comparison.table import job_table
from cnnjobs.datasets import load_dataset
from cnnjobs.planning.rows import has_small_classes, split_rows
from cnnjobs.planning.trials import make_plan
from cnnjobs.report.sections.verdicts import notes
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

__all__ = ["alone"]


def quiet(what, done, total):
    """Progress that nobody watches."""


def archive(folder, sizes, **more):
    """Write an archive with so many pictures of each class, shuffled, and return its path."""
    random = np.random.RandomState(0)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    images = random.randint(0, 256, (len(labels), 8, 8, 1)).astype(np.uint8)
    np.savez(folder / "few.npz", x_train=images, y_train=labels, **more)
    return folder / "few.npz"


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_three_pictures_of_one_class_among_sixty(tmp_path, fraction):
    """Three pictures of one class among sixty, and no test set: one of them is tested, two are trained on."""
    for sizes in ((57, 3), (3, 57), (29, 28, 3), (3, 3, 54)):
        data = load_dataset(Npz(str(archive(tmp_path, sizes)), test=fraction), quiet)
        assert len(data.y_test) == round(60 * fraction)
        assert np.bincount(data.y_test, minlength=len(sizes)).min() >= 1
        assert np.bincount(data.y_train, minlength=len(sizes)).min() >= 2
        assert not any("no test image" in note for note in data.notes)


def test_a_folder_with_a_small_class(tmp_path, monkeypatch):
    """The same in a folder of pictures."""
    from PIL import Image

    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    for name, count in (("cat", 57), ("dog", 3)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (8, 8), number).save(tmp_path / "pets" / name / f"{number:02}.png")
    for fraction in (0.05, 0.1, 0.2, 0.3):
        data = load_dataset(ImageFolder(str(tmp_path / "pets"), test=fraction), quiet)
        assert np.bincount(data.y_test, minlength=2).min() >= 1


def test_fewer_test_pictures_than_classes(tmp_path):
    """A tenth of twenty pictures of five classes are two: the note names the classes that nothing tests."""
    data = load_dataset(Npz(str(archive(tmp_path, [4] * 5)), test=0.1), quiet)
    untested = sorted(set("01234") - {str(label) for label in data.y_test})
    assert len(untested) == 3
    assert data.notes == (f"few.npz has no test image of {', '.join(untested)}, so nothing is tested on them",)


def test_a_test_set_of_ones_own_without_a_class(tmp_path):
    """A test set of the user's own that lacks a class: the note says so before anything runs."""
    path = archive(tmp_path, (10, 10, 10), x_test=np.zeros((4, 8, 8, 1), np.uint8), y_test=np.array([0, 0, 2, 2]))
    done = submit_in(tmp_path, dataset=str(path), repeats=1)
    assert done.exit_code == 0, done.output
    assert "note: few.npz has no test image of 1, so nothing is tested on them\n" in done.stderr


def trials(data, small_classes=None, **job):
    """Return the trials of a small job on the data set."""
    one = Variant(model=vgg(blocks=1, filters=2, dense=4), epochs=1, batch_size=2)
    made = Job(name="few", dataset="few.npz", variants={"one": one}, **{"repeats": 20} | job)
    small = has_small_classes(made, data.training_rows) if small_classes is None else small_classes
    return make_plan(made, data.fingerprint, small_classes=small).trials


def test_every_repeat_validates_every_class(tmp_path):
    """A class with two training pictures: each repeat trains on one and validates on the other."""
    data = load_dataset(Npz(str(archive(tmp_path, (57, 3)))), quiet)
    assert np.bincount(data.y_train).tolist()[1] == 2
    for trial in trials(data):
        for rows in split_rows(data.training_rows, trial):
            assert set(data.y_train[rows]) == {0, 1}


def test_only_trials_whose_rows_may_differ_have_another_identity(tmp_path):
    """What was stored for a data set of large classes is still the job's; with small ones it runs again."""
    small = load_dataset(Npz(str(archive(tmp_path, (57, 3)))), quiet)
    large = load_dataset(Npz(str(archive(tmp_path, (30, 30)))), quiet)
    assert [one.trial_id for one in trials(large)] == [one.trial_id for one in trials(large, small_classes=False)]
    assert {one.trial_id for one in trials(small)}.isdisjoint(
        one.trial_id for one in trials(small, small_classes=False)
    )


def test_splits_that_are_not_stratified_say_which_classes_they_leave_out(tmp_path):
    """Folds that ignore the classes: `plan` and `submit` note how many have no picture of which class."""
    path = archive(tmp_path, (57, 3))
    asked = {"dataset": str(path), "repeats": 2}
    done = submit_in(
        tmp_path, change=lambda text: text.replace("repeats=", "folds=5, stratify=False, repeats="), **asked
    )
    assert done.exit_code == 0, done.output
    data = load_dataset(Npz(str(path)), quiet)
    splits = [split_rows(data.training_rows, one) for one in trials(data, folds=5, stratify=False, repeats=2)]
    lacking = sum(1 not in data.y_train[validation] for _, validation in splits)
    assert 6 <= lacking <= 10
    assert f"note: {lacking} of 10 splits have no validation image of some classes: 1\n" in done.stderr


def test_one_class_is_most_of_the_data(tmp_path):
    """190 pictures benign and 10 malignant: 95% without looking at one, said by `submit` and the report."""
    path = archive(tmp_path, (190, 10))
    what = (
        "class '0' has 152 training images, 19 times the 8 of '1': always answering '0' is right for 95.0% of the "
        "test images"
    )
    assert what in load_dataset(Npz(str(path)), quiet).notes[0]
    done = submit_in(tmp_path, dataset=str(path), repeats=1)
    assert done.exit_code == 0, done.output
    assert what in done.stderr
    assert any(what in note for note in notes(job_table(Store(Files(tmp_path / "results" / "tiny")))))


@pytest.mark.parametrize("sizes", [(60, 60), (30, 60, 90), (59, 67, 60, 61), (20,) * 10])
def test_classes_of_usual_sizes(tmp_path, sizes):
    """Classes as they usually are, up to three to one: nothing is said."""
    assert load_dataset(Npz(str(archive(tmp_path, sizes))), quiet).notes == ()


def test_a_balanced_test_set(tmp_path):
    """One class is most of the training set, but not of the test set: guessing is right as often as it is there."""
    path = archive(tmp_path, (90, 10), x_test=np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1), y_test=[0, 0, 1, 1])
    assert "always answering '0' is right for 50.0% of the test images" in load_dataset(Npz(str(path)), quiet).notes[0]


def test_fewer_pictures_of_a_class_than_folds(tmp_path):
    """Five folds, and classes of three and four pictures: the error names them, and following it works."""
    path = archive(tmp_path, (40, 3, 4), x_test=np.zeros((3, 8, 8, 1), np.uint8), y_test=np.arange(3))
    asked = {"dataset": str(path), "repeats": 1}
    done = submit_in(tmp_path, change=lambda text: text.replace("repeats=", "folds=5, repeats="), **asked)
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert "Received: folds=5, and fewer images in classes '1' with 3, '2' with 4. Use `folds=3`, more" in said
    data = load_dataset(Npz(str(path)), quiet)
    for trial in trials(data, folds=3, repeats=1):
        assert set(data.y_train[split_rows(data.training_rows, trial)[1]]) == {0, 1, 2}
