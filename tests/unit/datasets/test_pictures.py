"""What is said and drawn of a data set before anything is trained on it."""

import io

import numpy as np
import pytest
from PIL import Image
from support.fakes import tiny_dataset

from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.datasets.overview import class_cells, class_note, first_rows, part_cells
from cnnjobs.report.figures.pictures import GAP, TILE, picture_grid, versions_grid
from cnnjobs.report.figures.style import DPI, render


def many_classes(classes):
    """A data set in which class k has k + 2 training images."""
    labels = np.repeat(np.arange(classes, dtype=np.int32), np.arange(classes) + 2)
    images = np.zeros((len(labels), 2, 3, 3), np.float32)
    images[0, 0, 0, 0] = 0.5
    names = tuple(f"class{label}" for label in range(classes))
    return make_dataset("many", (images, labels), (images[::2], labels[::2]), names)


def test_shapes_types_and_ranges_of_both_parts_are_listed():
    _, rows = part_cells(many_classes(3))
    assert rows == [("train", "9 x 2 x 3 x 3", "float32", "0 to 0.5"), ("test", "5 x 2 x 3 x 3", "float32", "0 to 0.5")]


def test_every_class_is_counted_in_train_and_test():
    data = tiny_dataset()
    header, rows = class_cells(data)
    assert header == ("label", "3 classes", "train", "test")
    assert rows == [(str(label), f"class{label}", "10", "5") for label in range(3)]
    assert class_note(data) == ""


def test_of_many_classes_twenty_are_listed_and_the_extremes_named():
    data = many_classes(30)
    assert len(class_cells(data)[1]) == 20
    assert class_note(data) == ("and 10 more; smallest: class0 with 2 training images, largest: class29 with 31")


def test_the_first_rows_are_the_first_but_of_classes_in_blocks_one_each_in_turn():
    assert first_rows(np.array([2, 0, 0, 1, 1], np.int32), 3).tolist() == [0, 1, 2]
    assert first_rows(np.array([0, 0, 0, 1, 1, 2], np.int32), 5).tolist() == [0, 3, 5, 1, 4]
    assert first_rows(np.array([1, 0], np.int32), 9).tolist() == [0, 1]


def pixels_of(figure):
    return np.asarray(Image.open(io.BytesIO(render(figure, "png"))).convert("RGB"))


def tile_of(drawn, row_from_below=0, column=0):
    """The pixels of a tile, found from the lower left corner, without its frame."""
    side, gap = round(TILE * DPI), round(GAP * DPI)
    bottom = drawn.shape[0] - gap - row_from_below * (side + gap)
    left = gap + column * (side + gap)
    return drawn[bottom - side + 4 : bottom - 4, left + 4 : left + side - 4]


def test_small_grey_pictures_are_drawn_grey_pixel_by_pixel():
    picture = np.array([[0, 85], [170, 255]], np.uint8)[..., np.newaxis]
    tile = tile_of(pixels_of(picture_grid("t", [picture], ["one"])))
    assert sorted(set(map(tuple, tile.reshape(-1, 3).tolist()))) == [(v, v, v) for v in (0, 85, 170, 255)]
    assert tile[0, -1].tolist() == [85] * 3, "upright"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_colours_are_those_of_the_picture(dtype):
    picture = np.zeros((4, 4, 3), dtype)
    picture[..., 1] = 255 if dtype == np.uint8 else 1
    tile = tile_of(pixels_of(picture_grid("t", [picture], ["green"])))
    assert (tile == [0, 255, 0]).all()


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_names_are_drawn_as_they_are_and_long_ones_cut():
    names = ["cost $5 and $6", "a_very_long_name_" * 5, "日本語のクラス名前", "x^2\\frac"]
    figure = picture_grid("of $s", list(np.zeros((4, 4, 4, 1), np.uint8)), names)
    _, cost, long, *_ = texts_of(figure)
    assert cost == r"cost \$5 and \$6"
    assert long.count("\n") == 2
    assert "…" in long
    assert pixels_of(figure).shape[1] == round((2 * TILE + 3 * GAP) * DPI)


def test_pictures_stand_in_rows_about_as_many_as_columns():
    figure = picture_grid("t", list(np.zeros((9, 4, 4, 1), np.uint8)), list("abcdefghi"))
    assert len(figure.axes[0].images) == 9
    assert figure.get_size_inches()[0] == pytest.approx(3 * TILE + 4 * GAP)


def test_versions_stand_beside_their_originals():
    originals = np.arange(2, dtype=np.uint8).reshape(2, 1, 1, 1) * 100
    versions = originals[:, np.newaxis] + np.arange(1, 4, dtype=np.uint8).reshape(1, 3, 1, 1, 1)
    figure = versions_grid("t", originals, versions, ["a", "b"])
    assert [int(image.get_array()[0, 0]) for image in figure.axes[0].images] == [0, 1, 2, 3, 100, 101, 102, 103]
    assert texts_of(figure)[1:] == ["a", "epoch 1", "epoch 2", "epoch 3", "b", "", "", ""]
    mixes = [["70% + 30% of b", "", ""], ["", "51% + 49% of a", ""]]
    mixed = texts_of(versions_grid("t", originals, versions, ["a", "b"], mixes))
    assert mixed[1:] == ["a", "epoch 1: 70% +\n30% of b", "epoch 2", "epoch 3", "b", "", "51% + 49% of a", ""]


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_the_same_pictures_give_the_same_file(kind):
    files = [render(picture_grid("t", [np.eye(8, dtype=np.float32)[..., None]], ["x"]), kind) for _ in range(2)]
    assert files[0] == files[1]
