"""Weights that a data set has of its training pictures: in every form that it may have them, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.datasets import load, refused
from support.records import example, png, write_parquet, write_tfrecord

from cnnjobs import (
    CutMix,
    FromFunction,
    Job,
    MixUp,
    Npz,
    ParquetPictures,
    PictureTable,
    TFRecordPictures,
    Variant,
    mlp,
)
from cnnjobs.errors import SpecError
from cnnjobs.planning.row_weights import sample_weights
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job

X = np.random.default_rng(0).integers(0, 256, (30, 6, 4), dtype=np.uint8)
Y = np.arange(30) % 3
W = np.linspace(0, 2, 30)
TRAIN, VALID, TEST = ((X[rows], Y[rows], W[rows]) for rows in (slice(0, 18), slice(18, 24), slice(24, 30)))
NOTE = "training pictures count by their weights, 0 to 1.17, in what is minimised; metrics do not use weights"


def returning(value):
    def load_it():
        return value

    return FromFunction(load_it)


@pytest.mark.parametrize(
    "value",
    [
        (TRAIN, TEST),
        (TRAIN, TEST[:2]),
        [list(TRAIN), list(TEST)],
        (*TRAIN, *TEST),
        tuple(one for pair in zip(TRAIN, TEST, strict=True) for one in pair),
        {"train": TRAIN, "test": TEST[:2]},
        {"x_train": TRAIN[0], "y_train": TRAIN[1], "w_train": TRAIN[2], "x_test": TEST[0], "y_test": TEST[1]},
        {"x_train": TRAIN[0], "y_train": TRAIN[1], "sample_weight": TRAIN[2], "x_test": TEST[0], "y_test": TEST[1]},
        ((TRAIN[0], TRAIN[1], TRAIN[2].reshape(-1, 1)), TEST[:2]),
        ((TRAIN[0], TRAIN[1].tolist(), TRAIN[2].tolist()), TEST[:2]),
    ],
    ids=["triples", "of train alone", "lists", "flat", "train_test_split", "dict of parts", "dict", "Keras's name",
         "column", "plain lists"],
)  # fmt: skip
def test_functions_return_weights_as_those_of_keras_take_them(value):
    data = load(returning(value))
    assert data.weights_train.dtype == np.float32
    assert data.weights_train == pytest.approx(TRAIN[2])
    assert f"load_it: {NOTE}" in data.notes
    assert len(data.y_test) == 6


def test_weights_are_in_the_fingerprint_only_where_some_are_not_1():
    plain = load(returning((TRAIN[:2], TEST[:2])))
    assert plain.weights_train is None
    ones = load(returning(((*TRAIN[:2], np.ones(18)), TEST[:2])))
    assert (ones.fingerprint, ones.weights_train, ones.notes) == (plain.fingerprint, None, plain.notes)
    weighted = load(returning((TRAIN, TEST[:2])))
    assert weighted.fingerprint != plain.fingerprint
    assert load(returning(((*TRAIN[:2], TRAIN[2][::-1]), TEST[:2]))).fingerprint != weighted.fingerprint
    assert load(returning((TRAIN, TEST))).fingerprint == weighted.fingerprint, "those of test pictures are not used"
    assert (
        "load_it: weights of test pictures are not used, as metrics do not use weights"
        in load(returning((TRAIN, TEST))).notes
    )


def test_weights_follow_their_rows_through_held_out_sets_own_validation_limits_and_duplicates():
    of_pixel = {tuple(one.ravel()): weight for one, weight in zip(X, W.astype(np.float32), strict=True)}

    def expected(data):
        return [of_pixel[tuple(one.ravel())] for one in data.x_train]

    held = load(returning((X, Y, W)))
    assert held.weights_train.tolist() == expected(held)
    own = load(returning((TRAIN, VALID, TEST)))
    assert own.weights_train.tolist() == expected(own)
    assert own.is_validation.sum() == 6
    of_train = load(returning((TRAIN, VALID[:2], TEST[:2])))
    assert of_train.weights_train[of_train.is_validation].tolist() == [1] * 6
    limited = held.limited(9)
    assert limited.weights_train.tolist() == expected(limited)
    twice = (np.concatenate([X[:18], X[:3]]), np.concatenate([Y[:18], Y[:3]]), np.concatenate([W[:18], [9, 9, 9]]))
    kept = load(replace(returning((twice, TEST[:2])), dedupe="drop repeats"))
    assert kept.weights_train.tolist() == expected(kept)


def test_trials_count_rows_by_their_weight_times_that_of_their_class():
    data = load(returning((TRAIN, TEST)))
    rows = np.arange(2, 18)
    assert sample_weights(data, rows, None) == pytest.approx(TRAIN[2])
    assert sample_weights(data, rows, {"1": 3.0}) == pytest.approx(TRAIN[2] * np.where(TRAIN[1] == 1, 3, 1))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (-W[:18], r"load_it(): w_train must have weights of at least 0, finite. Received: -0.06"),
        (np.full(18, np.nan), "Received: nan (row 0), nan (row 1)"),
        (np.full(18, np.inf), "Received: inf (row 0)"),
        (np.zeros(18), "load_it: a training picture must have a weight above 0. Received: 0 for all of them."),
        (W[:17], "w_train must have the weight of each of the 18 pictures, a number. Received: float64 (17,)."),
        (np.ones((18, 3)), "Received: float64 (18, 3)."),
        (np.array(["1"] * 18), "a number. Received: <U1 (18,)."),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, said):
    assert said in refused(returning(((*TRAIN[:2], weights), TEST[:2])))


# --- archives --------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path):
    arrays = {
        f"{axis}_{part}": one
        for part, three in (("train", TRAIN), ("test", TEST))
        for axis, one in zip("xyw", three, strict=True)
    }
    np.savez(tmp_path / "scans.npz", **arrays, certainty=W[:18])
    return str(tmp_path / "scans.npz")


def test_an_archive_has_weights_where_the_job_names_them(archive):
    assert load(Npz(archive)).weights_train is None
    for name in ("w", "w_train"):
        assert load(Npz(archive, weight=name)).weights_train == pytest.approx(TRAIN[2])
    assert load(Npz(archive, weight="certainty")).weights_train == pytest.approx(TRAIN[2])
    assert "must have the weights of its training pictures in v_train, because of weight='v'. Received: " in refused(
        Npz(archive, weight="v")
    )
    with pytest.raises(SpecError, match=r"`Npz.weight` must be the name of an array. Received: weight=2"):
        Npz(archive, weight=2)


# --- tables ----------------------------------------------------------------------------------------------------------


def table(folder, weights, parts=None, separator=","):
    folder.mkdir(exist_ok=True)
    lines = [separator.join(["file", "kind", "w", *(["split"] if parts else [])])]
    for number, weight in enumerate(weights):
        pixels = np.random.default_rng(number).integers(0, 256, (4, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(separator.join([f"{number}.png", "ab"[number % 2], weight, *([parts[number]] if parts else [])]))
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return PictureTable(str(folder / "table.csv"), weight="w")


def test_a_column_of_a_table_has_the_weights(tmp_path):
    spec = table(tmp_path, [f"{number / 4}" for number in range(1, 13)])
    data = load(spec)
    numbers = [int(name.removesuffix(".png")) for name in names_of(spec, data)]
    assert data.weights_train.tolist() == [(number + 1) / 4 for number in numbers]
    again = load(spec)
    assert again.weights_train.tolist() == data.weights_train.tolist(), "from the cache"
    plain = load(replace(spec, weight=None, image="file", label="kind"))
    assert plain.weights_train is None
    assert plain.fingerprint != data.fingerprint


def names_of(spec, data):
    from cnnjobs.datasets import source_of

    origin = source_of(spec).origin(data)
    return [origin.name("train", row) for row in range(len(data.y_train))]


def test_commas_of_spreadsheets_are_points(tmp_path):
    assert set(load(table(tmp_path, ["0,5", "2"] * 6, separator=";")).weights_train) == {0.5, 2}


def test_rows_that_are_not_trained_on_need_no_weight(tmp_path):
    data = load(table(tmp_path, ["2"] * 8 + [""] * 8, ["train"] * 8 + ["test"] * 4 + ["val"] * 4))
    assert data.weights_train.tolist() == [2] * 8 + [1] * 4
    assert data.is_validation.tolist() == [False] * 8 + [True] * 4


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (
            ["1", ""] * 6,
            "column 'w', for `weight`, must have a number for every picture to train on. Received: none in 6: 1.png",
        ),
        (["1", "-2"] * 6, "must have numbers of at least 0. Received: -2 (1.png)"),
        (["1", "nan"] * 6, "must have numbers of at least 0. Received: nan (1.png)"),
        (["1", "high"] * 6, "Received: high (1.png)"),
        (["0"] * 12, "a training picture must have a weight above 0"),
    ],
)
def test_a_column_without_weights_is_refused(tmp_path, weights, said):
    assert said in refused(table(tmp_path, weights))


def test_a_column_that_there_is_not_is_refused_with_those_that_there_are(tmp_path):
    assert "'v'" in refused(replace(table(tmp_path, ["1"] * 12), image="file", label="kind", weight="v"))


@pytest.mark.parametrize("mixing", [MixUp(), CutMix()])
def test_pictures_that_count_differently_are_not_mixed(mixing):
    def load_it():
        return TRAIN, TEST

    def prepared(augment):
        variants = {"plain": Variant(model=mlp(dense=(4,)), batch_size=4, augment=augment)}
        read = read_job(Job(name="weighted", dataset=load_it, validation="test", variants=variants), Overrides())
        return prepare(read, Overrides(), lambda *_: None)

    assert prepared(None).dataset.weights_train is not None
    with pytest.raises(SpecError, match=r"Variant 'plain': (MixUp|CutMix) and weights of pictures exclude each other"):
        prepared(mixing)


def in_parquet(folder, weights):
    for part in ("train", "test"):
        own = weights if part == "train" else [None] * len(weights)
        write_parquet(folder / f"{part}.parquet", range(len(weights)), [0, 1] * (len(weights) // 2), ["a", "b"], w=own)
    return ParquetPictures(str(folder), weight="w")


def in_tfrecords(folder, weights):
    for part in ("train", "test"):
        said = [{} if part == "test" or one is None else {"w": one} for one in weights]
        ones = [example(image=png(seed), label=seed % 2, **said[seed]) for seed in range(len(weights))]
        write_tfrecord(folder / f"{part}.tfrecord", ones)
    return TFRecordPictures(str(folder), weight="w")


@pytest.mark.parametrize("make", [in_parquet, in_tfrecords])
def test_rows_of_parquet_and_records_may_have_weights(tmp_path, make):
    weights = [0.5, 2.0, 1.0, 1e-5, 0.0, 3.0]
    data = load(make(tmp_path, weights))
    assert data.weights_train == pytest.approx(weights)
    assert len(data.y_test) == 6


@pytest.mark.parametrize("make", [in_parquet, in_tfrecords])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            [1.0, None, 1.0, 1.0],
            "'w', for `weight`, must have a number for every picture to train on. Received: none in 1",
        ),
        ([1.0, -2.0, 1.0, 1.0], "'w', for `weight`, must have numbers of at least 0. Received: -2.0 ("),
    ],
)
def test_records_without_a_sound_weight_are_refused(tmp_path, make, weights, message):
    assert message in refused(make(tmp_path, weights))
