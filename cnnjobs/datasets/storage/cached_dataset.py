"""Data sets in the cache: written with digests of all they hold, compared with these when they are read."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.images import (
    Digests,
    FetchedImages,
    Images,
    StoredImages,
    digests_of,
    most_in_memory,
    pieces,
    slices,
)
from cnnjobs.datasets.storage.cache import IMAGES, cache_folder, discard, entry_of, is_cached, new_entry, remembered
from cnnjobs.files.digests import DamagedContent, document_digest
from cnnjobs.files.file_facts import files_manifest
from cnnjobs.process.machine import usable_cpus
from cnnjobs.wording.sentences import cause

_log = logging.getLogger(__name__)

ARRAYS = (
    "y_train",
    "y_test",
    "rows_train",
    "rows_test",
    "groups_train",
    "groups_test",
    "is_validation",
    "weights_train",
)
"""Arrays of a data set beside its images; all but the first two may be none."""


Encoded = Callable[[StoredImages, Digests, tuple[float, float] | None], FetchedImages]
"""Makes images that are decoded as needed of what they would be on the disk, the digests of all, and the values of
black and white that were told from them."""

KEYS = frozenset({"name", "class_names", "fingerprint", "notes", "value_range", "image_shape", "dtype", "arrays"})
"""What `dataset.json` holds, beside its own digest."""


def cached(key: str, name: str, build: Callable[[], Dataset]) -> Dataset:
    """Return the data set kept under `key`, or build it and keep it.

    One that is not what was written (cut short, altered) is built anew. If the cache cannot be written (no space,
    read-only home) the data set is used from memory and a note says so.

    Args:
        key: names the content, safe as a folder name.
        name: what the data set is called in tables.
        build: makes it.
    """
    found = kept(key, name)
    if found is not None:
        return found
    dataset = build()
    try:
        with new_entry(key) as folder:
            write_dataset(folder, dataset)
    except OSError as error:
        return replace(dataset, notes=(*dataset.notes, not_kept_note(error)))
    return kept(key, name, just_written=True) or dataset


def not_kept_note(error: OSError) -> str:
    """Say that a data set could not be written to the cache."""
    return f"the decoded images could not be kept in {cache_folder()} ({cause(error)}): they are decoded each time"


def kept(key: str, name: str, encoded: Encoded | None = None, *, just_written: bool = False) -> Dataset | None:
    """Return the data set kept under `key`; None if there is none, or it is damaged and has been removed.

    Images that fit the memory are read whole and compared with their digests; others are compared once for every
    change of their file on this machine.

    Args:
        key: names the content.
        name: what the data set is called in tables.
        encoded: makes images of those that are not in the folder, because they are decoded as needed.
        just_written: whether this process has written it just now, so that the images need not be compared.
    """
    if not is_cached(key):
        return None
    entry = entry_of(key)
    try:
        return _Kept.opened(entry).dataset(name, encoded, sure=just_written)
    except DamagedContent as error:
        _log.warning("what is kept in %s is damaged (%s): it is made anew", entry, error)
        discard(entry)
        return None


def write_dataset(folder: Path, dataset: Dataset, digests: Digests | None = None) -> None:
    """Write a data set to a folder.

    Args:
        folder: where to; has its images already if they are fetched from there.
        dataset: what to write.
        digests: of the images in the folder, by their numbers; None to write the images, and compute them.

    Raises:
        OSError: if it cannot be written.
    """
    train, test = dataset.x_train, dataset.x_test
    if isinstance(train, FetchedImages) and isinstance(test, FetchedImages) and digests is not None:
        numbers = (train.numbers, test.numbers)
    else:
        digests = _write_images(folder / IMAGES, dataset)
        edges = [0, len(train), len(train) + len(test)]
        numbers = (np.arange(*edges[:2]), np.arange(*edges[1:]))
    arrays: dict[str, Any] = {"numbers_train": numbers[0], "numbers_test": numbers[1], "digests": digests}
    arrays |= {name: getattr(dataset, name) for name in ARRAYS if getattr(dataset, name) is not None}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    about = {
        "name": dataset.name,
        "class_names": list(dataset.class_names),
        "fingerprint": dataset.fingerprint,
        "notes": list(dataset.notes),
        "value_range": dataset.value_range,
        "image_shape": list(dataset.image_shape),
        "dtype": dataset.x_train.dtype.str,
        "arrays": {name: _file_digest(folder / f"{name}.npy") for name in arrays},
    }
    text = json.dumps(about | {"digest": document_digest(about)})
    (folder / "dataset.json").write_text(text, encoding="utf-8")


def _write_images(path: Path, dataset: Dataset) -> Digests:
    """Write the training and then the test images one after the other, and return their digests."""
    digests = []
    with open(path, "wb") as file:
        for images in (dataset.x_train, dataset.x_test):
            for piece in pieces(images):
                file.write(np.ascontiguousarray(piece).data)
                digests.append(digests_of(piece))
    return np.concatenate(digests)


@dataclass(frozen=True)
class _Kept:
    """What lies in a folder of the cache.

    Args:
        folder: which.
        about: its `dataset.json`.
        arrays: those of `ARRAYS` that are there.
        digests: of all images in the file, by their numbers.
        parts: images of train and test.
    """

    folder: Path
    about: dict[str, Any]
    arrays: dict[str, Any]
    digests: Digests
    parts: tuple[StoredImages, StoredImages]

    @classmethod
    def opened(cls, folder: Path) -> "_Kept":
        """Read all but the images.

        Raises:
            DamagedContent: if it is not what was written there.
        """
        try:
            about: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
            if about.pop("digest") != document_digest(about):
                raise DamagedContent("dataset.json does not match its digest")
            if about.keys() != KEYS:
                raise DamagedContent("dataset.json is of another version")
            for name, digest in about["arrays"].items():
                if _file_digest(folder / f"{name}.npy") != digest:
                    raise DamagedContent(f"{name}.npy does not match its digest")
            arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in about["arrays"]}
            numbers = (arrays.pop("numbers_train"), arrays.pop("numbers_test"))
            height, width, channels = about["image_shape"]
            train, test = (
                StoredImages(some, (height, width, channels), np.dtype(about["dtype"]), str(folder / IMAGES))
                for some in numbers
            )
            return cls(folder, about, arrays, arrays.pop("digests"), (train, test))
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise DamagedContent(f"{type(error).__name__}: {error}") from error

    def dataset(self, name: str, encoded: Encoded | None, *, sure: bool) -> Dataset:
        """Return the data set, its images in memory if they fit and are not decoded as needed.

        Args:
            name: what it is called in tables.
            encoded: makes images of those that are not in the folder.
            sure: whether the images are known to be what was written.

        Raises:
            DamagedContent: if they are not.
        """
        try:
            train, test = self._images(sure=sure) if encoded is None else self._encoded(encoded)
        except OSError as error:
            raise DamagedContent(f"{type(error).__name__}: {error}") from error
        return Dataset(
            name=name,
            x_train=train,
            x_test=test,
            class_names=tuple(self.about["class_names"]),
            fingerprint=self.about["fingerprint"],
            notes=tuple(_under(name, self.about["name"], note) for note in self.about["notes"]),
            value_range=self._value_range,
            **self.arrays,
        )

    @property
    def _value_range(self) -> tuple[float, float] | None:
        known = self.about["value_range"]
        return None if known is None else (known[0], known[1])

    def _encoded(self, encoded: Encoded) -> tuple[Images, Images]:
        train, test = (encoded(images, self.digests, self._value_range) for images in self.parts)
        return train, test

    def _images(self, *, sure: bool) -> tuple[Images, Images]:
        held = sum(images.nbytes for images in self.parts) <= most_in_memory()
        parts: tuple[Images, Images] = (self.parts[0][:], self.parts[1][:]) if held else self.parts
        if held and not sure:
            self._compare(zip(parts, self.parts, strict=True))
        elif not sure:
            manifest = files_manifest([str(self.folder / IMAGES)])
            remembered(None if manifest is None else f"whole-{manifest}", self._compared)
        return parts

    def _compared(self) -> str:
        """Compare all images with their digests, a piece of the file at a time."""
        self._compare((images, images) for images in self.parts)
        return "as written"

    def _compare(self, parts: Iterator[tuple[Any, StoredImages]]) -> None:
        """Compare images with their digests, on all cores.

        Args:
            parts: images, and which they are.
        """

        def is_whole(piece: tuple[Any, Any, slice]) -> bool:
            images, where, rows = piece
            return bool((digests_of(images[rows]) == self.digests[where.numbers[rows]]).all())

        with ThreadPoolExecutor(usable_cpus()) as pool:
            for images, where in parts:
                cut = [(images, where, rows) for rows in slices(images)]
                if not all(pool.map(is_whole, cut)):
                    raise DamagedContent(f"{IMAGES} does not match its digests")


def _file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _under(name: str, before: str, note: str) -> str:
    """Return a note that begins with what the data set was called before, with what it is called now."""
    return name + note.removeprefix(before) if note.startswith(before) else note
