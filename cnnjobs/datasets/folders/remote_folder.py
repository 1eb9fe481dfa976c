"""Folders of pictures in object storage: read by the rules of those on a disk, without links."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from cnnjobs.datasets.folders.picture_files import Folder, is_hidden
from cnnjobs.datasets.pictures.contents import Contents, hash_pictures
from cnnjobs.datasets.pictures.picture_kinds import passed_over_as
from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.downloads import Downloads
from cnnjobs.datasets.storage.objects import Objects, StoredObject
from cnnjobs.files.file_facts import SETTLED_NS

Tree = Mapping[str, Mapping[str, bool]]
"""Address of a folder -> name of what lies in it -> whether that is a folder."""


class RemoteFolder(Folder):
    """A folder in object storage.

    Args:
        path: its address.
        objects: of the place it is in.
        tree: of that place.
    """

    def __init__(self, path: str, objects: Objects, tree: Tree) -> None:
        super().__init__(path)
        self._objects, self._tree = objects, tree

    @cached_property
    def entries(self) -> list[str | Folder]:
        """The addresses of its pictures, and its folders, sorted by name."""
        entries: list[str | Folder] = []
        for name, is_folder in sorted(self._tree.get(self.path, {}).items()):
            address = f"{self.path}/{name}"
            if is_hidden(name):
                continue
            if is_folder:
                entries.append(RemoteFolder(address, self._objects, self._tree))
            elif (ending := passed_over_as(name, None)) is not None:
                self.passed_over[ending] += 1
            else:
                entries.append(address)
        return entries

    @property
    def real_path(self) -> str:
        """Its address: there are no links."""
        return self.path

    def relative(self, path: str) -> str:
        """Return where something lies below it."""
        return path[len(self.path) + 1 :] or "."

    def contents(self, paths: Sequence[str]) -> Contents:
        """Return pictures below it."""
        known = {one.address: one for one in self._objects.listed[1]}
        return RemotePictures(self.path, self._objects, [known[path] for path in paths])


def remote_folder(uri: str) -> RemoteFolder:
    """Return the folder at a URI.

    Raises:
        DatasetError: if there is none, or it cannot be listed.
    """
    objects = Objects(uri)
    folders, files = objects.listed
    tree: dict[str, dict[str, bool]] = defaultdict(dict)
    for address, is_folder in (*((one.address, False) for one in files), *((one, True) for one in folders)):
        above, _, name = address.rpartition("/")
        tree[above][name] = is_folder
    return RemoteFolder(objects.address, objects, tree)


class RemotePictures(Contents):
    """Pictures that are objects; each is downloaded once.

    Args:
        root: address of the folder that names are taken from.
        objects: of the place they are in.
        pictures: which of them.
    """

    def __init__(self, root: str, objects: Objects, pictures: Sequence[StoredObject]) -> None:
        self._root, self._pictures = root, pictures
        self._downloads = Downloads(objects)
        self._brought = False

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._pictures)

    def name(self, index: int) -> str:
        """Return the place of a picture below the root."""
        return self._pictures[index].address[len(self._root) + 1 :]

    def open(self, index: int) -> str:
        """Return the path of a picture's copy, which is downloaded if there is none.

        Raises:
            DatasetError: if it cannot be had.
        """
        one = self._pictures[index]
        path = self._downloads.path(one)
        if not path.exists():
            self._downloads.bring([one], lambda *_: None)
        return str(path)

    def prepare(self, on_progress: OnProgress) -> None:
        """Download the pictures of which there is no copy."""
        if not self._brought:
            self._downloads.bring(self._pictures, on_progress)
            self._brought = True

    def manifest(self) -> str | None:
        """Return a hash of what the listing says, or None if a picture has changed just now."""
        if max((one.modified_ns for one in self._pictures), default=0) > time.time_ns() - SETTLED_NS:
            return None
        hasher = hashlib.sha256()
        for one in self._pictures:
            hasher.update(self._downloads.objects.identity(one).encode())
        return hasher.hexdigest()[:32]

    def content_hash(self, on_progress: OnProgress) -> str:
        """Return the hash that the same files on a disk have."""
        self.prepare(on_progress)
        return hash_pictures(self, on_progress)
