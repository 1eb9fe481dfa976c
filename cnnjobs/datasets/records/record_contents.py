"""Pictures in files of many each, which every thread reads on its own."""

import hashlib
import os
import threading
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError
from cnnjobs.files.file_facts import files_manifest, hash_file
from cnnjobs.wording.sentences import cause


class RecordContents(Contents):
    """Pictures in files of many each.

    Args:
        root: the folder that files are named from.
        files: their paths.
    """

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self._root, self._files = root, list(files)
        self._own = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: no open file."""
        return {name: value for name, value in vars(self).items() if name != "_own"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled."""
        vars(self).update(state, _own=threading.local())

    @abstractmethod
    def taken(self) -> str:
        """Return a hash of what is read of the files."""

    def place(self, file: int) -> str:
        """Return where a file lies below the root."""
        return os.path.relpath(self._files[file], self._root)

    def manifest(self) -> str | None:
        """Return a hash of what the disk says of the files, and of what is read of them."""
        known = files_manifest(self._files)
        return None if known is None else hashlib.sha256(f"{known}{self.taken()}".encode()).hexdigest()[:32]

    def content_hash(self, on_progress: OnProgress) -> str:
        """Return a hash of every file's place and bytes, and of what is read of them.

        Raises:
            DatasetError: if a file cannot be read.
        """
        hasher = hashlib.sha256(self.taken().encode())
        for number, path in enumerate(self._files):
            on_progress("reading pictures", number, len(self._files))
            try:
                hash_file(hasher, os.fsencode(self.place(number)), path)
            except OSError as error:
                raise DatasetError(f"{path} cannot be read: {cause(error)}.") from error
        on_progress("reading pictures", len(self._files), len(self._files))
        return hasher.hexdigest()
