"""Data sets as values: a name the package knows, an `.npz` file or a folder of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number, one_of, whole

BUILTIN_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")


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

    Args:
        path: the file. Images: (n, height, width) or (n, height, width, channels), uint8, or float in
            [0, 1]. Labels: (n,) or (n, 1) whole numbers.
        test: fraction held out as test set, stratified, when the file has none.
    """

    kind: ClassVar[str] = "Npz"

    test: float = 0.2

    def __post_init__(self) -> None:
        check_path("Npz.path", self.path)
        number("Npz.test", self.test, above=0, below=1)


@dataclass(frozen=True)
class ImageFolder(PathSpec):
    """A folder of pictures: a sub-folder a class, or `train/` and `test/` with such sub-folders.

    Args:
        path: the folder.
        size: every picture becomes size x size pixels (or give (height, width)). None keeps the size
            of the pictures if they all have the same, and means 96 x 96 otherwise.
        color: "rgb", "grey", or "auto": grey if every picture is grey.
        test: fraction held out as test set, stratified, when there is no `test/`.
        strict: a picture that cannot be read is an error instead of being skipped with a count.
    """

    kind: ClassVar[str] = "ImageFolder"

    size: int | tuple[int, int] | None = None
    color: str = "auto"
    test: float = 0.2
    strict: bool = False

    def __post_init__(self) -> None:
        check_path("ImageFolder.path", self.path)
        one_of("ImageFolder.color", self.color, ("auto", "rgb", "grey"))
        number("ImageFolder.test", self.test, above=0, below=1)
        if isinstance(self.size, tuple) and len(self.size) != 2:
            raise SpecError(f"`ImageFolder.size` must be one side or (height, width). Received: size={self.size!r}.")
        sides = self.size if isinstance(self.size, tuple) else (self.size,)
        if self.size is not None:
            for side in sides:
                whole("ImageFolder.size", side, least=1, most=10_000)


def check_path(name: str, value: object) -> None:
    """Raise a SpecError if `value` is no text and no path.

    Args:
        name: of the argument.
        value: what was given.
    """
    if not isinstance(value, str | Path) or not str(value).strip():
        raise SpecError(f"`{name}` must be a name or a path. Received: {value!r}.")
