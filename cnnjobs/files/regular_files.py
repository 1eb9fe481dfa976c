"""Files that a person names are read only if they are files: a pipe would wait for ever, a device never ends."""

import errno
import os
import stat
from pathlib import Path

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def refuse_special(path: str | Path, most_bytes: int | None = None) -> None:
    """Raise an error for what is a pipe, a socket or a device, or a file that is larger than such a file can be.

    Args:
        path: of a file, or of a folder, which is left to whoever opens it.
        most_bytes: how many bytes the file may have; None for any number.

    Raises:
        OSError: for these, and if there is nothing at the path.
    """
    found = os.stat(path)  # noqa: PTH116 - asked for each of many pictures
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is not None:
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
    if most_bytes is not None and stat.S_ISREG(found.st_mode) and found.st_size > most_bytes:
        raise OSError(errno.EFBIG, f"it has {found.st_size:,} bytes, more than {most_bytes:,}", str(path))
