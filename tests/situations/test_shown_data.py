"""What `show` draws and lists: copies and near copies, many classes, names in any script, odd sizes."""

import os
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnnjobs.datasets import load_dataset
from cnnjobs.datasets.duplicates.duplicates import find_duplicates
from cnnjobs.datasets.images import FetchedImages
from cnnjobs.report.figures import dataset as drawing
from cnnjobs.report.figures.style import render
from cnnjobs.report.figures.tiles import NARROWEST
from cnnjobs.run.prepare import read_dataset
from cnnjobs.run.show import Pictures, dataset_view, show_dataset
from cnnjobs.spec import ImageFolder, Npz


def quiet(what, done, total):
    """Progress that nobody watches."""


def scene(seed, side=48):
    """A picture as smooth as a photograph."""
    coarse = np.random.RandomState(seed).randint(0, 256, (6, 6, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Photographs with copies of every kind, two of each class in each part; and what is no picture."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for number in range(24):
        part, name = ("train", "test")[number % 3 == 2], ("cat", "dog")[number % 2]
        folder = tmp_path / "photos" / part / name
        folder.mkdir(parents=True, exist_ok=True)
        scene(number).resize((48 + number, 40)).save(folder / f"{number}.png")
    root = tmp_path / "photos"
    Image.open(root / "train/cat/0.png").save(root / "test/cat/same.bmp")
    Image.open(root / "train/dog/1.png").convert("RGB").save(root / "test/dog/again.jpg", quality=60)
    Image.open(root / "train/cat/4.png").resize((30, 30)).save(root / "train/dog/small.png")
    for name in ("notes.txt", "boxes.xml", "more.xml"):
        (root / "train" / "cat" / name).write_text("no picture")
    return root


def show(path, count=3, duplicates=True):
    return show_dataset(str(path), None, Pictures(count, "out.svg", 48, strict=False, duplicates=duplicates)).text()


def test_copies_are_listed_by_name_the_worst_first(photos, tmp_path):
    """A test picture is a training picture, another one encoded anew, a third smaller and in the other class."""
    shown = show(photos)
    listed = pd.read_csv(tmp_path / "out-duplicates.csv", dtype=str, keep_default_na=False)
    assert list(listed["where"]) == ["train and test", "train and test", "two classes"]
    assert list(listed["first_name"]) == ["test/cat/same.bmp", "test/dog/again.jpg", "train/cat/4.png"]
    assert list(listed["second_name"]) == ["train/cat/0.png", "train/dog/1.png", "train/dog/small.png"]
    assert list(listed["first_label_name"]) == ["cat", "dog", "cat"]
    assert float(listed["likeness"][0]) == 1 > float(listed["likeness"][1]) > 0.98
    assert "2 in train and test (1 the same, 1 alike), 1 in two classes (0 the same, 1 alike)" in shown
    assert "; 2 test pictures are known from training" in shown
    assert re.search(r"train and test +the same +test/cat/same.bmp +cat +train/cat/0.png +cat", shown)
    figure = (tmp_path / "out.svg").read_text(encoding="utf-8")
    assert "test/dog/again.jpg" in figure
    assert "*.xml" in figure
    assert "as trained on, 48 x 48" in figure


def test_without_being_asked_only_the_same_are_drawn(photos, tmp_path):
    """`show` alone compares pixels: nothing is listed, and the same pictures are drawn side by side."""
    show(photos, duplicates=False)
    figure = (tmp_path / "out.svg").read_text(encoding="utf-8")
    assert "test/cat/same.bmp" in figure
    assert "again.jpg" not in figure
    assert not (tmp_path / "out-duplicates.csv").exists()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_names_of_files_that_are_no_text(photos, tmp_path, kind):
    """Names in Latin-1, with escapes, line ends and dollars, of the folder and in it: shown, obeyed by nothing."""
    odd = b"caf\xe9\n\x1b[2J$x$"
    (photos / "train" / "cat" / "0.png").rename(os.fsdecode(bytes(photos / "train" / "cat") + b"/" + odd + b".png"))
    Path(os.fsdecode(bytes(photos / "train" / "cat") + b"/a." + odd)).write_text("no picture")
    root = Path(os.fsdecode(bytes(tmp_path) + b"/" + odd))
    photos.rename(root)
    name = f"out.{kind}"
    shown = show_dataset(str(root), None, Pictures(2, name, 48, strict=False, duplicates=True)).text()
    assert r"train/cat/caf\udce9\n\x1b[2J$x$.png" in shown
    assert "\x1b" not in shown.replace("\x1b[0m", "").replace("\x1b[1m", "")
    assert (tmp_path / name).stat().st_size > 10_000
    listed = pd.read_csv(tmp_path / "out-duplicates.csv", dtype=str, keep_default_na=False)
    assert listed["second_name"][0] == r"train/cat/caf\udce9\n\x1b[2J$x$.png"


def test_the_figure_is_the_same_file_every_time(photos, tmp_path):
    """Two runs of `show` write the same bytes."""
    show(photos)
    first = (tmp_path / "out.svg").read_bytes()
    show(photos)
    assert (tmp_path / "out.svg").read_bytes() == first


@pytest.mark.parametrize("decode", ["ahead", "as needed"])
def test_pictures_that_are_not_in_memory_are_compared_as_well(photos, monkeypatch, decode):
    """The same pairs where pictures are fetched from the cache, and where they are decoded whenever they are needed."""
    spec = ImageFolder(str(photos), size=48)
    in_memory = load_dataset(spec, quiet)
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    elsewhere = load_dataset(replace(spec, decode=decode), quiet)
    assert isinstance(elsewhere.x_train, FetchedImages)
    for near in (False, True):
        expected = find_duplicates(in_memory, quiet, near=near)
        assert expected.pairs
        assert find_duplicates(elsewhere, quiet, near=near) == expected


def test_pictures_that_are_the_same_are_paired_once(tmp_path):
    """A picture four times in train, twice in test, once in the other class: each copy is in one pair."""
    random = np.random.RandomState(0)
    train, test = random.randint(0, 256, (20, 20, 20, 1), np.uint8), random.randint(0, 256, (6, 20, 20, 1), np.uint8)
    labels = np.arange(20) % 2
    train[[2, 4, 7]] = train[0]
    test[[0, 2]] = train[0]
    train[11] = train[9]
    np.savez(tmp_path / "a.npz", x_train=train, y_train=labels, x_test=test, y_test=labels[:6])
    found = find_duplicates(load_dataset(Npz(str(tmp_path / "a.npz")), quiet), quiet, near=False)
    assert [(pair.where, pair.parts, pair.rows) for pair in found.pairs] == [
        ("train and test", ("test", "train"), (0, 0)),
        ("train and test", ("test", "train"), (0, 2)),
        ("train and test", ("test", "train"), (0, 4)),
        ("train and test", ("test", "train"), (0, 7)),
        ("train and test", ("test", "train"), (2, 0)),
        ("one class", ("train", "train"), (9, 11)),
    ]


NAMES = ("cost $5_1$", r"x_{2}^n \$", "\u72ac\u3068\u732b", "\u0643\u0644\u0628", "a" * 90, "NA", " ", "\U0001f600")


def view_of(tmp_path, images, labels, count=4):
    """Return what is drawn of arrays."""
    held = {"x_test": 255 - images[: len(labels) // 2], "y_test": labels[: len(labels) // 2]}
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, **held)
    spec = read_dataset(str(tmp_path / "a.npz"), image_size=None, strict=False)
    return dataset_view(spec, load_dataset(spec, quiet), Pictures(count, None, None, strict=False))


def texts_of(axes):
    """Yield the texts that are drawn in some axes."""
    yield from axes.texts
    if axes.axison:
        yield from (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)
    if axes.get_legend():
        yield from axes.get_legend().get_texts()


def overlaps(figure):
    """Return pairs of texts of the figure that lie over one another, and texts that are cut."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        canvas.draw()
    renderer, edge = canvas.get_renderer(), figure.bbox
    texts = [text for axes in figure.axes for text in texts_of(axes) if text.get_text().strip()]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    cut = [words for words, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > edge.x1 + 1 or box.y1 > edge.y1 + 1]
    over = [
        (one, other)
        for place, (one, first) in enumerate(boxes)
        for other, second in boxes[place + 1 :]
        if first.padded(-1).overlaps(second.padded(-1))
    ]
    return over, cut


@pytest.mark.parametrize("names", [NAMES, NAMES[:2]], ids=["eight", "two"])
def test_names_of_classes_in_any_script_are_drawn_as_they_are(tmp_path, names):
    """Dollars, underscores, Chinese, Arabic, emoji, a very long name and an empty one."""
    labels = np.arange(8 * len(names)) % len(names)
    images = np.random.RandomState(0).randint(0, 256, (len(labels), 20, 20, 1), np.uint8)
    view = replace(view_of(tmp_path, images, labels), class_names=names)
    figure = drawing.dataset_figure(view)
    assert overlaps(figure) == ([], [])
    written = render(figure, "svg").decode()
    assert "cost $5_1$" in written
    assert r"x_{2}^n \$" in written


@pytest.mark.parametrize("classes", [1 + drawing.MOST_ROWS, 200])
def test_of_many_classes_the_largest_and_the_smallest_are_shown(tmp_path, classes):
    """Two hundred classes of three to five pictures, one of nine: what is left out is said."""
    sizes = 3 + np.arange(classes) % 3
    sizes[classes - 2] = 9
    labels = np.repeat(np.arange(classes), sizes)
    images = np.random.RandomState(0).randint(0, 256, (len(labels), 8, 8, 3), np.uint8)
    view = view_of(tmp_path, images, labels)
    assert next(iter(view.pictures)) == classes - 2
    figure = drawing.dataset_figure(view)
    assert overlaps(figure) == ([], [])
    assert f"of the 6 largest and the 6 smallest of {classes} classes" in render(figure, "svg").decode()


@pytest.mark.parametrize(("shape", "count"), [((40, 1, 1), 1), ((1, 40, 3), 30), ((8, 8, 1), 30), ((300, 200, 3), 4)])
def test_pictures_of_any_shape_are_seen(tmp_path, shape, count):
    """One pixel wide, one high, small and grey, large: each tile has a width and a height, and lies in the figure."""
    labels = np.arange(24) % 2
    images = np.random.RandomState(0).randint(0, 256, (24, *shape), np.uint8)
    figure = drawing.dataset_figure(view_of(tmp_path, images, labels, count=count))
    assert overlaps(figure) == ([], [])
    tiles = [image.get_extent() for image in figure.axes[0].images]
    assert len(tiles) == 2 * min(count, 12)
    for left, right, bottom, top in tiles:
        assert right - left >= NARROWEST
        assert bottom - top >= NARROWEST
        assert 0 < left < right < drawing.WIDTH
