"""Pictures and data sets as a saved network wants them, and what it says of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.image_folder import picture_files
from cnnjobs.datasets.pictures import read_picture, to_grey
from cnnjobs.errors import DatasetError, ModelError
from cnnjobs.modelfile import About
from cnnjobs.spec import DatasetSpec, ImageFolder

CHUNK = 256
"""Pictures that are decoded and predicted at a stretch."""

Pixels = NDArray[np.uint8]
Predict = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True)
class Answer:
    """What a network says of one picture.

    Args:
        path: the file.
        top: (class name, probability) of the most probable classes, the most probable first; empty for a
            file that could not be read.
        truth: class that folder or file name tell, if they do.
        grey: whether the picture is grey.
        error: why it could not be read.
    """

    path: str
    top: tuple[tuple[str, float], ...] = ()
    truth: str | None = None
    grey: bool = False
    error: str | None = None

    @property
    def right(self) -> bool | None:
        """Whether the first answer is the truth; None where that is not known."""
        return None if self.truth is None or not self.top else self.top[0][0] == self.truth


def list_pictures(paths: Sequence[str]) -> list[str]:
    """Return the files, with folders replaced by the pictures in and below them, sorted.

    Raises:
        DatasetError: a folder that cannot be read or has no pictures.
    """
    found: list[str] = []
    for path in paths:
        if not Path(path).is_dir():
            found.append(path)
            continue
        inside = picture_files(path)
        if not inside:
            raise DatasetError(f"The folder {path} has no pictures.")
        found += inside
    return found


def answers(paths: Sequence[str], about: About, predict: Predict, top: int) -> Iterator[Answer]:
    """Yield what a network says of each picture, in order; one that cannot be read has an error.

    Args:
        paths: files.
        about: the network's classes and picture size.
        predict: images (n, height, width, channels) uint8 -> probabilities (n, classes).
        top: how many classes to name.
    """
    with ThreadPoolExecutor() as pool:  # Pillow releases the GIL while it decodes
        for start in range(0, len(paths), CHUNK):
            chunk = paths[start : start + CHUNK]
            read = list(pool.map(lambda path: _read(path, about), chunk))
            images = [image for image, _ in read if image is not None]
            found = iter(predict(np.stack(images)) if images else ())
            for image, answer in read:
                named = _named(next(found), about.class_names, top) if image is not None else ()
                yield replace(answer, top=named)


def _read(path: str, about: About) -> tuple[Pixels | None, Answer]:
    """Return the picture as the network wants it, and what is known of it without the network."""
    truth = truth_of(path, about.class_names)
    height, width, channels = about.image_shape
    try:
        image, grey = read_picture(path, (height, width))
    except FileNotFoundError:
        return None, Answer(path, truth=truth, error="there is no such file")
    except Exception as error:  # Pillow raises many kinds for what is no picture
        reason = str(error).replace(path, Path(path).name) or type(error).__name__
        return None, Answer(path, truth=truth, error=f"no picture that can be read ({reason})")
    return (to_grey(image[np.newaxis])[0] if channels == 1 else image), Answer(path, truth=truth, grey=grey)


def _named(probabilities: NDArray[np.float32], class_names: Sequence[str], top: int) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return tuple((class_names[index], float(probabilities[index])) for index in order)


def truth_of(path: str, class_names: Sequence[str]) -> str | None:
    """Return the class that a picture's folder has the name of, or else that its file's name begins with.

    Case does not count. `cat.7.jpg`, `cat_7.jpg` and `Cat 7.jpg` begin with cat, `catalogue.jpg` does not.
    """
    known = {name.lower(): name for name in class_names}
    place = Path(path)
    folder = known.get(place.absolute().parent.name.lower())
    if folder is not None:
        return folder
    stem = place.stem.lower()
    fitting = [name for name in known if re.match(rf"{re.escape(name)}(?![a-z0-9])", stem)]
    return known[max(fitting, key=len)] if fitting else None


def like_training(spec: DatasetSpec, about: About) -> DatasetSpec:
    """Return the data set as the network wants it: pictures of a folder get its size and colours."""
    if isinstance(spec, ImageFolder):
        height, width, channels = about.image_shape
        return replace(spec, size=(height, width), color="grey" if channels == 1 else "rgb")
    return spec


def examples(data: Dataset, part: str, about: About) -> tuple[Pixels, NDArray[np.int32], list[str]]:
    """Return images (n, height, width, channels) and labels (n,) as the network wants them, and notes.

    Args:
        data: the data set.
        part: "test", "train" or "all".
        about: the network's classes and picture size.

    Raises:
        ModelError: pictures of another size, or a class that the network does not know.
    """
    parts = {"test": ("test",), "train": ("train",), "all": ("train", "test")}[part]
    images = np.concatenate([getattr(data, f"x_{one}") for one in parts])
    labels = np.concatenate([getattr(data, f"y_{one}") for one in parts])
    if data.image_shape[:2] != about.image_shape[:2]:
        wanted, received = (f"{shape[0]} x {shape[1]}" for shape in (about.image_shape, data.image_shape))
        raise ModelError(f"The model takes pictures of {wanted} pixels. Received: {data.name}, of {received}.")
    pixels, notes = _channels(_bytes(images), about.image_shape[2])
    return pixels, _relabelled(labels, data, about), notes


def _bytes(images: NDArray[Any]) -> Pixels:
    """Return images as uint8; floats lie in [0, 1]."""
    if images.dtype == np.uint8:
        return images
    return np.round(images * 255).astype(np.uint8)


def _channels(images: Pixels, wanted: int) -> tuple[Pixels, list[str]]:
    if images.shape[3] == wanted:
        return images, []
    if wanted == 1:
        return to_grey(images), ["the pictures are in colour and the model was trained on grey ones: made grey"]
    return np.repeat(images, 3, axis=3), ["the pictures are grey and the model was trained on coloured ones"]


def _relabelled(labels: NDArray[np.int32], data: Dataset, about: About) -> NDArray[np.int32]:
    """Return labels in the network's order of classes."""
    places = {name: index for index, name in enumerate(about.class_names)}
    unknown = [name for name in data.class_names if name not in places]
    if unknown:
        raise ModelError(
            f"{data.name} has classes that the model does not know: {', '.join(unknown[:10])}. "
            f"It knows {', '.join(about.class_names[:10])}{', ...' if len(about.class_names) > 10 else ''}."
        )
    return np.array([places[name] for name in data.class_names], np.int32)[labels]
