"""Data sets as values: a name the package knows, an `.npz` file or a folder of pictures."""

from dataclasses import dataclass, replace
from pathlib import Path

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number, one_of, whole

NAMED_DATASETS = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")


@dataclass(frozen=True)
class Named:
    """One of the data sets that have a name: the embedded digits, or those of `keras.datasets`."""

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

    path: str
    test: float = 0.2

    def __post_init__(self) -> None:
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

    path: str
    size: int | tuple[int, int] | None = None
    color: str = "auto"
    test: float = 0.2
    strict: bool = False

    def __post_init__(self) -> None:
        one_of("ImageFolder.color", self.color, ("auto", "rgb", "grey"))
        number("ImageFolder.test", self.test, above=0, below=1)
        sides = self.size if isinstance(self.size, tuple) else (self.size,)
        if self.size is not None:
            for side in sides:
                whole("ImageFolder.size", side, least=1)


DatasetSpec = Named | Npz | ImageFolder


def dataset_spec(value: str | Path | DatasetSpec, base: Path) -> DatasetSpec:
    """Say what `value` means; relative paths are taken from the folder `base`."""
    if isinstance(value, Npz | ImageFolder):
        return replace(value, path=str(base / Path(value.path).expanduser()))
    if isinstance(value, Named):
        return value
    if not isinstance(value, str | Path):
        raise SpecError(f"`dataset` must be a name, a path, Npz(...) or ImageFolder(...). Received: {value!r}.")
    path = base / Path(value).expanduser()
    if str(value) in NAMED_DATASETS:
        return Named(str(value))
    if path.suffix == ".npz":
        return Npz(str(path))
    if path.exists() or len(Path(value).parts) > 1:
        return ImageFolder(str(path))
    return Named(str(value))
