"""Copies among the pictures: in train and test, in two classes, twice in a class; arrays and folders alike."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.datasets import load
from support.fakes import submit_in
from support.isolation import alone

from cnnjobs import ImageFolder, Npz, errors
from cnnjobs.comparison.table import job_table
from cnnjobs.datasets.duplicates.duplicates import find_duplicates
from cnnjobs.report.sections.verdicts import notes
from cnnjobs.run.show import Pictures, show_dataset
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

__all__ = ["alone"]

RANDOM = np.random.RandomState(3)
TRAIN, TEST = RANDOM.randint(0, 256, (40, 6, 6, 3), np.uint8), RANDOM.randint(0, 256, (20, 6, 6, 3), np.uint8)
LABELS = np.arange(40) % 2


def archive(folder, train=TRAIN, test=TEST):
    np.savez(folder / "noise.npz", x_train=train, y_train=LABELS, x_test=test, y_test=LABELS[:20])
    return Npz(str(folder / "noise.npz"))


def folders(root, train=TRAIN, test=TEST):
    """The same as a folder, with copies under other names and in another format."""
    for part, images, suffix in (("train", train, "png"), ("test", test, "bmp")):
        for row, image in enumerate(images):
            path = root / "noise" / part / "ab"[LABELS[row]] / f"{part}-{row}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return ImageFolder(str(root / "noise"))


KINDS = pytest.mark.parametrize("kind", [archive, folders])


@KINDS
def test_no_copies(tmp_path, kind):
    """Pictures that all differ: nothing is said."""
    assert load(kind(tmp_path)).notes == ()


@KINDS
def test_half_of_the_test_set_is_of_the_training_set(tmp_path, kind):
    """Noise, of which ten of twenty test pictures are training pictures: 75% where 50% is the truth."""
    said = load(kind(tmp_path, test=np.concatenate([TRAIN[:10], TEST[10:]]))).notes
    assert len(said) == 1
    assert "10 of 20 test pictures are among the training pictures as well, identical pixel for pixel" in said[0]


@KINDS
def test_one_picture_in_two_classes(tmp_path, kind):
    """A file was put into both classes: one of the labels is wrong."""
    said = load(kind(tmp_path, train=np.concatenate([TRAIN[1:2], TRAIN[1:]]))).notes
    assert len(said) == 1
    assert "2 pictures are in more than one class" in said[0]


@KINDS
def test_pictures_twice_in_a_class(tmp_path, kind):
    """Three pictures of one class are there twice: once on each side of a fold, perhaps."""
    train = TRAIN.copy()
    train[[20, 22, 24]] = train[[0, 2, 4]]
    said = load(kind(tmp_path, train=train)).notes
    assert len(said) == 1
    assert "3 pictures are identical pixel for pixel to an earlier one of the same class and part" in said[0]


def test_copies_on_both_sides_of_what_is_held_out(tmp_path):
    """Each picture is there twice, and the test set is held out: most test pictures have been trained on."""
    np.savez(tmp_path / "twice.npz", x_train=np.repeat(TRAIN, 2, axis=0), y_train=np.repeat(LABELS, 2))
    data = load(Npz(str(tmp_path / "twice.npz")))
    trained = {image.tobytes() for image in data.x_train}
    copied = sum(image.tobytes() in trained for image in data.x_test)
    assert copied > 8
    assert f"{copied} of 16 test pictures are among the training pictures" in data.notes[0]


def test_show_submit_and_the_report_say_so(tmp_path, monkeypatch):
    """The note reaches `show`, `submit`, and the report."""
    monkeypatch.chdir(tmp_path)
    spec = archive(tmp_path, test=TRAIN[:20])
    what = "20 of 20 test pictures are among the training pictures"
    assert what in show_dataset(spec.path, None, Pictures(3, "out.png", None, strict=False)).text()
    done = submit_in(tmp_path, dataset=spec.path, repeats=1)
    assert done.exit_code == 0, done.output
    assert what in done.stderr
    [job] = tmp_path.glob("results/*/job.json")
    assert any(what in note for note in notes(job_table(Store(Files(job.parent)))))


@KINDS
def test_what_is_tested_is_not_trained_on(tmp_path, kind):
    """Ten test pictures are training pictures: where it is asked for, these are not trained on, and nothing else."""
    spec = kind(tmp_path, test=np.concatenate([TRAIN[:10], TEST[10:]]))
    plain, deduped = load(spec), load(replace(spec, dedupe="drop from train"))
    assert len(deduped.y_train) == 30
    trained, tested = ({image.tobytes() for image in images} for images in (deduped.x_train, deduped.x_test))
    assert not trained & tested
    assert np.array_equal(deduped.x_test, plain.x_test)
    assert deduped.fingerprint != plain.fingerprint
    assert deduped.rows_train.tolist() == [
        row for row, image in zip(plain.rows_train, plain.x_train, strict=True) if image.tobytes() not in tested
    ]
    assert deduped.notes == (
        f"{plain.name}: 10 training pictures are left out, identical pixel for pixel to test pictures "
        "(dedupe='drop from train'): 30 of 40 remain",
    )


@KINDS
def test_repeats_are_left_out_of_training(tmp_path, kind):
    """A picture three times in its class, once in the other, and one that is tested: each is trained on once or not."""
    train = TRAIN.copy()
    train[[20, 22, 21]] = train[0]
    spec = kind(tmp_path, train=train, test=np.concatenate([TRAIN[4:5], TEST[1:]]))
    data = load(replace(spec, dedupe="drop repeats"))
    assert len(data.y_train) == 37
    said = " ".join(data.notes)
    assert "1 training picture is left out, identical pixel for pixel to test pictures" in said
    assert "2 training pictures are left out, identical pixel for pixel to an earlier one of the class" in said
    assert "4 pictures are in more than one class" in said  # named, not dropped: nobody knows which label is right
    copies = [image.tobytes() == train[0].tobytes() for image in data.x_train]
    assert sorted(data.y_train[copies].tolist()) == [0, 1]


@KINDS
def test_nothing_to_leave_out(tmp_path, kind):
    """Without copies the data set and the trials trained on it are the same ones, whether it was asked for or not."""
    spec = kind(tmp_path)
    deduped = load(replace(spec, dedupe="drop repeats"))
    assert deduped.fingerprint == load(spec).fingerprint
    assert deduped.notes == ()


@KINDS
def test_a_class_of_which_nothing_is_left(tmp_path, kind):
    """All training pictures of a class are test pictures: the error says what left them out."""
    spec = kind(tmp_path, train=np.concatenate([TRAIN[:20]] * 2), test=TRAIN[:20])
    with pytest.raises(errors.DatasetError, match=r"dedupe='drop from train' leaves 0 training images.*Received: 0"):
        load(replace(spec, dedupe="drop from train"))


def test_a_validation_set_of_pictures_that_are_trained_on(tmp_path):
    """Six of ten pictures of `valid/` are training pictures: said, and left out of training where it is asked for."""
    valid = np.concatenate([TRAIN[:6], 255 - TEST[:4]])
    arrays = {"x_train": TRAIN, "y_train": LABELS, "x_test": TEST, "y_test": LABELS[:20]}
    np.savez(tmp_path / "noise.npz", **arrays, x_valid=valid, y_valid=LABELS[:10])
    spec = Npz(str(tmp_path / "noise.npz"))
    said = [note for note in load(spec).notes if "pixel" in note]
    assert len(said) == 1
    assert "6 of 10 validation pictures are among the training pictures as well" in said[0]
    data = load(replace(spec, dedupe="drop from train"))
    assert data.is_validation.sum() == 10
    trained = {image.tobytes() for image in data.x_train[~data.is_validation]}
    assert len(trained) == 34
    assert not trained & {image.tobytes() for image in data.x_train[data.is_validation]}
    assert (
        "6 training pictures are left out, identical pixel for pixel to test or validation pictures" in data.notes[-1]
    )
    found = find_duplicates(load(spec), lambda *progress: None, near=False)
    assert {pair.where for pair in found.pairs} == {"train and validation"}


def test_a_misspelt_wish(tmp_path):
    """The values are said."""
    with pytest.raises(errors.SpecError, match=r"`Npz\.dedupe` must be one of None, 'drop from train', 'drop repeats'"):
        Npz("a.npz", dedupe="drop")
    with pytest.raises(errors.SpecError, match=r"`ImageFolder\.dedupe` must be one of"):
        ImageFolder("a", dedupe=True)
