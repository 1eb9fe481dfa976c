"""What a data set's URI leads to: the objects below it, in one listing, and their bytes."""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from pyarrow import fs

from cnnjobs.errors import DatasetError
from cnnjobs.files.object_storage import FAILURES, explain, open_remote, patiently

PATIENCE_S = 60.0
"""For how long a download begins again while the storage cannot be reached or is overloaded."""

PIECE = 8 << 20
"""Bytes of an object that are in memory at a time."""


@dataclass(frozen=True)
class StoredObject:
    """An object, as the storage lists it.

    Args:
        address: its URI without settings.
        size: bytes.
        modified_ns: when it was last written, nanoseconds since 1970; of S3 whole seconds.
    """

    address: str
    size: int
    modified_ns: int


class Objects:
    """The objects at a URI or below it.

    Args:
        uri: of a folder or an object, without keys.

    Raises:
        DatasetError: for a URI that is not understood, or a place that cannot be found.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.scheme = uri.partition("://")[0]
        self.address = self._address(self._root)

    def __getstate__(self) -> dict[str, str]:
        """Return what is pickled: it is opened elsewhere only if there is need, with the access one has there."""
        return {"uri": self.uri, "scheme": self.scheme, "address": self.address}

    @cached_property
    def _opened(self) -> tuple[fs.FileSystem, str]:
        return open_remote(self.uri, "dataset", DatasetError)

    @property
    def _system(self) -> fs.FileSystem:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @cached_property
    def listed(self) -> tuple[list[str], list[StoredObject]]:
        """The addresses of all folders below, and all objects, in no order.

        Raises:
            DatasetError: if there is nothing, or it cannot be listed.
        """
        try:
            found = self._system.get_file_info(fs.FileSelector(self._root, recursive=True))
        except FileNotFoundError:
            raise DatasetError(
                f"{self.address} is a file; expected a folder."
                if self.itself is not None
                else f"There is no folder {self.address}, or nothing in it."
            ) from None
        except FAILURES as error:
            raise DatasetError(f"Cannot list {self.address}: {_reason(error)}.") from error
        folders = [self._address(one.path) for one in found if one.type == fs.FileType.Directory]
        return folders, [self._object(one) for one in found if one.type == fs.FileType.File]

    @cached_property
    def inside(self) -> list[StoredObject]:
        """The objects directly in the folder at the URI, in no order.

        Raises:
            DatasetError: if they cannot be listed.
        """
        try:
            found = self._system.get_file_info(fs.FileSelector(self._root, allow_not_found=True))
        except FAILURES as error:
            raise DatasetError(f"Cannot list {self.address}: {_reason(error)}.") from error
        return [self._object(one) for one in found if one.type == fs.FileType.File]

    @property
    def itself(self) -> StoredObject | None:
        """The object at the URI; None if there is none.

        Raises:
            DatasetError: if that cannot be told.
        """
        return self._object(self._info) if self._info.type == fs.FileType.File else None

    @property
    def is_there(self) -> bool:
        """Whether there is an object or a folder at the URI.

        Raises:
            DatasetError: if that cannot be told.
        """
        return bool(self._info.type != fs.FileType.NotFound)

    @cached_property
    def _info(self) -> fs.FileInfo:
        try:
            return self._system.get_file_info(self._root)
        except FAILURES as error:
            raise DatasetError(f"Cannot read {self.address}: {_reason(error)}.") from error

    def identity(self, one: StoredObject) -> str:
        """Return a hash that no other object has, nor this one after a change that the listing shows."""
        settings = self.uri.partition("?")[2], os.environ.get("AWS_ENDPOINT_URL", "")
        return hashlib.sha256(repr((one, settings)).encode()).hexdigest()[:32]

    def pieces(self, one: StoredObject) -> Iterator[bytes]:
        """Yield an object's bytes; each piece is asked for again while the storage is out of order.

        Raises:
            DatasetError: if the storage does not give them, or they are no longer what was listed.
        """
        try:
            path = one.address.partition("://")[2]
            with patiently(lambda: self._system.open_input_file(path), PATIENCE_S, time.sleep) as file:
                if (size := file.size()) != one.size:
                    raise DatasetError(
                        f"{one.address} has changed since it was listed: it has {size:,} bytes, and had "
                        f"{one.size:,}. Try again when nothing writes to it."
                    )
                for start in range(0, size, PIECE):
                    count = min(PIECE, size - start)
                    yield patiently(partial(file.read_at, count, start), PATIENCE_S, time.sleep)
        except FAILURES as error:
            raise DatasetError(f"Cannot read {one.address}: {_reason(error)}.") from error

    def _address(self, path: str) -> str:
        return f"{self.scheme}://{path}"

    def _object(self, info: fs.FileInfo) -> StoredObject:
        return StoredObject(self._address(info.path), info.size, info.mtime_ns or 0)


def _reason(error: Exception) -> str:
    return explain(error, "list and read")
