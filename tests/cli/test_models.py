"""From a job file outside of the package to a model that predicts, on real Ray and TensorFlow."""

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image
from support.commands import called, typed
from support.documents import document

CLASSES = ("naught", "one", "two")
JOB = '''
"""A reader's all-convolutional network: 5 x 5 convolutions with stride 2 in place of pooling."""
from cnnjobs import Adam, Augment, ImageFolder, Job, Variant, custom


def all_convolutional(input_shape, classes, filters, dropout):
    import keras
    from keras import layers

    inputs = x = keras.Input(input_shape)
    for block, rate in enumerate(dropout[:-1]):
        size = filters * 2**block
        for kernel, stride in ((3, 1), (3, 1), (5, 2)):
            x = layers.Conv2D(size, kernel, stride, padding="same", activation="relu")(x)
            x = layers.BatchNormalization()(x)
        x = layers.Dropout(rate)(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(dropout[-1])(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


own = Variant(
    model=custom(all_convolutional, filters=48, dropout=(0.2, 0.3, 0.4, 0.5)),
    optimizer=Adam(0.002),
    epochs=14,
    batch_size=16,
    scaling="standardize",
    augment=Augment(shift=0.05),
)

job = Job(
    name="own network",
    dataset=ImageFolder("numerals", size=16),
    repeats=1,
    variants={"own": own, "stops": own.but(epochs=15)},
)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scanned digits as an image folder with train/ and test/, and the job file."""
    from sklearn.datasets import load_digits

    where = tmp_path_factory.mktemp("models")
    (where / "own.py").write_text(JOB.replace("own network", "own-network"))
    digits = load_digits(n_class=3)
    for index, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        place = where / "numerals" / ("test" if index % 4 == 0 else "train") / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 255 / 16).astype(np.uint8)).resize((30, 24)).save(place / f"{index}.png")
    return where


@pytest.fixture(scope="module")
def fitted(folder):
    """Fit the reader's network; return what was printed."""
    done = typed("fit", "own.py", "--variant", "own", "--output", "own.keras", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def predicted(folder, fitted):
    """What the model says of the test pictures and of two that are none, as JSON."""
    (folder / "broken.png").write_text("no picture")
    words = ("numerals/test", "broken.png", "missing.png", "--format", "json", "--top-k", "2", "--annotate", "marked")
    done = typed("predict", "own.keras", *words, cwd=folder)
    assert done.returncode == 1, done.stderr
    found = document(done.stdout)
    assert found["error"]["kind"] == "PicturesFailed"
    assert found["right"] == sum(bool(one["right"]) for one in found["pictures"])
    return found["pictures"], done.stderr


def test_fit_trains_on_all_of_train_and_says_how_well(folder, fitted):
    train = len(list((folder / "numerals" / "train").rglob("*.png")))
    assert re.search(rf"own: fitted on {train} images for 14 epochs; test accuracy \d+\.\d\d%", fitted)
    assert re.search(r"^model: own.keras \((\d\.\d|\d{2,3}) [kM]B\)$", fitted, re.M)
    assert not list((folder / "results" / "own-network" / "models").rglob("*.npz")), "no checkpoint is left"


def test_predict_is_as_often_right_as_the_fit_said(fitted, predicted):
    rows = [row for row in predicted[0] if not row["error"]]
    accuracy = np.mean([row["right"] for row in rows])
    assert f"test accuracy {accuracy:.2%}" in fitted
    assert accuracy > 0.8, "a network that learned"
    assert {row["truth"] for row in rows} == set(CLASSES)
    assert all(len(row["top"]) == 2 and row["top"][0]["label"] == row["label"] for row in rows)


def test_a_picture_that_is_none_is_named_and_the_rest_go_on(predicted):
    rows, errors = predicted
    assert {row["path"]: row["error"] for row in rows if row["error"]}.keys() == {"broken.png", "missing.png"}
    assert "broken.png: no picture that can be read" in errors
    assert "missing.png: there is no such file" in errors
    assert f"2 of {len(rows)} pictures could not be read." in errors
    assert "Traceback" not in errors


def test_annotated_pictures_are_written(folder, predicted):
    good = sum(not row["error"] for row in predicted[0])
    assert len(list((folder / "marked").glob("*.png"))) == good


def test_evaluate_agrees_with_predict(folder, fitted, predicted):
    done = called("evaluate", "own.keras", cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = [row for row in predicted[0] if not row["error"]]
    assert f"accuracy {np.mean([row['right'] for row in rows]):.2%}" in done.stdout
    assert f"own.keras on numerals, test: {len(rows)} pictures" in done.stdout
    assert all(name in done.stdout for name in (*CLASSES, "macro average", "weighted average"))


def test_evaluate_on_other_data_and_for_scripts(folder, fitted):
    done = called("evaluate", "own.keras", "--dataset", "numerals", "--part", "all", "--format", "json", cwd=folder)
    found = document(done.stdout)
    assert found["pictures"] == np.sum(found["confusion"]) == len(list((folder / "numerals").rglob("*.png")))
    assert found["metrics"]["accuracy"] == pytest.approx(np.trace(found["confusion"]) / found["pictures"])
    rows = list(csv.DictReader(io.StringIO(called("evaluate", "own.keras", "--format", "csv", cwd=folder).stdout)))
    assert [row["name"] for row in rows[:3]] == list(CLASSES)
    done = called("evaluate", "own.keras", "--dataset", "digits", cwd=folder)
    assert done.returncode == 2
    assert "The model takes pictures of 16 x 16 pixels. Received: digits, of 8 x 8." in done.stderr


def test_pictures_in_other_channels_are_converted_with_a_note(folder, fitted):
    with Image.open(next((folder / "numerals" / "test" / "one").glob("*.png"))) as image:
        image.convert("RGB").save(folder / "colour.png")
    done = called("predict", "own.keras", "colour.png", "--format", "csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "note: 1 of 1 pictures are in colour; the model was trained on grey ones" in done.stderr
    assert done.stdout.startswith("path,label,label_name,probability,truth,right,error\ncolour.png,")


def test_pictures_are_never_written_over(folder, fitted):
    before = sorted((path, path.read_bytes()) for path in (folder / "numerals").rglob("*.png"))
    done = called("predict", "own.keras", "numerals/test", "--annotate", "numerals/test/one", cwd=folder)
    assert done.returncode == 2
    assert "`--annotate` must be another folder than that of the pictures" in done.stderr
    assert sorted((path, path.read_bytes()) for path in (folder / "numerals").rglob("*.png")) == before


def test_where_the_model_cannot_go_is_told_before_anything_is_trained(folder):
    (folder / "afile").write_text("")
    for output in ("afile/m.keras", "/proc/nothing/m.keras"):
        done = called("fit", "own.py", "--variant", "own", "--output", output, "--epochs", "1", cwd=folder)
        assert done.returncode == 2
        assert f"`--output` {output} cannot be written: Cannot write" in done.stderr
        assert "fitting" not in done.stderr


def test_a_model_of_a_folder_that_has_moved_says_how_to_go_on(folder, fitted, tmp_path):
    (folder / "numerals").rename(folder / "elsewhere")
    try:
        done = called("evaluate", "own.keras", cwd=folder)
        assert done.returncode == 2
        assert "own.keras was trained on it; if it is in another place now, use `--dataset PATH`." in done.stderr
    finally:
        (folder / "elsewhere").rename(folder / "numerals")


def test_the_terminal_is_quiet(folder, fitted):
    done = typed("predict", "own.keras", "colour.png", "colour.png", cwd=folder)
    assert len(done.stdout.splitlines()) == 2
    assert len(done.stderr.splitlines()) == 1
