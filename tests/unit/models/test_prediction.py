"""Pictures become what a network wants, their truth is read from their names, and the rest go on when one is broken."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.fakes import tiny_dataset

from cnnjobs.datasets.labelled import Labelled
from cnnjobs.errors import ModelError, StoreError
from cnnjobs.models.annotate import annotate, check_folder
from cnnjobs.models.model_file import ModelMetadata
from cnnjobs.models.predict import Answer, answers, examples, expand, held_out_note, like_training, truth_of
from cnnjobs.spec import BuiltinDataset, ImageFolder, Npz

COLOR = ModelMetadata(("red", "green", "blue"), (4, 6, 3), BuiltinDataset("digits"))
GREY = ModelMetadata(("dark", "light"), (4, 6, 1), BuiltinDataset("digits"))


def paint(path, color, mode="RGB", size=(20, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path)
    return str(path)


def brightest(images):
    """A network that names the channel with most light."""
    light = images.reshape(len(images), -1, images.shape[-1]).mean(axis=1)
    if light.shape[1] == 1:
        light = np.hstack([255 - light, light])
    return (light / light.sum(axis=1, keepdims=True)).astype(np.float32)


def test_pictures_are_told_in_order_and_broken_ones_named(tmp_path):
    paths = [paint(tmp_path / "a.png", (0, 250, 0)), str(tmp_path / "no.png"), paint(tmp_path / "b.png", (0, 0, 250))]
    (tmp_path / "broken.jpg").write_text("no picture")
    found = list(answers(expand([*paths, str(tmp_path / "broken.jpg")])[0], COLOR, brightest, top=2))
    assert [answer.path for answer in found] == [*paths, str(tmp_path / "broken.jpg")]
    assert [answer.top[0][0] if answer.top else None for answer in found] == ["green", None, "blue", None]
    assert [name for name, _ in found[0].top] == ["green", "red"]
    assert found[1].error == "there is no such file"
    assert found[3].error.startswith("no picture that can be read (cannot identify image file 'broken.jpg'")


def test_more_pictures_than_a_chunk_keep_their_order(tmp_path):
    here = [paint(tmp_path / f"{number}.png", (0, 9, 250) if number % 3 else (250, 9, 0)) for number in range(7)]
    paths = here * 80
    found = list(answers(expand(paths)[0], COLOR, brightest, top=1))
    assert [answer.top[0][0] for answer in found] == ["blue" if number % 3 else "red" for number in range(7)] * 80


def test_colour_becomes_grey_and_grey_is_told(tmp_path):
    paths = [paint(tmp_path / "a.png", (255, 255, 255)), paint(tmp_path / "b.png", 10, mode="L")]
    found = list(answers(expand(paths)[0], GREY, brightest, top=1))
    assert [answer.top[0][0] for answer in found] == ["light", "dark"]
    assert [answer.facts.grey for answer in found] == [False, True]


@pytest.mark.parametrize(
    ("path", "truth"),
    [
        ("cat/0001.jpg", "cat"),
        ("CAT/0001.jpg", "cat"),
        ("x/cat.jpg", "cat"),
        ("x/cat.12.jpg", "cat"),
        ("x/Cat_12.jpg", "cat"),
        ("x/cat 12.jpg", "cat"),
        ("x/catalogue.jpg", None),
        ("x/cat12.jpg", None),
        ("x/wild cat.1.jpg", "wild cat"),
        ("dog/cat.1.jpg", "dog"),
        ("7/1.png", "7"),
        ("x/7.png", None),
        ("x/7_a.png", None),
        ("x/котёнок.png", None),
        ("x/кот 1.png", "кот"),
        ("x/cafe\u0301-1.png", "caf\u00e9"),
        ("A/1.png", "A"),
        ("a/1.png", "a"),
        ("x/a_1.png", "a"),
        ("x/a.b(c)-1.png", "a.b(c)"),
    ],
)
def test_the_truth_is_read_from_folder_or_file_name(path, truth):
    assert truth_of(path, ("cat", "dog", "wild cat", "7", "a.b(c)", "кот", "caf\u00e9", "a", "A")) == truth


def test_folders_stand_for_the_pictures_in_them(tmp_path):
    first, second = paint(tmp_path / "in" / "b" / "1.png", 0, "L"), paint(tmp_path / "in" / "2.png", 0, "L")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "empty").mkdir()
    found, _ = expand([str(tmp_path / "in"), "other.png", str(tmp_path / "empty")])
    assert sorted(one.path for one in found[:2]) == sorted([first, second])
    assert found[2] == Answer("other.png")
    assert found[3].error == "a folder without pictures"
    assert [answer.error for answer in answers(found[3:], COLOR, brightest, top=1)] == ["a folder without pictures"]


def test_labels_of_a_data_set_follow_the_names_of_the_network():
    data = tiny_dataset(classes=3, per_class=4)
    metadata = ModelMetadata(("class2", "class0", "other", "class1"), (8, 8, 1), BuiltinDataset("digits"))
    images, labels, notes = examples(Labelled.of(data, "test"), metadata)
    assert [note.split(":")[0] for note in notes] == ["There are no pictures of other"]
    assert (images == data.x_test).all()
    assert [metadata.class_names[label] for label in labels] == [data.class_names[label] for label in data.y_test]
    assert len(examples(Labelled.of(data, "all"), metadata)[1]) == len(data.y_test) + len(data.y_train)


def test_labels_follow_names_in_another_unicode_form():
    data = replace(tiny_dataset(classes=2), class_names=("cafe\u0301", "dog"))
    metadata = ModelMetadata(("dog", "caf\u00e9"), (8, 8, 1), BuiltinDataset("digits"))
    assert (examples(Labelled.of(data, "test"), metadata)[1] == 1 - data.y_test).all()


def test_grey_data_serve_a_network_of_colours_with_a_note():
    data = tiny_dataset(classes=2)
    images, _, notes = examples(
        Labelled.of(data, "test"), ModelMetadata(("class0", "class1"), (8, 8, 3), BuiltinDataset("digits"))
    )
    assert images.shape[1:] == (8, 8, 3)
    assert (images[..., 0] == images[..., 2]).all()
    assert "grey" in notes[0]


def test_data_that_do_not_fit_are_refused():
    data = tiny_dataset(classes=3)
    with pytest.raises(ModelError, match=r"takes pictures of 9 x 8 pixels. Received: tiny, of 8 x 8"):
        examples(Labelled.of(data, "test"), ModelMetadata(data.class_names, (9, 8, 1), BuiltinDataset("digits")))
    with pytest.raises(ModelError, match=r"tiny has classes that the model does not know: class2. It knows class0"):
        examples(Labelled.of(data, "test"), ModelMetadata(("class0", "class1"), (8, 8, 1), BuiltinDataset("digits")))


def test_data_of_training_are_read_as_then_and_other_folders_in_its_size():
    own = ImageFolder("/photos", size=(4, 6), color="grey", test=0.5)
    metadata = ModelMetadata(("a", "b"), (4, 6, 1), own, {"dataset_fingerprint": "f"})
    assert like_training(None, metadata) == own
    assert like_training(ImageFolder("/photos"), metadata) == own, "with the same half of it held out"
    assert like_training(ImageFolder("/others"), metadata) == replace(own, path="/others"), "it may have been moved"
    unsized = ModelMetadata(("a",), (4, 6, 1), ImageFolder("/photos"), {})
    assert like_training(ImageFolder("/others"), unsized).size == (4, 6), "whatever the size of those pictures"
    assert like_training(ImageFolder("/photos"), unsized) == ImageFolder("/photos")
    assert (
        like_training(Npz("/others.npz"), ModelMetadata(("a",), (4, 6, 1), Npz("/own.npz", test=0.1), {})).test == 0.1
    )
    assert like_training(
        ImageFolder("/others"), ModelMetadata(("a",), (4, 6, 1), BuiltinDataset("mnist"), {})
    ).size == (4, 6)
    assert like_training(BuiltinDataset("digits"), metadata) == BuiltinDataset("digits")


def test_data_that_have_changed_since_training_are_warned_of():
    data = tiny_dataset()
    spec = ImageFolder("/photos")
    unchanged = ModelMetadata(data.class_names, (8, 8, 1), spec, {"dataset_fingerprint": data.fingerprint})
    changed = ModelMetadata(data.class_names, (8, 8, 1), spec, {"dataset_fingerprint": "other"})
    assert held_out_note(data, spec, unchanged) == []
    assert "tiny has changed since the model was trained on it" in held_out_note(data, spec, changed)[0]
    assert (
        "tiny is not the data set that the model was trained on"
        in held_out_note(data, ImageFolder("/others"), changed)[0]
    )
    assert held_out_note(data, ImageFolder("/others"), unchanged) == [], "the same pictures, elsewhere"
    assert held_out_note(data, BuiltinDataset("mnist"), changed) == [], "it has a test set of its own"


def test_classes_without_pictures_are_told():
    data = tiny_dataset(classes=2)
    more = ModelMetadata(("class0", "more", "class1"), (8, 8, 1), BuiltinDataset("digits"))
    _, _, notes = examples(Labelled.of(data, "test"), more)
    assert notes == ["There are no pictures of more: the scores of these classes are 0, and count in the macro average"]


def test_images_that_are_floats_are_not_rounded():
    data = tiny_dataset()
    floats = replace(data, x_test=(data.x_test / 2550).astype(np.float32), x_train=data.x_train.astype(np.float32))
    images, _, _ = examples(
        Labelled.of(floats, "test"), ModelMetadata(data.class_names, (8, 8, 1), BuiltinDataset("digits"))
    )
    assert np.abs(images - data.x_test / 10).max() < 1e-4


def strip_of(path):
    """Colour of the strip below an annotated picture."""
    with Image.open(path) as image:
        return image.getpixel((1, image.height - 1)), image.size


def test_annotated_pictures_tell_right_from_wrong(tmp_path):
    picture = paint(tmp_path / "in" / "p.png", (9, 9, 9), size=(32, 32))
    taken: set[str] = set()
    colors = {}
    for truth in ("red", "blue", None):
        answer = Answer(picture, (("red", 0.876),), truth=truth)
        path = annotate(answer, tmp_path / "out", taken)
        colors[truth], (width, height) = strip_of(path)
        assert width >= 300 and height > width, "enlarged, with a strip below"
    assert len(set(colors.values())) == 3
    assert taken == {"p.png", "in-p.png", "p-2.png"}


def test_a_long_label_is_broken_into_lines(tmp_path):
    picture = paint(tmp_path / "p.png", (9, 9, 9), size=(32, 32))
    short, long = ("red", "a very long name of a class that fills the width of the picture more than once")
    heights = [
        strip_of(annotate(Answer(picture, ((name, 0.5),)), tmp_path / "out", set()))[1][1] for name in (short, long)
    ]
    assert heights[1] > heights[0] + 10


def test_a_narrow_picture_gets_room_for_its_text(tmp_path):
    picture = paint(tmp_path / "p.png", (9, 9, 9), size=(3, 900))
    path = annotate(Answer(picture, (("red", 0.5),)), tmp_path / "out", set())
    assert strip_of(path)[1][0] >= 300


def test_transparent_and_deep_pictures_are_annotated_as_the_network_saw_them(tmp_path):
    clear = paint(tmp_path / "clear.png", (255, 0, 0, 0), "RGBA", (400, 400))
    deep = tmp_path / "deep.png"
    Image.fromarray(np.full((400, 400), 20000, np.uint16)).save(deep)
    for path, expected in ((clear, (255, 255, 255)), (str(deep), (78, 78, 78))):
        with Image.open(annotate(Answer(path, (("red", 0.5),)), tmp_path / "out", set())) as image:
            assert image.getpixel((5, 5)) == expected


def test_annotated_pictures_never_replace_or_join_those_that_are_asked_about(tmp_path):
    picture = paint(tmp_path / "in" / "p.png", (9, 9, 9))
    for folder, asked in (("in", picture), ("in", "in"), ("in/marked", "in")):
        with pytest.raises(StoreError, match="must be another folder than that of the pictures"):
            check_folder(tmp_path / folder, [str(tmp_path / asked)])
    check_folder(tmp_path / "in" / "marked", [picture])
    check_folder(tmp_path / "out", [str(tmp_path / "in")])
    with pytest.raises(StoreError, match="must be a folder"):
        check_folder(tmp_path / "in" / "p.png", [picture])


def test_where_annotated_pictures_cannot_go_is_told(tmp_path):
    picture = paint(tmp_path / "p.png", (9, 9, 9))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write"):
        annotate(Answer(picture, (("red", 0.5),)), Path(tmp_path / "file"), set())
