"""Files that hold many pictures each: where they are, and which part of a data set each has."""

import glob
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnjobs.datasets.folders.parts import names_a_part, role_of
from cnnjobs.datasets.folders.picture_files import is_hidden
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.wording.labels import listed

MAGIC = frozenset("*?[")
"""What makes a pattern of a path."""


@dataclass(frozen=True)
class RecordFile:
    """A file with many pictures.

    Args:
        path: where it lies.
        part: "train", "valid" or "test", as its name says; None if it says nothing.
    """

    path: str
    part: str | None


def is_pattern(path: str) -> bool:
    """Say whether a path stands for those that fit it; what there is under that very name is no pattern."""
    return not MAGIC.isdisjoint(path) and not Path(path).exists()


def fitting(pattern: str) -> list[str]:
    """Return the files that fit a pattern, sorted."""
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - `Path` takes no absolute pattern
    return sorted(one for one in found if Path(one).is_file())


def root_of(path: str) -> Path:
    """Return the folder that files are named from: that of a file, or the last before a pattern's signs."""
    place = Path(path)
    if not is_pattern(path):
        return place if place.is_dir() else place.parent
    above = [part for part in place.parents if MAGIC.isdisjoint(str(part))]
    return above[0]


def files_at(path: str, fits: Callable[[str], bool], noun: str) -> list[RecordFile]:
    """Return the files at a path, sorted.

    Args:
        path: of a file, a folder or a pattern.
        fits: whether a file in a folder is of the kind, by its name.
        noun: what the files are, for messages: "Parquet files".

    Raises:
        DatasetError: if there are none, or they are of several data sets.
    """
    root = root_of(path)
    if is_pattern(path):
        found = fitting(path)
        if not found:
            raise DatasetError(f"No file fits {path}.{_there(root, fits)}")
    elif Path(path).is_dir():
        found = sorted(_below(path, fits))
        if not found:
            raise DatasetError(f"{path} has no {noun} in it or in its folders.")
    elif Path(path).is_file():
        found = [path]
    else:
        raise MissingDataError(path, is_folder=False)
    files = [RecordFile(one, _part_of(one, root)) for one in found]
    _refuse_several(files, root)
    return files


def has_files(folder: Path, fits: Callable[[str], bool]) -> bool:
    """Say whether a folder has files of a kind in it or in its folders."""
    return next(_below(str(folder), fits), None) is not None


def _below(folder: str, fits: Callable[[str], bool]) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]  # the others are not looked into
        yield from (str(Path(place, name)) for name in names if fits(name) and not is_hidden(name))


def _part_of(path: str, root: Path) -> str | None:
    """Return which part a file has: its own name says it, or else that of its folder."""
    named = role_of(Path(path).name)
    if named is not None:
        return named[0]
    for folder in Path(os.path.relpath(path, root)).parts[-2::-1]:
        meant = role_of(folder)
        if meant is not None:
            return meant[0]
    return None


def _refuse_several(files: Sequence[RecordFile], root: Path) -> None:
    """Refuse files of which several folders have a training set each: they are versions of a data set, or several.

    Raises:
        DatasetError: if there are such.
    """
    sets: dict[str, set[str]] = defaultdict(set)
    for file in files:
        if file.part is not None:
            above = Path(os.path.relpath(file.path, root)).parts[:-1]
            sets[file.part].add("/".join(part for part in above if not names_a_part(part)))
    for part, folders in sets.items():
        if len(folders) > 1:
            raise DatasetError(
                f"{root}: {len(folders)} folders have {part} files: {listed(sorted(one or '.' for one in folders))}. "
                f"Give the path of one, such as {root / sorted(folders)[-1]}."
            )


def _there(folder: Path, fits: Callable[[str], bool]) -> str:
    """Say what lies where nothing fitted."""
    if not folder.is_dir():
        return f" There is no folder {folder}."
    names = sorted(os.path.relpath(one, folder) for one in _below(str(folder), fits))
    return f" {folder} has: {listed(names)}." if names else ""
