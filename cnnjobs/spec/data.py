"""Data sets as values: a built-in name, an `.npz` file or a folder of pictures."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number, one_of, whole
from cnnjobs.spec.fields import later_field
from cnnjobs.uris import has_keys

BUILTIN_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")

DROP_FROM_TRAIN, DROP_REPEATS = "drop from train", "drop repeats"

DEDUPE = (None, DROP_FROM_TRAIN, DROP_REPEATS)
"""What `dedupe` may be."""


@dataclass(frozen=True)
class DatasetSpec:
    """What a job file says of a data set; a class a kind, and `cnnjobs.datasets.kinds` knows what to do with each."""

    kind: ClassVar[str]
    """What stored jobs and model files call the kind; it never changes."""


@dataclass(frozen=True)
class PathSpec(DatasetSpec):
    """A data set at a path.

    Args:
        path: where it lies.
    """

    path: str


@dataclass(frozen=True)
class BuiltinDataset(DatasetSpec):
    """One of the data sets that have a name: the embedded digits, or those of `keras.datasets`."""

    kind: ClassVar[str] = "Named"

    name: str

    def __post_init__(self) -> None:
        if self.name not in BUILTIN_DATASETS:
            raise SpecError(
                f"`dataset` must be one of {', '.join(BUILTIN_DATASETS)}, the path of an .npz file or the path "
                f"of a folder of pictures. Received: dataset={self.name!r}, which is neither a name nor a file here."
            )


@dataclass(frozen=True)
class Npz(PathSpec):
    """A NumPy archive with `x_train`, `y_train` and, if it has its own test set, `x_test`, `y_test`.

    Images are (n, height, width) or (n, height, width, channels) with 1 or 3 channels. uint8 and floats in [0, 1] are
    taken as they are; other numbers are brought to [0, 1], and a note says how. Labels are whole numbers or text, (n,)
    or (n, 1), or one-hot, (n, classes). Pickled objects are never loaded.

    Args:
        path: the file; a relative path is taken from the working directory.
        test: fraction held out as test set, stratified, one of each class at least, if the file has none; in (0, 1).
        value_range: the values of black and white, such as (-1024, 3071); None tells them from type and values of the
            arrays: 0 and 255, 1,023, 4,095, 16,383 or 65,535 for whole numbers from 0, -1 and 1 for floats between
            these, else the least and the greatest value. A fitted model remembers them for other files.
        dedupe: what is left out of the training pictures for being the same, pixel for pixel: "drop from train", what
            is a test picture; "drop repeats", also what is an earlier one of its class. None leaves nothing out; a note
            counts such pictures in any case.

    Raises:
        SpecError: for an empty path, or a fraction or range that makes no sense. The file is read, and `DatasetError`
            raised for wrong contents, when the job is planned or submitted.

    Example:
        >>> from cnnjobs import Npz
        >>> Npz("scans.npz", test=0.25)
        Npz(path='scans.npz', test=0.25, value_range=None, dedupe=None)
    """

    kind: ClassVar[str] = "Npz"

    test: float = 0.2
    value_range: tuple[float, float] | None = later_field(None)
    dedupe: str | None = later_field(None)

    def __post_init__(self) -> None:
        check_path("Npz.path", self.path)
        one_of("Npz.dedupe", self.dedupe, DEDUPE)
        number("Npz.test", self.test, above=0, below=1)
        if self.value_range is None:
            return
        given = self.value_range
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise SpecError(f"`Npz.value_range` must be (black, white). Received: value_range={given!r}.")
        black, white = (number("Npz.value_range", value) for value in given)
        if black >= white:
            raise SpecError(f"`Npz.value_range` must be (black, white), black below white. Received: {given!r}.")
        object.__setattr__(self, "value_range", (black, white))


@dataclass(frozen=True)
class PicturesSpec(PathSpec):
    """Encoded pictures at a path: what all kinds of them say of how they are read. Each kind documents it.

    Args:
        path: where they lie.
        size: side of all pictures, or (height, width), in pixels.
        color: "rgb", "grey" or "auto".
        test: fraction held out as test set, if there is none.
        strict: whether an unreadable picture is an error.
        dedupe: which training pictures are left out for being the same as others.
    """

    size: int | tuple[int, int] | None = None
    color: str = "auto"
    test: float = 0.2
    strict: bool = False
    dedupe: str | None = later_field(None)

    def __post_init__(self) -> None:
        kind = self.kind
        check_path(f"{kind}.path", self.path)
        one_of(f"{kind}.color", self.color, ("auto", "rgb", "grey"))
        one_of(f"{kind}.dedupe", self.dedupe, DEDUPE)
        number(f"{kind}.test", self.test, above=0, below=1)
        if isinstance(self.size, tuple) and len(self.size) != 2:
            raise SpecError(f"`{kind}.size` must be one side or (height, width). Received: size={self.size!r}.")
        if self.size is not None:
            for side in self.size if isinstance(self.size, tuple) else (self.size,):
                whole(f"{kind}.size", side, least=1, most=10_000)

    @property
    def sides(self) -> tuple[int, int] | None:
        """(height, width) that all pictures become; None where it follows from the pictures."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


@dataclass(frozen=True)
class ImageFolder(PicturesSpec):
    """A folder of pictures: a sub-folder a class, or `train/` and `test/` with such sub-folders.

    The parts may have other names (`Training/` and `Testing/`, `training_set/`, `seg_train/`), lie in the single
    folder of an archive, or in each class. `valid/` is the test set where there is no other, and not used where there
    is one: the validation set of each trial is taken from the training set. Without either a test set is held out.
    Where a folder may be a part or a class it is an error or a note; a note also says what lies in no class and what
    links are not followed. Hidden files and what systems leave behind (`__MACOSX`, `Thumbs.db`) are passed over.

    Pictures are .jpg, .jpeg, .png, .gif, .bmp and .webp; decoded once, they are kept in a cache.

    Args:
        path: the folder, or a URI such as "s3://bucket/photos" without keys, whose pictures are downloaded once into
            the cache; a relative path is taken from the working directory.
        size: side of all pictures, or (height, width), in pixels from 1 to 10,000. None keeps the pictures' own size
            if all have the same, and is 96 x 96 otherwise.
        color: "rgb", "grey", or "auto": grey if every picture is grey.
        test: fraction held out as test set, stratified, one of each class at least, if there is no test set; in (0, 1).
        strict: an unreadable picture is an error; otherwise it is left out and counted.
        dedupe: what is left out of the training pictures for being the same, pixel for pixel: "drop from train", what
            is a test picture; "drop repeats", also what is an earlier one of its class. None leaves nothing out; a note
            counts such pictures in any case.

    Raises:
        SpecError: for an empty path, or a value out of range. The folder is read, and `DatasetError` raised for
            wrong contents, when the job is planned or submitted.

    Example:
        >>> from cnnjobs import ImageFolder
        >>> ImageFolder("photos", size=(64, 96)).color
        'auto'
    """

    kind: ClassVar[str] = "ImageFolder"


def check_path(name: str, value: object) -> None:
    """Raise a SpecError if `value` is no text and no path, or a URI with keys.

    Args:
        name: of the argument.
        value: what was given.
    """
    if not isinstance(value, str | Path) or not str(value).strip():
        raise SpecError(f"`{name}` must be a name, a path or a URI. Received: {value!r}.")
    if has_keys(str(value)):
        raise SpecError(
            f"`{name}` must not hold keys: it is kept with the results. Give access by AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, by GOOGLE_APPLICATION_CREDENTIALS, or by a profile or role."
        )
    if broken := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", str(value)):
        raise SpecError(
            f"`{name}` must be a path or a URI such as {broken[1]}://bucket/folder. Received: {str(value)!r}."
        )
