"""Data sets in a folder of pictures: a sub-folder a class."""

import hashlib
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnjobs.datasets.arrays import Dataset, Images, Labels, hold_out_test, make_dataset
from cnnjobs.datasets.cache import cached, is_cached, recalled, remembered
from cnnjobs.datasets.decoding import broken_text, decode_all
from cnnjobs.datasets.layouts import Layout, read_layout
from cnnjobs.datasets.picture_files import Picture
from cnnjobs.datasets.pictures import MOST_BYTES, picture_size, to_grey
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.errors import DatasetError
from cnnjobs.regular_files import refuse_special
from cnnjobs.spec import DatasetSpec, ImageFolder

DECODER_VERSION = 2
"""Raised when the same files would become other arrays."""

MIXED_SIZE = (96, 96)
"""Size for pictures of different sizes when the user names none."""

SETTLED_NS = 2_000_000_000
"""A file is taken for unchanged by its times only if the last change is older than this."""


class FolderSource(PathSource[ImageFolder]):
    """A folder of pictures, decoded when it is first loaded."""

    spec_type = ImageFolder
    noun = "a folder of pictures"

    @classmethod
    def meant_by(cls, value: str, path: Path) -> ImageFolder | None:
        """Take what is a folder, or has a slash in it and so looks like one."""
        is_folder = path.exists() or len(Path(value).parts) > 1
        return ImageFolder(str(path)) if is_folder and not path.is_file() else None

    def load(self, on_progress: OnProgress) -> Dataset:
        """Return the pictures, from the cache if they are in it."""
        return load_image_folder(self.spec, on_progress)

    def why_not_at_hand(self) -> str:
        """Say that there is no such folder, or that its pictures would be decoded."""
        if not Path(self.spec.path).is_dir():
            return f"there is no folder {self.spec.path} here"
        return "" if is_decoded(self.spec) else "the decoded pictures are not in the cache of this machine"

    def decoded_as(self, image_size: int | None, strict: bool) -> ImageFolder:
        """Return it with pictures of another size, or with broken ones refused."""
        return replace(self.spec, size=image_size or self.spec.size, strict=strict or self.spec.strict)

    def read_as(self, job: object) -> ImageFolder:
        """Return it with size, colours and test set as the job says of its own folder."""
        return replace(job, path=self.spec.path) if isinstance(job, ImageFolder) else self.spec

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Return it in the network's size; where training was on a folder, read as that one was."""
        if not isinstance(trained_on, ImageFolder):
            return replace(self.spec, size=size)
        return trained_on if self.spec.path == trained_on.path else replace(trained_on, path=self.spec.path, size=size)


def load_image_folder(spec: ImageFolder, on_progress: OnProgress) -> Dataset:
    """Return the pictures of the folder, decoded once and then kept in the cache.

    The cache is keyed by the content of every file. The content is read again only if size, change
    time or place of any file on disk differ from the last time; the change time (ctime) is the
    kernel's, and no program can set it back as it can the date of modification.

    Raises:
        DatasetError: no such folder, empty, one class, a class with one image, a class that only the
            test set has, or, with `strict`, a picture that cannot be read.
    """
    root = Path(spec.path)
    layout = read_layout(root)
    names, pictures = layout.class_names, layout.pictures
    content = remembered(_manifest(root, pictures), lambda: _content_hash(root, pictures, on_progress))
    key = _key(spec, layout, content)
    with warnings.catch_warnings():  # around all threads: what it changes is shared by them
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        dataset = cached(key, root.name, lambda: _decode(spec, root, names, pictures, on_progress))
    return replace(dataset, notes=(*layout.notes, *layout.training_notes, *dataset.notes))


def is_decoded(spec: ImageFolder) -> bool:
    """Say whether the cache has the pictures of the folder as they are now, so that loading reads none of them.

    Raises:
        DatasetError: no such folder, or one without pictures.
    """
    root = Path(spec.path)
    layout = read_layout(root)
    content = recalled(_manifest(root, layout.pictures))
    return content is not None and is_cached(_key(spec, layout, content))


def _key(spec: ImageFolder, layout: Layout, content: str) -> str:
    """Return the key of the cache: the content, what it is taken for, and what decoding makes of it."""
    taken_for = hashlib.sha256(
        repr([(picture.part, picture.label) for picture in layout.pictures]).encode()
    ).hexdigest()
    how = repr((DECODER_VERSION, layout.class_names, taken_for, spec.size, spec.color, spec.test, spec.strict))
    return f"images-{hashlib.sha256(f'{how}{content}'.encode()).hexdigest()[:32]}"


def _manifest(root: Path, pictures: Sequence[Picture]) -> str | None:
    """Return a hash of what the disk says of every file, or None if one has changed just now.

    Within the clock's resolution a second change could go unseen, so young files are always read.
    """
    hasher = hashlib.sha256()
    youngest = 0
    for picture in pictures:
        try:
            stat = os.stat(picture.path)  # noqa: PTH116 - a Path costs more than the call
        except OSError:
            return None
        youngest = max(youngest, stat.st_ctime_ns)
        facts = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
        hasher.update(f"{picture.path}{picture.label}{picture.part}{facts}".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()[:32] if time.time_ns() - youngest > SETTLED_NS else None


def _content_hash(root: Path, pictures: Sequence[Picture], on_progress: OnProgress) -> str:
    """Return a hash of every file's place and bytes."""
    hasher = hashlib.sha256()
    for index, picture in enumerate(pictures):
        if index % 1000 == 0:
            on_progress("reading pictures", index, len(pictures))
        place = os.fsencode(os.path.relpath(picture.path, root))
        try:
            _hash_file(hasher, place, picture.path)
        except OSError as error:
            content = repr(error.errno).encode()
            hasher.update(b"%d %d " % (len(place), len(content)) + place + content)
    on_progress("reading pictures", len(pictures), len(pictures))
    return hasher.hexdigest()


def _hash_file(hasher: "hashlib._Hash", place: bytes, path: str) -> None:
    """Take a file's place, size and content into a hash, piece by piece.

    Raises:
        OSError: for what cannot be read, or is no picture by its size.
    """
    refuse_special(path, MOST_BYTES)
    with open(path, "rb") as stream:
        pieces = iter(lambda: stream.read(1 << 20), b"")
        first = next(pieces, b"")  # before anything is hashed, so that an unreadable file leaves no trace
        hasher.update(b"%d %d " % (len(place), os.fstat(stream.fileno()).st_size) + place + first)
        for piece in pieces:
            hasher.update(piece)


def _decode(
    spec: ImageFolder,
    root: Path,
    class_names: tuple[str, ...],
    pictures: Sequence[Picture],
    on_progress: OnProgress,
) -> Dataset:
    """Decode all pictures and split them."""
    images, grey, broken = decode_all(pictures, _size(spec, pictures), on_progress)
    if broken and spec.strict:
        raise DatasetError(broken_text(root, broken, "cannot be read") + ". Repair or remove them.")
    good = np.array([picture.path not in broken for picture in pictures])
    if not good.any():
        raise DatasetError(broken_text(root, broken, "cannot be read; there is no other"))
    if spec.color == "grey" or (spec.color == "auto" and bool(grey[good].all())):
        images = to_grey(images)
    labels = np.array([picture.label for picture in pictures], dtype=np.int32)
    is_test = np.array([picture.part == "test" for picture in pictures])
    train, test = _split(spec, root, class_names, images, labels, good, is_test)
    skipped = "cannot be read and " + ("was" if len(broken) == 1 else "were") + " skipped"
    notes = (broken_text(root, broken, skipped),) if broken else ()
    return make_dataset(root.name, train, test, class_names, notes=notes)


def _split(
    spec: ImageFolder,
    root: Path,
    class_names: Sequence[str],
    images: Images,
    labels: Labels,
    good: NDArray[np.bool_],
    is_test: NDArray[np.bool_],
) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    if is_test.any():
        train, test = good & ~is_test, good & is_test
        return (images[train], labels[train]), (images[test], labels[test])
    return hold_out_test(images[good], labels[good], spec.test, root.name, class_names)


def _size(spec: ImageFolder, pictures: Sequence[Picture]) -> tuple[int, int]:
    """Return (height, width) that every picture becomes."""
    if isinstance(spec.size, tuple):
        return spec.size
    if spec.size is not None:
        return spec.size, spec.size
    first: tuple[int, int] | None = None
    for picture in pictures:
        try:
            size = picture_size(picture.path)
        except Exception:  # a broken picture is reported when it is decoded
            continue
        if first is not None and size != first:
            return MIXED_SIZE
        first = size
    return first or MIXED_SIZE
