"""Folders of pictures, on a disk or in object storage."""

import os
from pathlib import Path

from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.folders.remote_folder import remote_folder
from cnnjobs.errors import MissingDataError
from cnnjobs.files.uris import is_uri


def folder_at(place: str) -> Folder:
    """Return the folder at a path or URI.

    Raises:
        DatasetError: if there is none.
    """
    if is_uri(place):
        return remote_folder(place)
    if not os.path.isdir(place):  # noqa: PTH112 - a path that is none is no folder
        raise MissingDataError(place, is_folder=True)
    return Folder(str(Path(place)))
