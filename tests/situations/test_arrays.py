"""Archives of arrays as people save them: any numeric type and range, labels of any form; advice that is followed."""

import re

import numpy as np
import pytest
from support.datasets import load, refused

from cnnjobs import Job, Npz, Variant, vgg
from cnnjobs.datasets import source_of
from cnnjobs.errors import SpecError
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.run.show import Pictures, show_dataset

N = 60
LABELS = np.arange(N) % 3
GREY = np.random.RandomState(1).randint(0, 256, (N, 8, 8))
GREY[:, 0, 0], GREY[:, 0, 1] = 0, 255


def saved(folder, images=GREY, labels=LABELS, **more):
    np.savez(folder / "data.npz", x_train=images, y_train=labels, **more)
    return Npz(str(folder / "data.npz"))


def in_order(data):
    """All pixels of a data set from 0 to 1, in the order of their first differences; grey pictures only."""
    images = np.concatenate([data.x_train, data.x_test])[..., 0].astype(np.float64)
    return np.sort((images / 255 if data.x_train.dtype == np.uint8 else images).reshape(len(images), -1), axis=0)


def followed(message, **arrays):
    """Do what an error advises first, to the letter."""
    names = {"np": np, **arrays}
    code = re.search(r": ((?:keep|x_\w+|y_\w+) = .*?)\.(?: Or | To |$)", message)
    exec(code[1], names)
    return {name: names[name] for name in arrays}


def told(note):
    """The data set that a note says to write into the job file."""
    return eval(re.search(r"dataset=(Npz\(.*?\)\))", note)[1], {"Npz": Npz})


TYPES = {
    "uint8": lambda grey: grey.astype(np.uint8),
    "int16": lambda grey: grey.astype(np.int16),
    "int64": lambda grey: grey,
    "uint32, big-endian": lambda grey: grey.astype(">u4"),
    "whole float64": lambda grey: grey * 1.0,
    "float16 in [0, 1]": lambda grey: (grey / 255).astype(np.float16),
    "float64 in [0, 1]": lambda grey: grey / 255,
    "float32 from -1 to 1": lambda grey: (grey / 127.5 - 1).astype(np.float32),
    "broken grey values from 0 to 255": lambda grey: np.clip(grey * 1.0001, 0, 255),
    "16 bits": lambda grey: (grey * 257).astype(np.uint16),
    "12 bits": lambda grey: (grey * (4095 / 255)).round().astype(np.uint16),
    "int8": lambda grey: (grey - 128).astype(np.int8),
    "-300 to 600": lambda grey: (grey * (900 / 255) - 300).round().astype(np.int16),
    "standard scores": lambda grey: (grey - 127.5) / 74,
    "0 to 16, as scikit-learn's digits": lambda grey: grey * (16 / 255),
    "a rounding beyond 1": lambda grey: grey / 254.9999,
    "a rounding below 0": lambda grey: grey / 255 - 1e-9,
    "huge": lambda grey: (grey / 255 * 2 - 1) * 1.7e308,
}


@pytest.mark.parametrize("kind", TYPES)
def test_any_numeric_type_and_range_is_the_same_pictures(tmp_path, kind):
    """The same pictures as arrays of any type: black stays black, white white, and a note says what was done."""
    data = load(saved(tmp_path, TYPES[kind](GREY)))
    assert np.abs(in_order(data) - in_order(load(saved(tmp_path, GREY.astype(np.uint8))))).max() < 0.003
    as_they_are = kind in ("uint8", "float16 in [0, 1]", "float64 in [0, 1]")
    assert len(data.notes) == (0 if as_they_are else 1)
    if not as_they_are:
        assert re.match(
            r"data.npz: x_train is \S+ from \S+ to \S+: \S+ is taken as black and \S+ as white", data.notes[0]
        )


@pytest.mark.parametrize("kind", ["-300 to 600", "standard scores", "16 bits", "0 to 16, as scikit-learn's digits"])
def test_what_a_note_says_to_write_changes_nothing(tmp_path, kind):
    """A person writes the range that the note names into the job file: the same data set, without a note."""
    data = load(saved(tmp_path, TYPES[kind](GREY)))
    named = load(told(data.notes[0]))
    assert np.abs(in_order(named) - in_order(data)).max() < 1e-6
    assert named.notes == ()


def test_a_fitted_model_remembers_black_and_white(tmp_path):
    """Another file of the same scanner, with other extremes, is read as the one that was trained on."""
    trained_on = saved(tmp_path, TYPES["-300 to 600"](GREY))
    remembered = source_of(trained_on).as_loaded(load(trained_on))
    assert remembered.value_range == (-300, 600)
    assert load(remembered).fingerprint == load(trained_on).fingerprint
    (tmp_path / "other").mkdir()
    other = saved(tmp_path / "other", np.clip(TYPES["-300 to 600"](GREY), -100, 300))
    like = source_of(other).like_training(remembered, (8, 8))
    assert load(like).x_train.max() == np.float32(600 / 900)
    eight_bits = saved(tmp_path, GREY)
    assert source_of(eight_bits).as_loaded(load(eight_bits)) == eight_bits


def test_values_beyond_a_range_are_clipped_and_counted(tmp_path):
    """A window of a CT scan: what lies outside is clipped, as it should be, and counted."""
    saved(tmp_path, GREY * 8 - 1024)
    data = load(Npz(str(tmp_path / "data.npz"), value_range=(-1024, 0)))
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    outside = int((GREY * 8 - 1024 > 0).sum())
    assert data.notes[0].startswith(f"data.npz: {outside:,} of {GREY.size:,} values of x_train lie outside")


@pytest.mark.parametrize(
    ("images", "what"),
    [
        ((GREY > 127).astype(np.uint8), "x_train is uint8 from 0 to 1, and 0 is black, 255 white"),
        (GREY / 255 / 255, "divided by 255 twice?"),
        ((GREY // 16).astype(np.uint8), "hardly any contrast"),
        (0.5 + GREY / 25500, "hardly any contrast"),
    ],
)
def test_pictures_without_contrast_are_noted_and_the_note_mends_them(tmp_path, monkeypatch, images, what):
    """uint8 that reaches only 1, floats divided twice: said by `show` and `plan`; what they say to write helps."""
    monkeypatch.chdir(tmp_path)
    spec = saved(tmp_path, images)
    shown = show_dataset(spec.path, None, Pictures(3, "out.png", None, strict=False)).text()
    job = Job(name="j", dataset=spec, variants={"a": Variant(model=vgg(filters=4), epochs=1, batch_size=8)}, repeats=1)
    prepared = prepare(read_job(job, Overrides()), Overrides(), lambda what, done, total: None)
    assert what in shown
    assert any(what in note for note in prepared.notes)
    note = next(note for note in load(spec).notes if what in note)
    mended = load(told(note))
    assert not any("contrast" in note or "clipped" in note for note in mended.notes)
    assert in_order(mended).max() == pytest.approx(1, abs=1e-5)
    assert np.corrcoef(mended.x_train.ravel(), load(spec).x_train.ravel())[0, 1] > 0.999999, "nothing is wrapped"


def test_pictures_of_one_value_are_noted(tmp_path):
    """Floats of [-1, 1] cut to uint8 by mistake: all zero."""
    for images in (np.zeros((N, 8, 8), np.uint8), np.full((N, 8, 8), np.iinfo(np.int64).min), np.full((N, 8, 8), 7.0)):
        spec = saved(tmp_path, images)
        data = load(spec)
        assert any("all its pixels are the same" in note for note in data.notes)
        assert np.isfinite(data.x_train).all()
        assert load(source_of(spec).as_loaded(data)).fingerprint == data.fingerprint


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_the_advice_helps(tmp_path, bad):
    """NaN in three pictures: both ways that the error names leave a data set that loads."""
    x_train = GREY / 255
    x_train[[3, 9, 12], 4, 4] = bad
    message = refused(saved(tmp_path, x_train))
    assert "NaN or infinity in 3 of 60 pictures" in message
    kept = followed(message, x_train=x_train, y_train=LABELS)
    data = load(saved(tmp_path, kept["x_train"], kept["y_train"]))
    assert len(data.y_train) + len(data.y_test) == N - 3
    repair = re.search(r"instead: (x_train = .*)\.$", message)[1]
    names = {"np": np, "x_train": x_train}
    exec(repair, names)
    repaired = load(saved(tmp_path, names["x_train"]))
    assert len(repaired.y_train) + len(repaired.y_test) == N
    assert repaired.x_train.dtype == np.float32
    assert repaired.notes == ()


def test_train_and_test_on_two_scales_are_refused_and_the_advice_helps(tmp_path):
    """Only the test pictures were divided by 255: one of both would be black."""
    for x_train in (GREY.astype(np.uint8), GREY * 1.0, GREY, GREY / 127.5 - 1):
        message = refused(saved(tmp_path, x_train, x_test=GREY[:9] / 255, y_test=LABELS[:9]))
        mended = followed(message, x_train=x_train)["x_train"]
        data = load(saved(tmp_path, mended, x_test=GREY[:9] / 255, y_test=LABELS[:9]))
        assert np.abs(data.x_train[:9] - data.x_test).max() < 1e-6


def test_train_and_test_of_two_types_on_one_scale_are_taken(tmp_path):
    """int64 beside uint8, and floats beside whole numbers, all from 0 to 255."""
    for other in (GREY, GREY * 1.0):
        data = load(saved(tmp_path, GREY.astype(np.uint8), x_test=other[:9], y_test=LABELS[:9]))
        assert data.x_test.dtype == np.uint8
        assert (data.x_test == data.x_train[:9]).all()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (lambda colour: np.moveaxis(colour, -1, 1), lambda colour: colour),
        (lambda colour: colour.reshape(N, -1), lambda colour: colour),
        (lambda colour: np.concatenate([colour, colour[..., :1]], axis=-1), lambda colour: colour),
        (lambda colour: colour[..., 0].reshape(N, -1), lambda colour: colour[..., :1]),
    ],
)
def test_arrays_in_another_order_are_refused_and_the_advice_helps(tmp_path, given, wanted):
    """Channels first, flat rows, RGBA: the error says the line that makes pictures of them."""
    colour = np.stack([GREY, 255 - GREY, GREY[::-1]], axis=-1).astype(np.uint8)
    message = refused(saved(tmp_path, given(colour)))
    mended = followed(message, x_train=given(colour))["x_train"]
    data = load(saved(tmp_path, mended, x_test=mended, y_test=LABELS))
    assert (data.x_train == wanted(colour)).all()


NAMES = np.array(["cat", "dog", "ähre"])
FORMS = {
    "column": (LABELS[:, None], ("0", "1", "2")),
    "row": (LABELS[None], ("0", "1", "2")),
    "floats with whole values": (LABELS * 1.0, ("0", "1", "2")),
    "floats in a column": (LABELS[:, None].astype(np.float32), ("0", "1", "2")),
    "starting at 1": (LABELS + 1, ("1", "2", "3")),
    "one-hot": (np.eye(3)[LABELS], ("0", "1", "2")),
    "one-hot of booleans": (np.eye(3, dtype=bool)[LABELS], ("0", "1", "2")),
    "text": (NAMES[LABELS], ("cat", "dog", "ähre")),
    "text in a column": (NAMES[LABELS][:, None], ("cat", "dog", "ähre")),
    "bytes": (np.char.encode(NAMES, "utf-8")[LABELS], ("cat", "dog", "ähre")),
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_of_every_form_are_the_same_classes(tmp_path, form):
    """Labels as column, one-hot, text, floats with whole values, or starting at 1."""
    labels, names = FORMS[form]
    pixels = GREY.astype(np.uint8)
    data, expected = load(saved(tmp_path, pixels, labels)), load(saved(tmp_path, pixels))
    assert data.class_names == names
    assert (data.y_train == expected.y_train).all()
    assert (data.x_train == expected.x_train).all()
    assert any("one-hot" in note for note in data.notes) == form.startswith("one-hot")


def probable():
    shares = np.random.RandomState(0).dirichlet((1, 1, 1), N)
    shares[np.arange(N), LABELS] += 1
    return shares / 2


UNLABELLED = np.where(np.arange(N)[:, None] % 10 == 0, 0, np.eye(3)[LABELS])
GAPS = np.where(np.arange(N) % 10 == 0, np.nan, LABELS)


@pytest.mark.parametrize(
    ("labels", "what", "rows"),
    [
        (probable(), "each row must have a single 1", N),
        (UNLABELLED, r"row 0 is \[0, 0, 0\], 6 such rows", N - 6),
        (GAPS, "NaN or infinity in 6 of 60 rows", N - 6),
        (GAPS[:, None], "NaN or infinity in 6 of 60 rows", N - 6),
    ],
)
def test_labels_that_are_refused_load_when_the_advice_is_followed(tmp_path, labels, what, rows):
    """Probabilities, pictures without a class, NaN: the line in the error makes labels that load."""
    message = refused(saved(tmp_path, labels=labels))
    assert re.search(what, message)
    mended = followed(message, x_train=GREY, y_train=labels)
    data = load(saved(tmp_path, mended["x_train"], mended["y_train"]))
    assert len(data.y_train) + len(data.y_test) == rows
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        (np.eye(3)[LABELS] + np.eye(3)[0], "a column for each class"),
        (np.eye(4)[LABELS] + np.eye(4)[3], r"row 0 is \[1, 0, 0, 1\], 60 such rows. A picture has one class"),
        (LABELS + 0.5, "must be classes: whole numbers or text. Received: 0.5 in row 0"),
        (np.zeros((N, 8, 8)), "must be one label per picture"),
        (np.where(LABELS == 0, "", "dog"), "must be printable names. Received: '' in 20 rows"),
    ],
)
def test_labels_that_are_no_single_class_are_refused(tmp_path, labels, what):
    """Several classes a picture, measured values, masks, and rows without a name."""
    assert re.search(what, refused(saved(tmp_path, labels=labels)))


def test_one_hot_labels_with_other_columns_in_test_are_refused(tmp_path):
    """Both parts were made one-hot on their own, and the test set has a class less: its columns mean others."""
    more = {"x_test": GREY[:9], "y_test": np.eye(2)[LABELS[:9] % 2]}
    assert "the same columns in train and test" in refused(saved(tmp_path, labels=np.eye(3)[LABELS], **more))


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        (np.array(["cat", "Cat ", "dog"])[LABELS], "'Cat ' and 'cat' are classes of their own"),
        (np.array(["caf\u00e9", "cafe\u0301", "tea"])[LABELS], r"'cafe\u0301' and 'caf\xe9' are classes of their own"),
        (np.array(["nan", "cat", "dog"])[LABELS], "class 'nan' looks like missing labels"),
        (LABELS - 1, "-1 counts as a class like any other"),
    ],
)
def test_labels_that_may_be_a_mistake_are_noted(tmp_path, labels, what):
    """Spellings of one name, missing labels as pandas writes them, -1 for what has no label."""
    data = load(saved(tmp_path, GREY.astype(np.uint8), labels))
    assert any(what in note for note in data.notes)


@pytest.mark.parametrize("key", ["x_train", "y_train"])
def test_arrays_of_objects_are_refused_and_the_advice_helps(tmp_path, key):
    """Labels of a pandas column, and a list of pictures, are saved as Python objects."""
    arrays = {"x_train": GREY, "y_train": LABELS}
    if key == "x_train":
        objects = np.empty(N, object)
        objects[:] = list(GREY)
    else:
        objects = NAMES[LABELS].astype(object)
    arrays[key] = objects
    message = refused(saved(tmp_path, arrays["x_train"], arrays["y_train"]))
    mended = followed(message, **arrays)
    assert len(load(saved(tmp_path, mended["x_train"], mended["y_train"])).class_names) == 3


@pytest.mark.parametrize(
    "names",
    [
        ("Train_images", "Train_labels", "Test_images", "Test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("images", "labels"),
        ("data", "target"),
        ("arr_0", "arr_1"),
        ("arr_0", "arr_1", "arr_2", "arr_3"),
    ],
)
def test_arrays_under_other_names_are_refused_and_the_advice_helps(tmp_path, names):
    """The names of scikit-learn, and of np.savez without names, and others: the error says how to save them anew."""
    pixels = GREY.astype(np.uint8)
    arrays = [array for first in (0, 30, 50) for array in (pixels[first:], LABELS[first:])]
    np.savez(tmp_path / "other.npz", **dict(zip(names, arrays, strict=False)))
    message = refused(Npz(str(tmp_path / "other.npz")))
    exec(re.search(r"names: (old = .*)\.$", message)[1], {"np": np})
    data = load(Npz(str(tmp_path / "other-named.npz")))
    if len(names) > 2:
        assert (data.x_test[..., 0] == pixels[30:]).all()
        assert (len(data.y_train), len(data.y_test)) == (60, 30)
    else:
        assert len(data.y_train) + len(data.y_test) == 60


def test_the_names_of_medmnist(tmp_path):
    """train_images, val_images, test_images and their labels: read as they are, the validation set as that."""
    pixels = GREY.astype(np.uint8)
    named = {"train": pixels[:30], "val": pixels[30:45], "test": pixels[45:]}
    labels = {"train": LABELS[:30, None], "val": LABELS[30:45, None], "test": LABELS[45:, None]}
    arrays = {f"{part}_images": images for part, images in named.items()}
    np.savez(tmp_path / "other.npz", **arrays, **{f"{part}_labels": one for part, one in labels.items()})
    data = load(Npz(str(tmp_path / "other.npz")))
    assert (data.x_train[..., 0] == pixels[:45]).all()
    assert np.flatnonzero(data.is_validation).tolist() == list(range(30, 45))
    assert (data.x_test[..., 0] == pixels[45:]).all()
    assert (data.y_train == LABELS[:45]).all()


def test_another_file_for_a_job_keeps_its_black_and_white(tmp_path):
    """`--dataset other.npz` for a job that names a range: the other file is read by it."""
    other = source_of(saved(tmp_path)).read_as(Npz("/scans.npz", value_range=(-300, 600)))
    assert other == Npz(str(tmp_path / "data.npz"), value_range=(-300, 600))
    assert source_of(saved(tmp_path)).read_as("digits") == saved(tmp_path)


@pytest.mark.parametrize("given", [(600, -300), (1, 1), (0,), "01", (0, float("nan")), 5])
def test_a_range_that_makes_no_sense_is_refused(given):
    """Black above white, one number, text, NaN."""
    with pytest.raises(SpecError, match=r"`Npz.value_range` must be"):
        Npz("scans.npz", value_range=given)


def test_pictures_that_do_not_fit_the_memory_as_floats_are_refused(tmp_path, monkeypatch):
    """int8 becomes float32, which takes four times as much."""
    spec = saved(tmp_path, (GREY - 128).astype(np.int8))
    monkeypatch.setattr("cnnjobs.datasets.numpy_arrays.pixel_values.free_bytes", lambda: 4 * GREY.size - 1)
    assert "memory are free. Save them as uint8" in refused(spec)
