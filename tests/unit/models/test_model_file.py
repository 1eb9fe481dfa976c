"""What a model file says of itself comes back; what is no model file is told apart."""

import io
import json
import zipfile

import pytest

from cnnjobs.errors import ModelError
from cnnjobs.models.model_file import FORMAT, MEMBER, ModelMetadata, read_metadata, with_metadata
from cnnjobs.spec import ImageFolder

ABOUT = ModelMetadata(
    ("cat", "dog"), (96, 64, 3), ImageFolder("photos", size=(96, 64)), {"variant": "v", "test_accuracy": 0.5}
)


def archive(**members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        for name, text in members.items():
            made.writestr(name, text)
    return sink.getvalue()


KERAS = archive(**{"config.json": "{}", "model.weights.h5": "weights"})


def test_what_is_written_comes_back(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(with_metadata(KERAS, ABOUT))
    assert read_metadata(path) == ABOUT
    with zipfile.ZipFile(path) as made:
        assert made.read("model.weights.h5") == b"weights"


def test_a_newer_layout_is_refused(tmp_path):
    path = tmp_path / "m.keras"
    document = {"format": FORMAT + 1, "class_names": [], "image_shape": [1, 1, 1], "dataset": {}}
    path.write_bytes(archive(**{"model.weights.h5": "", MEMBER: json.dumps(document)}))
    with pytest.raises(ModelError, match=r"saved by a newer cnnjobs: its layout is version 2, .* Install that version"):
        read_metadata(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a model", "is no model file"),
        (b"", "is no model file"),
        (KERAS, f"is a Keras model, but lacks {MEMBER}"),
        (archive(a="1"), f"is no model; it lacks {MEMBER}"),
        (archive(**{MEMBER: "{"}), "cannot be understood"),
        (archive(**{MEMBER: "[]"}), "cannot be understood"),
        (archive(**{MEMBER: '{"format": 1, "class_names": ["a"]}'}), "cannot be understood"),
        (with_metadata(KERAS, ABOUT)[:-30], "is no model file"),
    ],
)
def test_what_is_no_model_file_is_refused(tmp_path, content, message):
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_metadata(path)


def test_an_entry_that_is_damaged_is_told(tmp_path):
    path = tmp_path / "m.keras"
    content = bytearray(with_metadata(KERAS, ABOUT))
    place = bytes(content).index(MEMBER.encode()) + len(MEMBER) + 8
    content[place : place + 20] = b"\xff" * 20
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="is no model file"):
        read_metadata(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ModelError, match="There is no model file"):
        read_metadata(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="is no model file"):
        read_metadata(tmp_path)
