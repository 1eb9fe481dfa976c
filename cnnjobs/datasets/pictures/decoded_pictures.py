"""Where the pictures of a data set are kept decoded: in the cache, or nowhere where they are too large for it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.images import Digests, FetchedImages, StoredImages, most_in_memory
from cnnjobs.datasets.pictures.canvas import Canvas, InMemory, Nowhere, OnDisk
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.cache import IMAGES, cache_folder, is_cached, new_entry
from cnnjobs.datasets.storage.cached_dataset import kept, not_kept_note, write_dataset
from cnnjobs.spec.data import AHEAD, AS_NEEDED, PicturesSpec
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

FREE_SHARE = 0.5
"""The cache takes at most this share of the space that is free, unless it is told to decode ahead."""

Make = Callable[[Canvas], tuple[Dataset, Digests]]
"""Decodes all pictures onto a canvas; returns the data set, and the digests of all pictures by their numbers."""


def is_decoded(key: str) -> bool:
    """Say whether the pictures are known: they lie decoded in the cache, or are to be decoded as needed.

    Args:
        key: of their content, what it is taken for and how it is read.
    """
    return is_cached(_ahead(key)) or is_cached(_as_needed(key))


def _ahead(key: str) -> str:
    return f"images-{key}"


def _as_needed(key: str) -> str:
    return f"encoded-{key}"


@dataclass(frozen=True)
class DecodedPictures:
    """The pictures of a data set, decoded ahead or as needed.

    Args:
        spec: how they are read.
        name: of the data set.
        contents: the pictures.
        key: of their content, what it is taken for and how it is read.
        size: returns (height, width) that every picture becomes.
        make: decodes them.
        on_progress: called with (what is going on, done, total).
    """

    spec: PicturesSpec
    name: str
    contents: Contents
    key: str
    size: Callable[[], tuple[int, int]]
    make: Make
    on_progress: OnProgress

    def dataset(self) -> Dataset:
        """Return the data set: from the cache, or decoded now.

        Where pictures are decoded changes no bit of them.

        Raises:
            DatasetError: if it cannot be read.
        """
        return self._kept() or self._made()

    def _kept(self) -> Dataset | None:
        if self.spec.decode != AS_NEEDED:
            found = kept(_ahead(self.key), self.name)
            if found is not None:
                return _said(found, "are read from the cache, decoded: {size}")
        if self.spec.decode != AHEAD:
            found = kept(_as_needed(self.key), self.name, self._encoded)
            if found is not None:
                self.contents.prepare(self.on_progress)
                return _said(found, "are decoded whenever they are needed")
        return None

    def _made(self) -> Dataset:
        self.contents.prepare(self.on_progress)
        size, channels = self.size(), 1 if self.spec.color == "grey" else 3
        count, needed = len(self.contents), len(self.contents) * size[0] * size[1] * channels
        fits, free = needed <= most_in_memory(), free_space()
        if self.spec.decode == AS_NEEDED:
            return self._made_as_needed(size, channels, "")
        if self.spec.decode != AHEAD and not fits and needed > FREE_SHARE * free:
            why = f", because {data_size(needed)} decoded are more than half of {data_size(free)} free in the cache"
            return self._made_as_needed(size, channels, why)
        try:
            found = self._made_ahead(count, size, channels)
        except OSError as error:
            if not fits:
                return self._made_as_needed(
                    size, channels, f", because the cache could not be written ({cause(error)})"
                )
            found, _ = self.make(InMemory(count, size, channels))
            return replace(found, notes=(*found.notes, not_kept_note(error)))
        return _said(found, f"are decoded into the cache: they take {{size}} of {data_size(free)} free")

    def _made_ahead(self, count: int, size: tuple[int, int], channels: int) -> Dataset:
        with new_entry(_ahead(self.key)) as folder:
            canvas = OnDisk(folder / IMAGES, count, size, channels)
            try:
                write_dataset(folder, *self.make(canvas))
            finally:
                canvas.close()
        found = kept(_ahead(self.key), self.name, just_written=True)
        if found is None:
            raise FileNotFoundError(f"what was written to {cache_folder()} has been removed")
        return found

    def _made_as_needed(self, size: tuple[int, int], channels: int, why: str) -> Dataset:
        found, digests = self.make(Nowhere(self.contents, np.arange(len(self.contents)), size, channels))
        try:
            with new_entry(_as_needed(self.key)) as folder:
                write_dataset(folder, found, digests)
        except OSError as error:
            why += (
                f"; they are examined each time, as the result could not be kept in {cache_folder()} ({cause(error)})"
            )
        return _said(found, f"are decoded whenever they are needed{why}")

    def _encoded(
        self, images: StoredImages, digests: Digests, value_range: tuple[float, float] | None
    ) -> EncodedImages:
        """Return images that are decoded as needed in the place of those that would lie on the disk."""
        height, width, _ = images.image_shape
        reading = Reading.of(self.spec, (height, width))
        reading = replace(reading, value_range=value_range or reading.value_range)
        return EncodedImages(images.numbers, images.image_shape, images.dtype, self.contents, reading, digests)


def _said(data: Dataset, how: str) -> Dataset:
    """Return a data set with a sentence on where its pictures are, unless they are in memory.

    Args:
        data: the data set.
        how: follows on the pictures; {size} stands for what they take decoded.
    """
    if not isinstance(data.x_train, FetchedImages):
        return data
    count, (height, width, _) = len(data.x_train) + len(data.x_test), data.image_shape
    text = how.format(size=data_size(data.x_train.nbytes + data.x_test.nbytes))
    return replace(data, handling=(f"{data.name}: {count:,} pictures of {height} x {width} {text}",))


def free_space() -> int:
    """Return the bytes that are free where the cache is."""
    folder = cache_folder().absolute()
    there: Path = next(one for one in (folder, *folder.parents) if one.is_dir())
    return shutil.disk_usage(there).free
