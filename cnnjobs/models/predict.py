"""Pictures and data sets as a saved network wants them, and what it says of them."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset, OnProgress, source_of
from cnnjobs.datasets.folders.folders import folder_at
from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.images import Images
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.pictures.picture_kinds import passed_over_text
from cnnjobs.datasets.pictures.picture_pixels import Facts
from cnnjobs.datasets.pictures.pictures import Reading, picture_span, quiet_pillow, read_picture, to_grey
from cnnjobs.datasets.pictures.value_ranges import Span, common_span, range_of
from cnnjobs.datasets.storage.data_file import file_at
from cnnjobs.datasets.storage.places import is_folder
from cnnjobs.errors import DatasetError, ModelError
from cnnjobs.files.uris import is_uri
from cnnjobs.models.model_file import ModelMetadata
from cnnjobs.spec import DatasetSpec
from cnnjobs.wording.sentences import cause, clause

CHUNK = 256
"""Pictures that are decoded and predicted at a stretch."""

Pixels = NDArray[np.uint8]
Predict = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True)
class Answer:
    """What a network says of one picture.

    Args:
        path: the file, or its URI.
        top: (class name, probability) of the most probable classes, the most probable first; empty for a
            file that could not be read.
        truth: class that folder or file name tell, if they do.
        facts: what is known of the picture; None where it could not be read.
        error: why it could not be read.
        copy: where its copy lies, of one in object storage.
        trained_on: whether it is known that the network was trained on it.
    """

    path: str
    top: tuple[tuple[str, float], ...] = ()
    truth: str | None = None
    facts: Facts | None = None
    error: str | None = None
    copy: str | None = None
    trained_on: bool = False

    @property
    def file(self) -> str:
        """Where it lies on this machine."""
        return self.copy or self.path

    @property
    def outcome(self) -> str:
        """Say "right", or what is true where it is not; nothing where that is not known."""
        return {True: "right", False: f"true: {self.truth}", None: ""}[self.right]

    @property
    def right(self) -> bool | None:
        """Whether the first answer is the truth; None where that is not known."""
        return None if self.truth is None or not self.top else self.top[0][0] == self.truth


def expand(paths: Sequence[str], on_progress: OnProgress = lambda *_: None) -> tuple[list[Answer], Counter[str]]:
    """Return what is known of each picture before it is read, with folders replaced by the pictures below them.

    A folder that has none, or cannot be read, stands for itself, with an error. What is in object storage is
    downloaded.

    Args:
        paths: of pictures and folders; or URIs.
        on_progress: is told how far a download is.

    Returns:
        The pictures, and how many files in folders are passed over, by their endings.
    """
    pictures: list[Answer] = []
    passed_over: Counter[str] = Counter()
    for path in paths:
        try:
            if not is_folder(path):
                pictures.append(_alone(path, on_progress))
                continue
            folder = folder_at(path)
            inside = _inside(folder, on_progress)
        except DatasetError as error:
            pictures.append(Answer(path, error=str(error)))
            continue
        others = folder.all_passed_over()
        passed_over += others
        without = "a folder without pictures" + (f"; passed over: {passed_over_text(others)}" if others else "")
        pictures += inside or [Answer(path, error=without)]
    return pictures, passed_over


def _alone(path: str, on_progress: OnProgress) -> Answer:
    if not is_uri(path):
        return Answer(path)
    file = file_at(path, on_progress)
    return Answer(str(file), copy=str(file.path))


def _inside(folder: Folder, on_progress: OnProgress) -> list[Answer]:
    """Return the pictures in a folder and below it."""
    paths = list(folder.below())
    if not is_uri(folder.path):
        return list(map(Answer, paths))
    contents = folder.contents(paths)
    contents.prepare(on_progress)
    return [Answer(path, copy=contents.path(index)) for index, path in enumerate(paths)]


def reading_of(metadata: ModelMetadata, pictures: Sequence[Answer]) -> Reading:
    """Return how pictures are read for a network: as in training, with the same values as black and white.

    Where training had no pictures with more than 8 bits a channel, these are told from the ones that are given.

    Args:
        metadata: the network's data set and picture size.
        pictures: of `expand`.
    """
    reading = Reading.of(metadata.dataset, metadata.image_shape[:2])
    if reading.value_range is not None:
        return reading
    with quiet_pillow(), ThreadPoolExecutor() as pool:
        spans = list(pool.map(_span, pictures))
    span = common_span(one for one in spans if one is not None)
    return reading if span is None else replace(reading, value_range=range_of(span))


def _span(picture: Answer) -> Span | None:
    """Return the values of a picture with more than 8 bits; None for others and for what cannot be read."""
    try:
        return None if picture.error else picture_span(picture.file)
    except Exception:  # it is reported when it is read
        return None


def answers(
    pictures: Sequence[Answer], metadata: ModelMetadata, predict: Predict, top: int, reading: Reading | None = None
) -> Iterator[Answer]:
    """Yield what a network says of each picture, in order; one that cannot be read has an error.

    Args:
        pictures: of `expand`.
        metadata: the network's classes and picture size.
        predict: images (n, height, width, channels) uint8 -> probabilities (n, classes).
        top: how many classes to name.
        reading: how pictures are read; None to find out.
    """
    how = reading or reading_of(metadata, pictures)
    with quiet_pillow(), ThreadPoolExecutor() as pool:  # Pillow releases the GIL while it decodes
        for start in range(0, len(pictures), CHUNK):
            read = list(pool.map(lambda picture: _read(picture, metadata, how), pictures[start : start + CHUNK]))
            images = [image for image, _ in read if image is not None]
            probabilities = iter(predict(np.stack(images)) if images else ())
            known = iter(metadata.trained.among(images) if metadata.trained and images else [False] * len(images))
            for image, answer in read:
                if image is None:
                    yield answer
                    continue
                named = _named(next(probabilities), metadata.class_names, top)
                yield replace(answer, top=named, trained_on=bool(next(known)))


def _read(picture: Answer, metadata: ModelMetadata, reading: Reading) -> tuple[Pixels | None, Answer]:
    """Return the picture as the network wants it, and what is known of it without the network."""
    if picture.error:
        return None, picture
    picture = replace(picture, truth=truth_of(picture.path, metadata.class_names))
    channels = metadata.image_shape[2]
    try:
        image, facts = read_picture(picture.file, reading)
    except FileNotFoundError:
        return None, replace(picture, error="there is no such file")
    except Exception as error:  # Pillow raises many kinds for what is no picture
        reason = cause(error).replace(picture.file, Path(picture.path).name)
        return None, replace(picture, error=f"no picture that can be read ({clause(reason)})")
    return (to_grey(image[np.newaxis])[0] if channels == 1 else image), replace(picture, facts=facts)


def _named(probabilities: NDArray[np.float32], class_names: Sequence[str], top: int) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return tuple((class_names[index], float(probabilities[index])) for index in order)


def truth_of(path: str, class_names: Sequence[str]) -> str | None:
    """Return the class that a picture's folder has the name of, or else that its file's name begins with.

    Case does not count where classes differ without it. `cat.7.jpg`, `cat_7.jpg` and `Cat 7.jpg` begin with
    cat, `catalogue.jpg` does not. A number in a file's name is never taken for a class: it counts the files.
    """
    place = Path(path)
    folder = _only([name for name in class_names if _folded(name) == _folded(place.absolute().parent.name)], place)
    if folder is not None:
        return folder
    begun = [name for name in class_names if not name.isdigit() and _begins(place.stem, name)]
    longest = max((len(name) for name in begun), default=0)
    return _only([name for name in begun if len(name) == longest], place)


def _begins(stem: str, name: str) -> bool:
    """Say whether a file's name begins with a class's, and that is where a word of it ends."""
    whole, beginning = _folded(stem), _folded(name)
    return whole.startswith(beginning) and not whole[len(beginning) : len(beginning) + 1].isalnum()


def _only(names: Sequence[str], place: Path) -> str | None:
    """Return the name that fits; of several that differ in case, the one that is written so in the path."""
    if len(names) > 1:
        names = [name for name in names if name == place.absolute().parent.name or place.stem.startswith(name)]
    return names[0] if len(names) == 1 else None


def _folded(name: str) -> str:
    """Return a name so that case and the way letters are composed do not count."""
    return _composed(name).casefold()


def _composed(name: str) -> str:
    """Return a name so that the way letters are composed does not count."""
    return unicodedata.normalize("NFC", name)


def like_training(spec: DatasetSpec | None, metadata: ModelMetadata) -> DatasetSpec:
    """Return the data set as the network was trained on it; one that lies elsewhere with the same part held out.

    Args:
        spec: which one; None for that of training.
        metadata: the network's data set and picture size.
    """
    if spec is None:
        return metadata.dataset
    return source_of(spec).like_training(metadata.dataset, metadata.image_shape[:2])


def held_out_note(data: Dataset, spec: DatasetSpec, metadata: ModelMetadata) -> list[str]:
    """Warn if pictures of training may be among the test pictures: the data set is not as it was then."""
    if data.fingerprint == metadata.facts.get("dataset_fingerprint"):
        return []
    if spec == metadata.dataset:
        how = "has changed since the model was trained on it"
    elif source_of(spec).may_hold_out:
        how = "is not the data set that the model was trained on"
    else:
        return []
    return [
        f"{data.name} {how}: if its test pictures are held out and not in a folder or array of their own, the model "
        "may have been trained on some"
    ]


def examples(data: Labelled, metadata: ModelMetadata) -> tuple[Images, NDArray[np.int32], list[str]]:
    """Return images (n, height, width, channels) from 0 to 255 and labels (n,) as the network wants them, and notes.

    Args:
        data: pictures with labels.
        metadata: the network's classes and picture size.

    Raises:
        ModelError: pictures of another size, or a class that the network does not know.
    """
    images, (height, width) = data.images, data.images.shape[1:3]
    if (height, width) != metadata.image_shape[:2]:
        wanted = f"{metadata.image_shape[0]} x {metadata.image_shape[1]}"
        raise ModelError(f"The model takes pictures of {wanted} pixels. Received: {data.name}, of {height} x {width}.")
    relabelled = _relabelled(data.labels, data.name, data.class_names, metadata)
    pixels, notes = _channels(images if images.dtype == np.uint8 else images[:] * 255, metadata.image_shape[2])
    absent = [name for label, name in enumerate(metadata.class_names) if label not in relabelled]
    if absent:
        shown = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
        notes.append(
            f"There are no pictures of {shown}: the scores of these classes are 0, and count in the macro average"
        )
    return pixels, relabelled, notes


def _channels(images: Images, wanted: int) -> tuple[Images, list[str]]:
    """Return the images with 1 or 3 channels, and a note if that changes them."""
    count = len(images)
    if images.shape[3] == wanted:
        return images, []
    if wanted == 1:
        return to_grey(np.round(images[:]).astype(np.uint8)), [channel_note(count, count, grey=False)]
    return np.repeat(images[:], 3, axis=3), [channel_note(count, count, grey=True)]


def channel_note(some: int, total: int, *, grey: bool) -> str:
    """Say that some pictures have other channels than those that the network was trained on."""
    here, there = ("grey", "coloured") if grey else ("in colour", "grey")
    return f"{some:,} of {total:,} pictures are {here}; the model was trained on {there} ones"


def _relabelled(
    labels: NDArray[np.int32], name: str, class_names: Sequence[str], metadata: ModelMetadata
) -> NDArray[np.int32]:
    """Return labels in the network's order of classes; the way in which letters are composed does not count."""
    places = {_composed(known): index for index, known in enumerate(metadata.class_names)}
    unknown = [one for one in class_names if _composed(one) not in places]
    if unknown:
        raise ModelError(
            f"{name} has classes that the model does not know: {', '.join(unknown[:10])}. "
            f"It knows {', '.join(metadata.class_names[:10])}{', ...' if len(metadata.class_names) > 10 else ''}."
        )
    return np.array([places[_composed(one)] for one in class_names], np.int32)[labels]
