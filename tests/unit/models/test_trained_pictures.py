"""A model file keeps which pictures the network was trained on, and says when it is asked about them."""

import io
import zipfile
from dataclasses import replace

import numpy as np
from PIL import Image

from cnnjobs.models import trained_pictures
from cnnjobs.models.model_file import TRAINED_MEMBER, ModelMetadata, read_metadata, with_metadata
from cnnjobs.models.predict import answers, expand, reading_of
from cnnjobs.models.trained_pictures import TrainedPictures, trained_note
from cnnjobs.run.predict import Answers
from cnnjobs.spec import ImageFolder

RANDOM = np.random.default_rng(4)
IMAGES = RANDOM.integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
ABOUT = ModelMetadata(("a", "b"), (6, 6, 3), ImageFolder("photos", size=6))


def archive():
    sink = io.BytesIO()
    zipfile.ZipFile(sink, "w").close()
    return sink.getvalue()


def halves(images):
    """A network that knows nothing."""
    return np.full((len(images), 2), 0.5, np.float32)


def asked(paths, trained):
    """What `cnnjobs predict` has to say of pictures."""
    metadata = replace(ABOUT, trained=trained)
    pictures, passed_over = expand(paths)
    reading = reading_of(metadata, pictures)
    return Answers(tuple(answers(pictures, metadata, halves, 1, reading)), metadata, reading, passed_over)


def test_pictures_of_training_are_known_and_others_are_not():
    trained = TrainedPictures.of(IMAGES[:20])
    assert trained.complete
    assert trained.among(IMAGES).tolist() == [True] * 20 + [False] * 10
    changed = IMAGES[:1].copy()
    changed[0, 0, 0, 0] ^= 1
    assert not trained.among(changed).any()


def test_of_very_many_some_are_kept(monkeypatch):
    monkeypatch.setattr(trained_pictures, "MOST", 12)
    trained = TrainedPictures.of(IMAGES[:20])
    assert not trained.complete
    assert len(trained.digests) == 12
    assert trained.among(IMAGES).sum() == trained.among(IMAGES[:20]).sum() == 12
    assert trained_note(12, 30, trained).startswith("at least 12 of 30 pictures are, pixel for pixel, among those")


def test_a_model_file_has_them_and_one_without_says_nothing(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(with_metadata(archive(), replace(ABOUT, trained=TrainedPictures.of(IMAGES[:20]))))
    found = read_metadata(path)
    assert found == ABOUT
    assert found.trained.complete and found.trained.among(IMAGES).sum() == 20
    path.write_bytes(with_metadata(archive(), ABOUT))
    assert read_metadata(path).trained is None


def test_what_no_version_has_written_is_passed_over(tmp_path):
    for content in (b"", b"\1abc", b"\1" + bytes(8 * 70_000)):
        assert TrainedPictures.read(content) is None
    path = tmp_path / "m.keras"
    path.write_bytes(with_metadata(archive(), ABOUT))
    with zipfile.ZipFile(path, "a") as added:
        added.writestr(TRAINED_MEMBER, "hello")
    assert read_metadata(path).trained is None


def test_predicting_pictures_of_training_is_said(tmp_path):
    paths = []
    for number in range(4):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(IMAGES[number]).save(paths[-1])
    (tmp_path / "broken.png").write_text("none")
    trained = TrainedPictures.of(IMAGES[:3])
    found = asked([*paths, str(tmp_path / "broken.png")], trained)
    assert [answer.trained_on for answer in found.answers] == [True, True, True, False, False]
    assert found.notes == [
        "3 of 4 pictures are, pixel for pixel, among those that the model was trained on. Right answers there say "
        "nothing about other pictures"
    ]
    assert asked(paths[:1], trained).notes[0].startswith("the picture is, pixel for pixel, among those")
    assert asked(paths[3:], trained).notes == []
    assert asked(paths, None).notes == []


def test_what_is_true_stands_beside_a_wrong_answer(tmp_path):
    place = tmp_path / "b"
    place.mkdir()
    Image.fromarray(IMAGES[0]).save(place / "x.png")
    (answer,) = asked([str(place / "x.png")], None).answers
    assert (answer.top[0][0], answer.outcome) == ("a", "true: b")
