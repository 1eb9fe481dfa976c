"""Data sets as values: a name the package knows, an `.npz` file or a folder of pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number, one_of, whole

NAMED_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")


@dataclass(frozen=True)
class Named:
    """One of the data sets that have a name: the embedded digits, or those of `keras.datasets`."""

    kind: ClassVar[str] = "Named"

    name: str

    def __post_init__(self) -> None:
        if self.name not in NAMED_DATASETS:
            raise SpecError(
                f"`dataset` must be one of {', '.join(NAMED_DATASETS)}, the path of an .npz file or the path "
                f"of a folder of pictures. Received: dataset={self.name!r}, which is neither a name nor a file here."
            )


@dataclass(frozen=True)
class Npz:
    """A NumPy archive with `x_train`, `y_train` and, if it has its own test set, `x_test`, `y_test`.

    Args:
        path: the file. Images: (n, height, width) or (n, height, width, channels), uint8, or float in
            [0, 1]. Labels: (n,) or (n, 1) whole numbers.
        test: fraction held out as test set, stratified, when the file has none.
    """

    kind: ClassVar[str] = "Npz"

    path: str
    test: float = 0.2

    def __post_init__(self) -> None:
        _path("Npz.path", self.path)
        number("Npz.test", self.test, above=0, below=1)


@dataclass(frozen=True)
class ImageFolder:
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

    path: str
    size: int | tuple[int, int] | None = None
    color: str = "auto"
    test: float = 0.2
    strict: bool = False

    def __post_init__(self) -> None:
        _path("ImageFolder.path", self.path)
        one_of("ImageFolder.color", self.color, ("auto", "rgb", "grey"))
        number("ImageFolder.test", self.test, above=0, below=1)
        if isinstance(self.size, tuple) and len(self.size) != 2:
            raise SpecError(f"`ImageFolder.size` must be one side or (height, width). Received: size={self.size!r}.")
        sides = self.size if isinstance(self.size, tuple) else (self.size,)
        if self.size is not None:
            for side in sides:
                whole("ImageFolder.size", side, least=1, most=10_000)


DatasetSpec = Named | Npz | ImageFolder


def dataset_spec(value: str | Path | DatasetSpec, base: Path) -> DatasetSpec:
    """Say what `value` means; relative paths are taken from the folder `base`.

    Raises:
        SpecError: if it is neither a known name nor a path.
    """
    if isinstance(value, Npz | ImageFolder):
        return replace(value, path=str(_absolute(value.path, base)))
    if isinstance(value, Named):
        return value
    _path("dataset", value)
    if str(value) in NAMED_DATASETS:
        return Named(str(value))
    path = _absolute(value, base)
    if path.suffix.lower() == ".npz":
        return Npz(str(path))
    if path.is_file():
        raise SpecError(
            f"`dataset` must be a name, an .npz file or a folder of pictures. Received: {str(value)!r}, a file."
        )
    if path.exists() or len(Path(value).parts) > 1:
        return ImageFolder(str(path))
    return Named(str(value))


def dataset_from_json(document: Mapping[str, Any]) -> DatasetSpec:
    """Return the data set that `identity.canonical` has made an object of JSON of.

    Raises:
        KeyError: if it does not say which kind, or of none that is known.
        TypeError: if the kind has other options.
        SpecError: for options that make no sense.
    """
    kinds: dict[str, Callable[..., DatasetSpec]] = {one.kind: one for one in (Named, Npz, ImageFolder)}
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    return kinds[str(options.pop("kind"))](**options)


def _path(name: str, value: object) -> None:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise SpecError(f"`{name}` must be a name or a path. Received: {value!r}.")


def _absolute(value: str | Path, base: Path) -> Path:
    """Return the path from `base`, with ~ resolved, if the system can make sense of it."""
    try:
        path = base / Path(value).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise SpecError(f"`dataset` must be a name or a path. Received: {str(value)[:100]!r} ({error}).") from error
    return path
