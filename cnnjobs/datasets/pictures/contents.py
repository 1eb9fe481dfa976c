"""Encoded pictures by number, wherever they lie: what Pillow decodes, and whether it is still what it was."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from cnnjobs.datasets.pictures.pictures import MOST_BYTES
from cnnjobs.datasets.source import OnProgress
from cnnjobs.files.file_facts import files_manifest, hash_file


class Contents(ABC):
    """Encoded pictures, numbered from 0; any thread may ask for any of them."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many there are."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Return what messages call a picture: its place below the data set's root."""

    @abstractmethod
    def open(self, index: int) -> str | BinaryIO:
        """Return the path of a picture's file, or its bytes as a stream.

        Raises:
            OSError: if it cannot be had.
        """

    @abstractmethod
    def manifest(self) -> str | None:
        """Return a hash of what is known without reading the pictures, that differs if any of them does.

        Returns:
            None where a change could go unseen.
        """

    @abstractmethod
    def content_hash(self, on_progress: OnProgress) -> str:
        """Return a hash of every picture's name and bytes."""

    def prepare(self, on_progress: OnProgress) -> None:  # noqa: B027 - what is near needs nothing
        """Bring near what is far, before many of the pictures are opened.

        Args:
            on_progress: called with (what is going on, done, total).

        Raises:
            DatasetError: if that cannot be done.
        """

    def path(self, index: int) -> str | None:
        """Return the path of a picture that is a file of its own, else None."""
        found = self.open(index)
        return found if isinstance(found, str) else None


class PictureFiles(Contents):
    """Pictures that are files.

    Args:
        root: the folder that names are taken from.
        paths: of the files.
    """

    def __init__(self, root: Path, paths: Sequence[str]) -> None:
        self.root, self.paths = root, paths

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self.paths)

    def name(self, index: int) -> str:
        """Return the place of a file below the root."""
        return os.path.relpath(self.paths[index], self.root)

    def open(self, index: int) -> str:
        """Return the path of a file."""
        return self.paths[index]

    def manifest(self) -> str | None:
        """Return a hash of paths and of what the disk says of them: size, place and times."""
        return files_manifest(self.paths)

    def content_hash(self, on_progress: OnProgress) -> str:
        """Return a hash of every file's place and bytes; a file that cannot be read counts by its error."""
        return hash_pictures(self, on_progress)


def hash_pictures(contents: Contents, on_progress: OnProgress) -> str:
    """Return a hash of the name and bytes of pictures that are files; one that cannot be read counts by its error.

    Args:
        contents: the pictures.
        on_progress: called with (what is going on, done, total).
    """
    hasher = hashlib.sha256()
    for index in range(len(contents)):
        if index % 1000 == 0:
            on_progress("reading pictures", index, len(contents))
        place = os.fsencode(contents.name(index))
        try:
            hash_file(hasher, place, contents.path(index) or "", MOST_BYTES)
        except OSError as error:
            content = repr(error.errno).encode()
            hasher.update(b"%d %d " % (len(place), len(content)) + place + content)
    on_progress("reading pictures", len(contents), len(contents))
    return hasher.hexdigest()
