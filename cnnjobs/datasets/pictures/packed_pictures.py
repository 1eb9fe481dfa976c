"""Encoded pictures one after the other in one file, in which other machines can have them."""

import contextlib
import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.cache import entry_of, new_entry
from cnnjobs.files.file_facts import files_manifest, hash_file

PICTURES, EDGES = "pictures.bin", "edges.npy"
"""Files of an entry of the cache: the pictures, and where each begins and ends."""


class PackedPictures(Contents):
    """Encoded pictures in one file.

    Args:
        path: of the file.
        edges: (pictures + 1,) int64, where each picture begins, and the last ends.
        names: (pictures,) what messages call them.
    """

    def __init__(self, path: str, edges: NDArray[np.int64], names: Sequence[str]) -> None:
        self.path_of_all, self._edges, self._names = path, edges, names

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)

    def name(self, index: int) -> str:
        """Return what messages call a picture."""
        return self._names[index]

    def open(self, index: int) -> BinaryIO:
        """Return the bytes of a picture."""
        first, last = self._edges[index : index + 2].tolist()
        with open(self.path_of_all, "rb") as file:
            return io.BytesIO(os.pread(file.fileno(), last - first, first))

    def at(self, path: str) -> "PackedPictures":
        """Return the same pictures in a copy of the file."""
        return PackedPictures(path, self._edges, self._names)

    def manifest(self) -> str | None:
        """Return a hash of what the disk says of the file."""
        return files_manifest([self.path_of_all])

    def content_hash(self, on_progress: OnProgress) -> str:
        """Return a hash of every picture's name and bytes."""
        hasher = hashlib.sha256(repr((self._edges.tolist(), list(self._names))).encode())
        hash_file(hasher, b"", self.path_of_all)
        return hasher.hexdigest()


def packed(contents: Contents, key: str) -> PackedPictures:
    """Return pictures in a file of the cache, which is written if it is not there.

    Args:
        contents: the pictures; one that cannot be read has no bytes.
        key: of their content, safe as a file name.

    Raises:
        OSError: if the file cannot be written.
    """
    entry = entry_of(f"packed-{key}")
    if not (entry / EDGES).is_file():
        try:
            with new_entry(entry.name) as folder:
                _write(contents, folder)
        except OSError:
            if not (entry / EDGES).is_file():  # else another process was faster: its entry serves
                raise
    names = [contents.name(index) for index in range(len(contents))]
    return PackedPictures(str(entry / PICTURES), np.load(entry / EDGES, allow_pickle=False), names)


def _write(contents: Contents, folder: Path) -> None:
    edges = [0]
    with open(folder / PICTURES, "wb") as file:
        for index in range(len(contents)):
            file.write(_content(contents, index))
            edges.append(file.tell())
    np.save(folder / EDGES, np.array(edges, np.int64), allow_pickle=False)


def _content(contents: Contents, index: int) -> bytes:
    """Return a picture's bytes; none if it cannot be read."""
    with contextlib.suppress(OSError):
        found = contents.open(index)
        if isinstance(found, str):
            return Path(found).read_bytes()
        with found:
            return found.read()
    return b""
