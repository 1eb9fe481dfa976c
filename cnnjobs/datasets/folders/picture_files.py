"""Folders of pictures as a person sees them: without hidden files and what systems leave behind."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnnjobs.datasets.pictures.contents import Contents, PictureFiles
from cnnjobs.datasets.pictures.picture_kinds import PICTURES, ending_of, passed_over_as
from cnnjobs.errors import DatasetError
from cnnjobs.wording.sentences import cause

SYSTEM_NAMES = frozenset(
    {
        "__macosx",
        "__pycache__",
        "thumbs.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "lost+found",
        "@eadir",
        "@tmp",
        "#recycle",
        "#snapshot",
    }
)
"""What operating systems, archives and network drives put into folders, in lower case; @eaDir has small copies."""


@dataclass(frozen=True)
class Picture:
    """A file and the class it belongs to; plain text, because 60,000 `Path`s take a second.

    Args:
        path: of the file.
        label: of its class.
        part: of the data set.
        folder: path of its class's folder.
    """

    path: str
    label: int
    part: str
    folder: str


class Folder:
    """A folder with the pictures and folders in it; the disk is read when they are first asked for.

    Args:
        path: where it lies.
        is_link: whether it is a link to a folder elsewhere.
    """

    def __init__(self, path: str, *, is_link: bool = False) -> None:
        self.path = path
        self.is_link = is_link
        self.dead_links: list[str] = []
        self.passed_over: Counter[str] = Counter()

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @cached_property
    def entries(self) -> list["str | Folder"]:
        """The paths of its pictures, and its folders, sorted by name.

        Raises:
            DatasetError: if it cannot be read.
        """
        try:
            with os.scandir(self.path) as listed:
                visible = sorted((one for one in listed if not is_hidden(one.name)), key=lambda one: one.name)
        except OSError as error:
            raise DatasetError(f"The folder {self.path} cannot be read: {cause(error)}.") from error
        entries: list[str | Folder] = []
        for one in visible:
            if _is(one.is_dir):
                entries.append(Folder(one.path, is_link=_is(one.is_symlink)))
            elif not _is(one.is_file):
                self.dead_links += [one.path] * (_may_be_picture(one.name) and _is(one.is_symlink))
            elif (ending := passed_over_as(one.name, one.path)) is not None:
                self.passed_over[ending] += 1
            else:
                entries.append(one.path)
        return entries

    @property
    def real_path(self) -> str:
        """Its path without links."""
        return os.path.realpath(self.path)

    def relative(self, path: str) -> str:
        """Return where something lies below it."""
        return os.path.relpath(path, self.path)

    def contents(self, paths: Sequence[str]) -> Contents:
        """Return pictures below it.

        Args:
            paths: as `below` yields them.
        """
        return PictureFiles(Path(self.path), paths)

    @property
    def folders(self) -> list["Folder"]:
        """The folders in it, links to folders among them."""
        return [entry for entry in self.entries if isinstance(entry, Folder)]

    @property
    def pictures(self) -> list[str]:
        """The paths of the pictures that lie directly in it."""
        return [entry for entry in self.entries if isinstance(entry, str)]

    @property
    def has_pictures(self) -> bool:
        """Whether a picture lies in it or below it."""
        return next(self.below(), None) is not None

    def below(self) -> Iterator[str]:
        """Yield the pictures in it and below it, sorted; links to folders are not followed."""
        waiting: list[str | Folder] = [self]
        while waiting:  # no recursion: folders may lie deeper in each other than Python's stack allows
            entry = waiting.pop()
            if isinstance(entry, str):
                yield entry
            elif entry is self or not entry.is_link:
                waiting += reversed(entry.entries)

    def all_passed_over(self) -> Counter[str]:
        """Return how many files in it and below it are no pictures, or none that is read, by their endings."""
        inner = [one for one in self.tree() if one is self or not one.is_link]  # all of them, so that all are read
        return sum((one.passed_over for one in inner), Counter[str]())

    def tree(self) -> Iterator["Folder"]:
        """Yield it and every folder below it, links too; what links lead to is not looked into."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            if folder is self or not folder.is_link:
                waiting += reversed(folder.folders)


def is_hidden(name: str) -> bool:
    """Say whether a file or folder of this name is passed over."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def _may_be_picture(name: str) -> bool:
    """Say whether a link of this name may have led to a picture, or to a folder of pictures."""
    return ending_of(name) in PICTURES or "." not in name


def _is(ask: Callable[[], bool]) -> bool:
    """Ask the disk; a link that leads nowhere, or round in circles, is nothing."""
    try:
        return ask()
    except OSError:
        return False
