"""Finds the picture files that a table names: with or without folders, suffix or zeros, by another machine's paths."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.pictures.picture_kinds import PICTURES, ending_of
from cnnjobs.errors import DatasetError
from cnnjobs.files.uris import is_uri

_NUMBER = re.compile(r"(\d+)(\.0+)?")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:|\w+://")

AS_WRITTEN = ""
OTHER_CASE, OTHER_SUFFIX, AS_NUMBERS, DROPPED = (
    "in another case",
    "with another suffix",
    "as numbers",
    "without the folders before them",
)
GUESSES = (OTHER_SUFFIX, AS_NUMBERS, DROPPED)
"""Ways in which another picture than the one that is meant could be found."""


@dataclass
class Found:
    """What was found under the names of a table.

    Args:
        paths: name -> file; a name that was not found is not in it.
        unclear: name -> files, any of which may be meant.
        alike: file -> names that are different ones, and are found as this file alone.
        otherwise: how -> (name, file) of those that were found otherwise than they are written.
    """

    paths: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, list[str]] = field(default_factory=dict)
    alike: dict[str, list[str]] = field(default_factory=dict)
    otherwise: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))


class FileNames:
    """Pictures by their names.

    Args:
        paths: of the pictures.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths

    @cached_property
    def exact(self) -> Mapping[str, list[str]]:
        """Name -> paths of the files that are called so."""
        return _grouped((_file(path), path) for path in self.paths)

    @cached_property
    def _folded(self) -> Mapping[str, list[str]]:
        return _grouped((_folded(_file(path)), path) for path in self.paths)

    @cached_property
    def _stems(self) -> Mapping[str, list[str]]:
        return _grouped((_folded(_stem(_file(path))), path) for path in self.paths)

    @cached_property
    def _numbers(self) -> Mapping[str, list[str]]:
        stems = ((_stem(_file(path)), path) for path in self.paths)
        return _grouped((stem.lstrip("0"), path) for stem, path in stems if stem.isdecimal())

    def named(self, file: str, suffix: str | None) -> Iterator[tuple[str, list[str]]]:
        """Yield (how, paths) of the files that may be meant, as they are written first.

        Args:
            file: the name of a file, or of one without its suffix.
            suffix: that the name has been given; None where the file may have any.
        """
        yield AS_WRITTEN, self.exact.get(file, [])
        folded = self._folded.get(_folded(file), [])
        yield AS_WRITTEN, [path for path in folded if _composed(_file(path)) == _composed(file)]
        yield OTHER_CASE, folded
        if suffix is None:
            yield AS_WRITTEN, self._stems.get(_folded(file), [])
            if ending_of(file) in PICTURES:
                yield OTHER_SUFFIX, self._stems.get(_folded(_stem(file)), [])
        without = file if suffix is None else file[: len(file) - len(suffix)]
        number = _NUMBER.fullmatch(without) or _NUMBER.fullmatch(_stem(without))
        if number:
            paths = self._numbers.get(number[1].lstrip("0"), [])
            yield AS_NUMBERS, [path for path in paths if suffix is None or _folded(path).endswith(_folded(suffix))]


class PictureNames:
    """Finds pictures in a folder and below it.

    Args:
        folder: that names are taken from.
        suffix: what follows the names; None where they have one, or it may be any.
    """

    def __init__(self, folder: Folder, suffix: str | None) -> None:
        self.folder, self.suffix = folder, suffix
        self._is_disk = not is_uri(folder.path)
        self._inner: dict[str, dict[str, Folder]] = {}
        self._files: dict[str, FileNames] = {}

    def find(self, names: Iterable[str]) -> Found:
        """Return the files of names.

        The folders of a name are looked for in `folder`. Where none of its files are there, the first folders are
        dropped, for all names with the same folders alike: it is another machine's path, or begins with `folder`
        itself. A name is also looked for in folders of its name further below.

        Args:
            names: as they are in a table.
        """
        found = Found()
        places: dict[str, dict[str, str]] = defaultdict(dict)
        for name in names:
            place, _, file = self._plain(name).rpartition("/")
            places[place][name] = file
        rests = {place: self._rest(place, files.values()) for place, files in places.items()}
        have_places = any(place and rest == place for place, rest in rests.items())
        for place, files in places.items():
            rest, is_relative = rests[place], not _ABSOLUTE.match(place)
            here = self._in(rest) if rest is not None else None
            if here is not None and (rest == place or not (is_relative and have_places)):
                self._take(files, here, found, is_dropped=rest != place)
            left = {name: file for name, file in files.items() if name not in found.paths}
            if left and is_relative and rest in (None, place) and (here is None or self._tree.paths != here.paths):
                self._take(left, self._tree, found, ending=f"/{_folded(place)}/" if place else "/")
            for name, file in left.items():
                if name not in found.paths and self._is_file(place, file):
                    found.paths[name] = self._path(place, file)
        self._settle(found)
        return found

    @property
    def below(self) -> Sequence[str]:
        """The paths of all pictures in the folder and below it."""
        return self._tree.paths

    def beside(self, paths: Iterable[str]) -> list[str]:
        """Return the paths of all pictures that lie in the folders that some lie in."""
        places = sorted({path.rpartition("/")[0] for path in paths})
        listed = [self._files.get(place) or self._listed(Folder(place)) for place in places]
        return [path for one in listed for path in one.paths]

    def _plain(self, name: str) -> str:
        """Return a name with slashes and its suffix, and without what leads nowhere."""
        if "\\" in name:
            name = name.replace("\\", "/")
        if "./" in name or "//" in name:
            name = os.path.normpath(name)
        if self.suffix is not None and not _folded(name).endswith(_folded(self.suffix)):
            name += self.suffix
        return name

    def _rest(self, place: str, files: Iterable[str]) -> str | None:
        """Return the folders of names that are there, the first of them dropped if need be; None if none are."""
        if _ABSOLUTE.match(place) and any(self._is_file(place, file) for file in files):
            return None  # they are found as they are
        for rest in _rests(place):
            here = self._in(rest)
            if here is not None and any(any(hits for _, hits in here.named(file, self.suffix)) for file in files):
                return rest
        return None

    def _take(
        self, files: Mapping[str, str], there: FileNames, found: Found, *, is_dropped: bool = False, ending: str = ""
    ) -> None:
        """Add the files that are found, or may be, under names.

        Args:
            files: name -> the name of its file.
            there: where they may be.
            found: gets them.
            is_dropped: whether folders of the names are left out.
            ending: of the folders that they must be in.
        """
        for name, file in files.items():
            how, hits = AS_WRITTEN, there.exact.get(file, [])
            if len(hits) != 1 or ending:
                how, hits = self._meant(file, there, ending)
            if len(hits) > 1:
                found.unclear[name] = hits
            elif hits:
                found.paths[name] = hits[0]
                for one in (how, DROPPED if is_dropped else AS_WRITTEN):
                    if one != AS_WRITTEN:
                        found.otherwise[one].append((name, hits[0]))

    def _meant(self, file: str, there: FileNames, ending: str) -> tuple[str, list[str]]:
        """Return how a name is to be read, and the files that it may mean then."""
        for how, paths in there.named(file, self.suffix):
            hits = paths
            if ending:
                hits = [path for path in paths if _folded(path[: path.rindex("/") + 1]).endswith(ending)]
            if hits:
                return how, hits
        return AS_WRITTEN, []

    def _settle(self, found: Found) -> None:
        """Leave a file to the name that is written so; of several that are not, none can be told to be right."""
        found.unclear = {name: paths for name, paths in found.unclear.items() if name not in found.paths}
        weak = {name for how in GUESSES for name, _ in found.otherwise[how]}
        if not weak:
            return
        named = _grouped((path, name) for name, path in found.paths.items())
        for path, names in named.items():
            guessed = [name for name in names if name in weak]
            if len(names) == 1 or not guessed or len({*map(self._plain, names)}) == 1:
                continue
            if len(guessed) == len(names):
                found.alike[path] = names
            for name in guessed:
                del found.paths[name]
        for how, ones in found.otherwise.items():
            found.otherwise[how] = [(name, path) for name, path in ones if name in found.paths]

    def _in(self, place: str) -> FileNames | None:
        """Return the pictures in a folder below the root; None if there is no such folder."""
        folder: Folder | None = self.folder
        for name in place.split("/") if place else ():
            folder = self._folders_in(folder).get(name) if folder is not None else None
        return self._listed(folder) if folder is not None else None

    def _folders_in(self, folder: Folder) -> dict[str, Folder]:
        if folder.path not in self._inner:
            try:
                self._inner[folder.path] = {one.name: one for one in folder.folders}
            except DatasetError:  # one that cannot be read has nothing that could be taken
                self._inner[folder.path] = {}
        return self._inner[folder.path]

    def _listed(self, folder: Folder) -> FileNames:
        if folder.path not in self._files:
            try:
                self._files[folder.path] = FileNames(folder.pictures)
            except DatasetError:
                self._files[folder.path] = FileNames(())
        return self._files[folder.path]

    @cached_property
    def _tree(self) -> FileNames:
        """The pictures in the folder and in all below it; links to folders are not followed."""
        paths: list[str] = []
        waiting = [self.folder]
        while waiting:
            folder = waiting.pop()
            paths += self._listed(folder).paths
            waiting += [one for one in reversed(self._folders_in(folder).values()) if not one.is_link]
        return FileNames(paths)

    def _path(self, place: str, file: str) -> str:
        """Return the path that a name is, whatever it leads to."""
        return os.path.normpath("/".join([*([] if place.startswith("/") else [self.folder.path]), place, file]))

    def _is_file(self, place: str, file: str) -> bool:
        """Say whether there is a file as a name says: hidden, elsewhere, or of a kind that is no picture."""
        return self._is_disk and os.path.isfile(self._path(place, file))  # noqa: PTH113 - asked for many


def _rests(place: str) -> Iterator[str]:
    """Yield folders with none, one, two ... and all of the first dropped: "a/b", "b", ""."""
    yield place
    while place:
        place = place.partition("/")[2]
        yield place


def _stem(file: str) -> str:
    return file.rpartition(".")[0] or file


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _folded(name: str) -> str:
    """Return a name so that case and the way letters are composed do not count."""
    return name.lower() if name.isascii() else _composed(name).casefold()


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return dict(grouped)
