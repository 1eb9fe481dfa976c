"""Single files of data sets, at a path or as a copy of what lies at a URI."""

from dataclasses import dataclass
from pathlib import Path

from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.downloads import Downloads
from cnnjobs.datasets.storage.objects import Objects
from cnnjobs.errors import DatasetError
from cnnjobs.files.uris import is_uri


@dataclass(frozen=True)
class DataFile:
    """A file of a data set, on this machine.

    Args:
        shown: what messages call it: its path, or its URI without settings.
        path: where it, or its copy, lies.
    """

    shown: str
    path: Path

    def __str__(self) -> str:
        return self.shown

    @property
    def is_original(self) -> bool:
        """Whether it is no copy."""
        return self.shown == str(self.path)

    @property
    def name(self) -> str:
        """The last part of its path or URI."""
        return self.shown.rpartition("/")[2]


def file_at(place: str, on_progress: OnProgress) -> DataFile:
    """Return the file at a path, or a copy of the one at a URI.

    Args:
        place: path or URI.
        on_progress: is told how far the download is.

    Raises:
        DatasetError: if there is none at the URI, or it cannot be had. A path is not looked at.
    """
    if not is_uri(place):
        return DataFile(str(Path(place)), Path(place))
    objects = Objects(place)
    if objects.itself is None:
        raise DatasetError(f"There is no file {objects.address}.")
    downloads = Downloads(objects)
    downloads.bring([objects.itself], on_progress)
    return DataFile(objects.address, downloads.path(objects.itself))


def near_file(place: str) -> DataFile | None:
    """Return the file at a path, or the copy of the one at a URI; None if there is none on this machine.

    Args:
        place: path or URI.

    Raises:
        DatasetError: if a storage does not tell whether a copy is that of what it has now.
    """
    if not is_uri(place):
        return DataFile(str(Path(place)), Path(place)) if Path(place).is_file() else None
    objects = Objects(place)
    downloads = Downloads(objects)
    if objects.itself is None or not downloads.has(objects.itself):
        return None
    return DataFile(objects.address, downloads.path(objects.itself))
