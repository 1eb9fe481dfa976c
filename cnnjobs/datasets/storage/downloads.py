"""Copies of objects on this machine: each is downloaded once, and stays in the cache for other sizes and epochs."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.cache import cache_folder, part_of
from cnnjobs.datasets.storage.objects import Objects, StoredObject
from cnnjobs.errors import DatasetError
from cnnjobs.files.file_facts import SETTLED_NS
from cnnjobs.parallel import each
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

AT_ONCE = 32
"""Objects that are downloaded at a time: the storage takes 20 to 100 ms to begin with each."""


class Downloads:
    """Copies of objects, in the cache.

    Args:
        objects: where they come from.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def path(self, one: StoredObject) -> Path:
        """Return where an object's copy lies, or would."""
        name = self.objects.identity(one)
        return cache_folder() / "downloads" / name[:2] / name

    def has(self, one: StoredObject) -> bool:
        """Say whether there is a copy of an object as it was listed.

        One that was made in the second of the object's last change may have been made before it.
        """
        with contextlib.suppress(OSError):
            found = self.path(one).stat()
            return found.st_size == one.size and found.st_mtime_ns > one.modified_ns + SETTLED_NS
        return False

    def bring(self, wanted: Iterable[StoredObject], on_progress: OnProgress) -> None:
        """Download those objects of which there is no copy.

        Raises:
            DatasetError: if they cannot be read, or there is no room for them.
        """
        missing = [one for one in wanted if not self.has(one)]
        total = sum(one.size for one in missing)
        if not missing:
            return
        place, done = cache_folder(), 0
        try:
            self._check_room(place, len(missing), total)
            for size in each(self._download, missing, AT_ONCE):
                done += size
                on_progress(f"downloading {self.objects.address}, MB", done >> 20, (total >> 20) + 1)
        except OSError as error:
            raise DatasetError(
                f"The copies of {len(missing):,} objects of {self.objects.address} ({data_size(total)}) cannot be "
                f"kept in {place}: {cause(error)}. Make room, or let CNNJOBS_CACHE name a folder with room."
            ) from error
        on_progress(f"downloading {self.objects.address}, MB", 1, 1)

    def _check_room(self, place: Path, count: int, total: int) -> None:
        """Raise a DatasetError if the copies do not fit the disk."""
        place.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(place).free
        if total > free:
            raise DatasetError(
                f"The copies of {count:,} objects of {self.objects.address} need {data_size(total)} in {place}, where "
                f"{data_size(free)} are free. Make room, or let CNNJOBS_CACHE name a folder with room."
            )

    def _download(self, one: StoredObject) -> int:
        path = self.path(one)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(path)
        try:
            with open(part, "wb") as file:
                for piece in self.objects.pieces(one):
                    file.write(piece)
            os.replace(part, path)  # noqa: PTH105 - once per picture
        finally:
            part.unlink(missing_ok=True)
        return one.size
