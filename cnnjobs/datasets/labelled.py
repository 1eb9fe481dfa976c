"""The labelled pictures of a data set, for what trains nothing and needs no second class, row or part for it."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnjobs.datasets.arrays import Dataset, Images, Labels
from cnnjobs.datasets.decoding import broken_text, decode_all
from cnnjobs.datasets.layouts import Layout, read_layout
from cnnjobs.datasets.npz import KEYS, read_parts
from cnnjobs.datasets.npz_file import read_arrays
from cnnjobs.datasets.parts import names_a_part, role_of
from cnnjobs.datasets.picture_files import Folder, Picture
from cnnjobs.datasets.pictures import to_grey
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.spec import ImageFolder, Npz
from cnnjobs.spec.data import DatasetSpec

KINDS = (Npz, ImageFolder)
"""The kinds that can be read so; the others always have what training needs."""


@dataclass(frozen=True)
class Labelled:
    """Pictures and their labels.

    Args:
        name: of the data set.
        part: "test", "train" or "all".
        images: (n, height, width, channels) uint8, or float32 in [0, 1].
        labels: (n,) in [0, classes).
        class_names: in the order of the labels.
        notes: what a person should know.
    """

    name: str
    part: str
    images: Images
    labels: Labels
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Dataset, part: str) -> "Labelled":
        """Return a part of a data set that was loaded as for training.

        Args:
            data: the data set.
            part: "test", "train" or "all".
        """
        halves = {"test": ("test",), "train": ("train",), "all": ("train", "test")}[part]
        images = np.concatenate([getattr(data, f"x_{half}") for half in halves])
        labels = np.concatenate([getattr(data, f"y_{half}") for half in halves])
        return cls(data.name, part, images, labels, data.class_names, data.notes)


def has_test_set(spec: DatasetSpec) -> bool:
    """Say whether test pictures lie apart from those to train on, so that none are held out.

    Raises:
        DatasetError: no such file or folder, or one that cannot be read.
    """
    if isinstance(spec, Npz):
        _, names = read_arrays(Path(spec.path), ())
        return "x_test" in names
    if isinstance(spec, ImageFolder):
        return any(picture.part == "test" for picture in _pictures(Path(spec.path))[1])
    return True


def load_labelled(spec: DatasetSpec, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
    """Return the test pictures, where there are such, or all pictures with a label.

    Args:
        spec: an archive or a folder.
        part: "test" for the test set where there is one, "all" for everything.
        size: (height, width) of the pictures of a folder.
        on_progress: called with (what is going on, done, total).

    Raises:
        DatasetError: no such file or folder, nothing with a label in it, or what cannot be read.
    """
    if isinstance(spec, Npz):
        return _of_archive(spec, part)
    if isinstance(spec, ImageFolder):
        return _of_folder(spec, part, size, on_progress)
    raise TypeError(f"expected a file or a folder, received {spec!r}")


def _of_archive(spec: Npz, part: str) -> Labelled:
    path = Path(spec.path)
    arrays, names = read_arrays(path, KEYS)
    there = [one for one in ("train", "test") if f"x_{one}" in arrays] or ["test"]
    taken = there[-1:] if part == "test" else there
    pixels, labels = read_parts(arrays, names, taken, spec)
    values, numbers = np.unique(np.concatenate([*labels.parts.values()]), return_inverse=True)
    images = [pixels.parts[f"x_{one}"] for one in taken]
    if len({(image.shape[1:], image.dtype) for image in images}) > 1:
        shapes = " and ".join(f"{image.dtype} {image.shape}" for image in images)
        raise DatasetError(f"{path}: train and test images must have one shape and type. Received: {shapes}.")
    called = tuple(str(value) for value in values.tolist())
    notes = (*pixels.notes, *labels.notes)
    what = "test" if taken == ["test"] else "all"
    return Labelled(path.name, what, np.concatenate(images), numbers.astype(np.int32), called, notes)


def _of_folder(spec: ImageFolder, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
    root = Path(spec.path)
    layout, pictures = _pictures(root)
    tested = [picture for picture in pictures if picture.part == "test"]
    taken = tested if part == "test" and tested else pictures
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        images, grey, broken = decode_all(taken, size, on_progress)
    good = np.array([picture.path not in broken for picture in taken])
    if broken and (spec.strict or not good.any()):
        raise DatasetError(f"{broken_text(root, broken, 'cannot be read')}. Repair or remove them.")
    notes = [*layout.notes]
    if broken:
        left = "is" if len(broken) == 1 else "are"
        notes.append(broken_text(root, broken, f"cannot be read and {left} left out"))
    images = images[good]
    if spec.color == "grey" or (spec.color == "auto" and bool(grey[good].all())):
        images = to_grey(images)
    labels = np.array([picture.label for picture in taken], np.int32)[good]
    names = layout.class_names
    if taken is tested and len(tested) == len(pictures):
        notes.append(f"{root.name}: there is no training set, which is not needed here")
    return Labelled(root.name, "test" if taken is tested else "all", images, labels, names, tuple(notes))


def _pictures(root: Path) -> tuple[Layout, list[Picture]]:
    """Return how a folder is read, and its pictures; one that has a test set alone is taken as that."""
    try:
        layout = read_layout(root)
        return layout, layout.pictures
    except MissingDataError:
        raise
    except DatasetError:
        alone = _test_alone(root)
        if alone is None:
            raise
        layout = read_layout(Path(alone.path))
        return layout, [Picture(picture.path, picture.label, "test") for picture in layout.pictures]


def _test_alone(root: Path) -> Folder | None:
    """Return the folder of a test set that has no training set beside it."""
    filled = [one for one in Folder(str(root)).folders if one.has_pictures]
    roles = {one.name: (role_of(one.name) or ("",))[0] for one in filled if names_a_part(one.name)}
    tests = [one for one in filled if roles.get(one.name) == "test" and not one.pictures]
    return (
        tests[0] if len(tests) == 1 and set(roles.values()) <= {"test", "valid"} and len(roles) == len(filled) else None
    )
