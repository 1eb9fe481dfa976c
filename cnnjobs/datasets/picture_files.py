"""Which pictures a folder has, and of which class and part each is."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cnnjobs.datasets.pictures import SUFFIXES
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.sentences import cause


@dataclass(frozen=True)
class Picture:
    """A file and the class it belongs to; plain text, because 60,000 `Path`s take a second."""

    path: str
    label: int
    part: str


def list_pictures(root: Path) -> tuple[tuple[str, ...], list[Picture]]:
    """Return the class names and every picture file, sorted; hidden files and folders are passed over."""
    if not root.is_dir():
        raise MissingDataError(str(root), is_folder=True)
    folders = _folders(root)
    parts = {name for name in ("train", "test") if name in folders}
    if len(parts) == 1:
        there, other = (parts.pop(), "test" if "train" in folders else "train")
        raise DatasetError(
            f"{root} has {there}/ but no {other}/. Expected both, each with a sub-folder a class, or the classes' "
            f"sub-folders directly. Use {root / there} to have a test set held out of it."
        )
    if parts:
        class_names = _folders(root / "train")
        unknown = sorted(set(_folders(root / "test")) - set(class_names))
        if unknown:
            raise DatasetError(f"{root}: test/ has classes that train/ has not: {', '.join(unknown[:10])}.")
        bases = [("train", root / "train"), ("test", root / "test")]
    else:
        class_names, bases = folders, [("all", root)]
    pictures = [
        Picture(path, label, part)
        for part, base in bases
        for label, class_name in enumerate(class_names)
        for path in picture_files(str(base / class_name))
    ]
    if pictures and parts and not any(picture.part == "test" for picture in pictures):
        raise DatasetError(f"{root}/test has no pictures. Use {root / 'train'} to have a test set held out of it.")
    if not pictures:
        raise DatasetError(
            f"{root} has no pictures. Expected a sub-folder a class with {', '.join(sorted(SUFFIXES))} files in it. "
            f"Received: {len(class_names)} sub-folders."
        )
    return tuple(class_names), pictures


def _folders(root: Path) -> list[str]:
    """Return the names of the sub-folders that are not hidden."""
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and _is(entry.is_dir))
    for name in names:
        if not name.isprintable():
            raise DatasetError(f"{root}: a class's folder must have a printable UTF-8 name. Received: {name!r}.")
    return names


def picture_files(folder: str) -> list[str]:
    """Return the picture files in `folder` and below it, sorted; links to folders are not followed."""
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            visible = sorted(
                (entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name
            )
    except OSError as error:
        raise DatasetError(f"The folder {folder} cannot be read: {cause(error)}.") from error
    for entry in visible:
        if _is(partial(entry.is_dir, follow_symlinks=False)):
            files += picture_files(entry.path)
        elif _suffix(entry.name) in SUFFIXES and _is(entry.is_file):
            files.append(entry.path)
    return files


def _is(ask: Callable[[], bool]) -> bool:
    """Ask the disk; a link that leads nowhere, or round in circles, is nothing."""
    try:
        return ask()
    except OSError:
        return False


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower()
