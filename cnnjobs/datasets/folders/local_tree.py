"""Copies of what lies at a URI under its own names: readers of files open them as if they lay on this machine."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnjobs.datasets.folders.picture_files import is_hidden
from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.cache import cache_folder, part_of
from cnnjobs.datasets.storage.downloads import Downloads
from cnnjobs.datasets.storage.objects import Objects, StoredObject
from cnnjobs.datasets.storage.places import above
from cnnjobs.errors import DatasetError
from cnnjobs.files.uris import is_uri
from cnnjobs.wording.sentences import cause

MAGIC = re.compile(r"[*\[]")
"""What makes a pattern of a URI; a question mark begins its settings."""

ANY_FOLDERS = r"(?:(?!\.)[^/]+/)*"
"""As a regular expression."""


@dataclass(frozen=True)
class LocalTree:
    """A folder of links to copies, with the bucket's name as the first below it.

    Args:
        folder: that is.
        scheme: of the URI.
        place: the path, or pattern, that stands for the URI.
    """

    folder: str
    scheme: str
    place: str

    def told(self, text: str) -> str:
        """Return a message with addresses in the place of paths."""
        return text.replace(f"{self.folder}/", f"{self.scheme}://")


@dataclass(frozen=True)
class Wanted:
    """Which files of a folder are wanted, by their names.

    Args:
        fits: says so.
        beside: how files end that are wanted where they lie beside such files; empty for none.
    """

    fits: Callable[[str], bool]
    beside: str = ""

    def among(self, files: Sequence[StoredObject], everything: Sequence[StoredObject]) -> list[StoredObject]:
        """Return files with those beside them."""
        if not self.beside:
            return list(files)
        places = {_place(one) for one in files}
        taken = {one.address for one in files}
        others = [one for one in everything if _name(one).endswith(self.beside) and one.address not in taken]
        return [*files, *(one for one in others if _place(one) in places)]


def is_uri_pattern(place: str) -> bool:
    """Say whether a place is a URI that stands for those that fit it."""
    return is_uri(place) and MAGIC.search(place.partition("?")[0]) is not None


def local_tree(uri: str, wanted: Wanted, on_progress: OnProgress) -> LocalTree:
    """Return files at a URI under their own names, copied to this machine.

    Args:
        uri: of a file, of a folder, or a pattern with `*`, `**` and `[...]`.
        wanted: which files of a folder.
        on_progress: is told how far the download is.

    Raises:
        DatasetError: if there is nothing, or it cannot be had.
    """
    objects, found = _found(uri, wanted)
    downloads = Downloads(objects)
    downloads.bring(found, on_progress)
    key = hashlib.sha256("".join(sorted(map(objects.identity, found))).encode()).hexdigest()[:32]
    tree = cache_folder() / "trees" / key
    try:
        if not tree.is_dir():
            _grow(tree, objects, [(one, downloads.path(one)) for one in found])
    except OSError as error:
        raise DatasetError(f"The files of {objects.address} cannot be copied to {tree}: {cause(error)}.") from error
    place = uri.partition("?")[0].partition("://")[2].removeprefix("anonymous@").rstrip("/")
    return LocalTree(str(tree), objects.scheme, f"{tree}/{place}")


def copied(uri: str, wanted: Wanted) -> tuple[int, int]:
    """Return how many files there are at a URI, and how many need not be downloaded any more.

    Args:
        uri: as for `local_tree`.
        wanted: as for `local_tree`.

    Raises:
        DatasetError: if that cannot be told.
    """
    objects, found = _found(uri, wanted)
    return len(found), sum(map(Downloads(objects).has, found))


def _found(uri: str, wanted: Wanted) -> tuple[Objects, list[StoredObject]]:
    """Return where the files lie, and which they are."""
    address, mark, settings = uri.partition("?")
    magic = MAGIC.search(address)
    root = address[: address.rindex("/", 0, magic.start())] if magic else address
    objects = Objects(f"{root}{mark}{settings}")
    if magic:
        fitting = re.compile(_pattern(address[len(root) + 1 :]))
        files = [one for one in objects.listed[1] if fitting.fullmatch(_below(one, objects))]
        return objects, wanted.among(files, objects.listed[1])
    if objects.itself is not None:
        others = Objects(above(uri)).inside if wanted.beside else ()
        return objects, wanted.among([objects.itself], others)
    seen = [one for one in objects.listed[1] if not any(map(is_hidden, _below(one, objects).split("/")))]
    return objects, wanted.among([one for one in seen if wanted.fits(_name(one))], seen)


def _place(one: StoredObject) -> str:
    return one.address.rpartition("/")[0]


def _name(one: StoredObject) -> str:
    return one.address.rpartition("/")[2]


def _below(one: StoredObject, objects: Objects) -> str:
    return one.address[len(objects.address) + 1 :]


def _pattern(pattern: str) -> str:
    """Return a regular expression for a pattern; as for `glob`, `*` stays within a folder, and `**/` is any folders."""
    return "/".join(map(_one_name, pattern.split("/"))).replace(f"{ANY_FOLDERS}/", ANY_FOLDERS)


def _one_name(pattern: str) -> str:
    if pattern == "**":
        return ANY_FOLDERS
    tokens = re.split(r"(\*|\[!?[^\]]+\])", pattern)
    visible = r"(?!\.)" if MAGIC.match(pattern) else ""
    return visible + "".join(
        "[^/]*" if token == "*" else token.replace("[!", "[^") if token.startswith("[") else re.escape(token)
        for token in tokens
    )


def _grow(tree: Path, objects: Objects, copies: Sequence[tuple[StoredObject, Path]]) -> None:
    """Make the tree, whole or not at all."""
    tree.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(tree)
    try:
        for one, copy in copies:
            names = one.address.partition("://")[2].split("/")
            if not {"", ".", ".."}.isdisjoint(names):
                raise DatasetError(f"{one.address} has an empty name, `.` or `..` between its slashes. Rename it.")
            link = Path(part, *names)
            link.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(copy.absolute(), link)  # noqa: PTH211 - once per file
        if objects.itself is None:  # a folder, in which there may be nothing
            (part / objects.address.partition("://")[2]).mkdir(parents=True, exist_ok=True)
        part.rename(tree)
    except OSError:
        if not tree.is_dir():  # else another process was faster: its tree serves
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
