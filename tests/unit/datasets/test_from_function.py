"""Data sets that a function returns: in every form that people's functions return, and what is refused."""

import random
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.datasets import load, refused

from cnnjobs import FromFunction, Job, Npz, Variant, mlp
from cnnjobs.datasets import dataset_from_json, dataset_spec, source_of
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical, pinned_data
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job

X = np.random.default_rng(0).integers(0, 256, (30, 6, 4), dtype=np.uint8)
Y = np.arange(30) % 3
TRAIN, TEST, VALID = (X[:18], Y[:18]), (X[18:24], Y[18:24]), (X[24:], Y[24:])


def returning(value):
    """Return a data set of a function that returns a value."""

    def load_it():
        return value

    return FromFunction(load_it)


def names(count):
    return np.array(["ant", "bee", "cat"])[np.arange(count) % 3]


def test_the_form_of_keras_datasets():
    data = load(returning((TRAIN, TEST)))
    assert (data.name, data.class_names, data.x_train.shape) == ("load_it", ("0", "1", "2"), (18, 6, 4, 1))
    assert np.array_equal(data.x_train[..., 0], X[:18]) and np.array_equal(data.y_test, Y[18:24])


@pytest.mark.parametrize(
    "value",
    [
        [list(TRAIN), list(TEST)],
        (*TRAIN, *TEST),
        (TRAIN[0], TEST[0], TRAIN[1], TEST[1]),
        {"x_train": TRAIN[0], "y_train": TRAIN[1], "x_test": TEST[0], "y_test": TEST[1]},
        {"train_images": TRAIN[0], "train_labels": TRAIN[1], "test_images": TEST[0], "test_labels": TEST[1]},
        {"train": TRAIN, "test": TEST},
        ((list(TRAIN[0]), list(TRAIN[1])), (list(TEST[0]), list(TEST[1]))),
        tuple(([Image.fromarray(one) for one in images], labels.tolist()) for images, labels in (TRAIN, TEST)),
        ((TRAIN[0], pd.Series(TRAIN[1])), (TEST[0], pd.Series(TEST[1]))),
        ((TRAIN[0][..., None], TRAIN[1].reshape(-1, 1)), (TEST[0][..., None], TEST[1].reshape(-1, 1))),
        ((TRAIN[0], np.eye(3)[TRAIN[1]]), (TEST[0], np.eye(3)[TEST[1]])),
    ],
    ids=["lists", "flat", "train_test_split", "dict", "MedMNIST", "dict of pairs", "lists of arrays", "Pillow",
         "pandas", "channel", "one-hot"],
)  # fmt: skip
def test_every_usual_form_is_the_same_data(value):
    assert load(returning(value)).fingerprint == load(returning((TRAIN, TEST))).fingerprint


def test_one_pair_has_a_test_set_held_out():
    data = load(replace(returning((X, Y)), test=0.3))
    assert (len(data.y_train), len(data.y_test)) == (21, 9)
    assert load(returning(([Image.fromarray(one) for one in X[:12]], Y[:12]))).x_test.shape[1:] == (6, 4, 1)


def test_two_pictures_in_a_list_are_no_pair_of_parts():
    two = [X[0], X[1]]
    assert "must have at least" in refused(returning((two, [0, 1])))


@pytest.mark.parametrize(
    "value",
    [(TRAIN, VALID, TEST), (*TRAIN, *VALID, *TEST), {"train": TRAIN, "val": VALID, "test": TEST},
     {"train": TRAIN, "validation": VALID, "test": TEST}],
)  # fmt: skip
def test_three_parts_are_train_validation_and_test(value):
    data = load(returning(value))
    assert data.is_validation.sum() == 6 and len(data.y_train) == 24
    assert np.array_equal(data.x_test[..., 0], TEST[0])


@pytest.mark.parametrize("labels", [names(30), names(30).tolist(), names(30).astype(object), pd.Series(names(30)),
                                    pd.Series(names(30)).astype("category"), pd.Series(names(30), dtype="string"),
                                    np.array(names(30), dtype=np.dtypes.StringDType())])  # fmt: skip
def test_names_as_labels(labels):
    assert load(returning((X, labels))).class_names == ("ant", "bee", "cat")


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64", "uint16", "bool"])
def test_any_numbers_are_converted_and_said(dtype):
    images = X.astype(dtype) * (4 if dtype == "uint16" else 1)
    data = load(returning((images, Y)))
    said = " ".join(data.notes)
    assert data.x_train.dtype in (np.uint8, np.float32)
    assert dtype == "bool" or f"dataset=FromFunction(load_it, value_range=({int(images.min())}, " in said


def test_advice_on_shapes_names_the_function():
    assert refused(returning((X.reshape(30, 24), Y))).startswith("load_it(): x_train must be (n, height, width) or ")
    channels_first = np.zeros((30, 3, 6, 4), np.uint8)
    assert refused(returning((channels_first, Y))).endswith("x_train = np.moveaxis(x_train, 1, -1).")


def nothing():
    pass


class Bunch(dict):
    pass


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "Received: None. Does it end with `return`?"),
        (X, "Received: uint8 (30, 6, 4)."),
        ((X, Y, X), "Received: a tuple of (uint8 (30, 6, 4), int64 (30,), uint8 (30, 6, 4))."),
        ((), "Received: an empty tuple."),
        ({"images": X, "target": Y}, "and those of test, if any. Received: a dict with images, target."),
        ({"train": X, "test": X}, "Received: train is uint8 (30, 6, 4)."),
        ("digits", "Received: a str."),
        (((X, Y) for _ in range(2)), "Received: a generator. Make a list of it: pairs = list(data)."),
        ((X, [None, *Y[1:]]), "y_train must have a label for every picture. Received: none in 1 of 30 rows."),
        ((X, pd.Series([np.nan, *names(29)], dtype=object)), "Received: none in 1 of 30 rows. To leave these"),
        ((X, Y[:-1]), "must have one label per image. Received: 30 images and 29 labels."),
        ((X, [{}] * 30), "y_train must be an array of numbers or text. Received: an array of dict."),
        (([X[0], X[1][:5]] * 15, Y), "x_train must be pictures of one size. Received: 5 x 4, 6 x 4. Resize them"),
        (([Image.fromarray(X[0]), Image.new("RGB", (4, 6))] * 15, Y), "Make all of one mode: picture.convert('RGB')."),
        ((TRAIN, (TEST[0], TEST[1] + 1)), "y_test has labels that y_train does not have: [3]."),
    ],
)  # fmt: skip
def test_what_is_no_data_set_is_refused_with_what_to_return(value, says):
    text = refused(returning(value))
    assert text.startswith("load_it()") and says in text


def test_missing_labels_are_left_out_as_the_advice_says():
    labels = pd.Series([None, *names(29)], dtype=object)
    advice = refused(returning((X, labels))).partition("To leave these out: ")[2].removesuffix(".")
    made = {"pd": pd, "x_train": X, "y_train": labels}
    exec(advice, made)
    assert load(returning((made["x_train"], made["y_train"]))).class_names == ("ant", "bee", "cat")


class TorchSet:
    """What a data set of PyTorch's looks like: pairs by number."""

    def __len__(self):
        return 30

    def __getitem__(self, row):
        return Image.fromarray(X[row]), int(Y[row])

    def __iter__(self):
        return (self[row] for row in range(30))


TorchSet.__module__ = "torchvision.datasets"


@pytest.mark.parametrize("value", [TorchSet(), (TorchSet(), TorchSet())])
def test_pairs_by_number_become_arrays_as_the_advice_says(value):
    text = refused(returning(value))
    assert "torchvision.TorchSet" in text
    made = eval(text.rpartition("return ")[2].removesuffix("."), {"np": np, "data": TorchSet()})
    assert load(returning(made)).fingerprint == load(returning((X, Y))).fingerprint


class TorchTensor:
    """What a tensor of PyTorch's looks like."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.array


def test_tensors_of_pytorch():
    value = (
        (TorchTensor(TRAIN[0]), TorchTensor(TRAIN[1])),
        ([TorchTensor(one) for one in TEST[0]], TorchTensor(TEST[1])),
    )
    assert load(returning(value)).fingerprint == load(returning((TRAIN, TEST))).fingerprint


def test_an_error_in_it_is_one_message_with_file_and_line():
    def load_it():
        rows = [1]
        return rows[3]

    line = load_it.__code__.co_firstlineno + 2
    assert (
        refused(FromFunction(load_it))
        == f"load_it() (test_from_function.py, line {line}) raised IndexError: list index out of range."
    )

    def load_and_leave():
        sys.exit()

    assert "raised SystemExit." in refused(FromFunction(load_and_leave))


def test_unseeded_chance_takes_the_same_rows_each_time_and_leaves_none_behind():
    def load_it():
        rows = np.random.permutation(30)
        random.shuffle(kept := list(range(10)))
        return X[rows][kept + list(range(10, 30))], Y[rows][kept + list(range(10, 30))]

    np.random.seed(5)
    random.seed(5)
    first = load(FromFunction(load_it)).fingerprint
    after = np.random.random(), random.random()
    np.random.seed(6)
    assert load(FromFunction(load_it)).fingerprint == first
    np.random.seed(5)
    random.seed(5)
    assert (np.random.random(), random.random()) == after


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda: None, "must be a plain function \\(def\\) that returns .* Received: a lambda"),
        (Bunch, "Received: <class"),
        (nothing.__call__, "must be a plain function"),
        (returning, "must be callable as returning\\(\\). Received: a function of \\(value\\)"),
        ("digits", "must be a plain function"),
    ],
)
def test_what_is_no_such_function_is_refused(function, says):
    with pytest.raises(SpecError, match=says):
        FromFunction(function)


def test_a_job_takes_a_function_as_it_is(tmp_path):
    def load_it():
        return TRAIN, TEST

    assert dataset_spec(load_it, tmp_path) == FromFunction(load_it)
    for value in ((TRAIN, TEST), X, 3):
        with pytest.raises(SpecError, match="Arrays become a data set by a function that returns them"):
            dataset_spec(value, tmp_path)


def prepared(function):
    job = Job(
        name="own",
        dataset=function,
        repeats=1,
        variants={"mlp": Variant(model=mlp(dense=(4,)), epochs=1, batch_size=4)},
    )
    return prepare(read_job(job, Overrides()), Overrides(), lambda *_: None)


def test_source_and_content_are_the_identity():
    def load_it():
        return TRAIN, TEST

    one = load_it

    def load_it():  # a comment makes no other
        return TRAIN, TEST

    same = load_it

    def load_it():
        train = TRAIN
        return train, TEST

    other = load_it
    ids = [prepared(function).plan.trials[0].trial_id for function in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]
    assert len({load(FromFunction(function)).fingerprint for function in (one, other)}) == 1, "the arrays are equal"


def test_changed_arrays_of_the_same_source_are_another_data_set(tmp_path):
    def load_it():
        return np.load(path / "x.npy"), Y

    path = tmp_path
    np.save(path / "x.npy", X)
    before = prepared(load_it).dataset.fingerprint
    np.save(path / "x.npy", X[::-1])
    assert prepared(load_it).dataset.fingerprint != before


def test_a_function_that_cannot_be_followed_counts_by_its_arrays():
    table = pd.DataFrame({"label": Y})

    def load_it():
        return X, table.label

    spec = pinned_data(FromFunction(load_it))
    assert spec.source_sha256 == ""
    assert load(spec).fingerprint == load(returning((X, Y))).fingerprint


def test_what_results_and_models_keep_is_the_name(tmp_path):
    def load_it():
        return X * 3.5, Y

    spec = pinned_data(FromFunction(load_it))
    kept = dataset_from_json(canonical(spec))
    assert kept.name == "load_it" and kept.source_sha256 == spec.source_sha256
    assert canonical(kept) == canonical(spec)
    assert refused(kept) == (
        "The function load_it returned this data set, and only its name is kept, so that it cannot be loaded again."
    )
    source = source_of(spec)
    trained = source.as_loaded(load(spec))
    assert trained.value_range == (0, 892.5) and canonical(trained)["function"] == "load_it"
    assert source.lock() == ("made by a function of the job", "") and source.why_not_at_hand()
    like = source_of(Npz("a.npz")).like_training(trained, (6, 4))
    assert like == Npz("a.npz", value_range=(0, 892.5)), "other arrays are read with the black and white of training"


def test_files_beside_it_can_be_imported_when_it_is_called(tmp_path):
    (tmp_path / "helpers_of_mine.py").write_text("SIDE = 5\n")
    text = "def load_it():\n    import helpers_of_mine as h\n    return X[:, :h.SIDE], Y\n"
    made = {"X": X, "Y": Y}
    (tmp_path / "job.py").write_text(text)
    exec(compile(text, str(tmp_path / "job.py"), "exec"), made)
    before = [*sys.path]
    assert load(FromFunction(made["load_it"])).image_shape == (5, 4, 1)
    assert sys.path == before
    del sys.modules["helpers_of_mine"]
