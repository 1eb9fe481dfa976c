"""A folder of this process alone below the temporary one, which no other user of the machine can look into or change.

Ray makes its own folders writable by all, without the sticky bit (Ray 2.60): whoever has an account could put other
files in their place, which are then run. So they lie in this one, as does whatever else is written for a while.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from cnnjobs.errors import UserError

PREFIX = "cnnjobs."

MOST_BASE_BYTES = 107 - len(f"/{PREFIX}12345678/ray/session_2026-01-31_12-00-00_123456_1234567/sockets/plasma_store")
"""So long may the path of the folder be that ours is made in: paths of Ray's sockets have at most 107 bytes."""

YOUNG_S = 60.0
"""A folder that is as young as that may not be held yet by the process that has just made it."""

OTHERS = 0o022
"""Rights of others to write."""


def private_folder() -> Path:
    """Return it. It is made at the first call, and removed when the process ends.

    What processes that were killed have left is removed when it is made.

    Raises:
        UserError: if no temporary folder is safe from other users.
    """
    if not _made or not is_private(_made[-1]):  # something may have cleared the temporary folder
        base = temporary_base()
        sweep(base)
        _made.append(Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)))
        _held.append(_hold(_made[-1]))
    return _made[-1]


def remove_private_folder() -> None:
    """Remove it now, if it was made, for a process that ends without further ado; the next call makes another one."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)


def enter_private_folder(folder: Path) -> None:
    """Make the private folder of another machine's process on this one, for a worker of it; keep it until this ends.

    Args:
        folder: where that process has it.

    Raises:
        UserError: if somebody else has put something there.
    """
    sweep(folder.parent)
    while True:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
        if not is_private(folder):
            raise UserError(f"{folder} is not this user's alone: another user of this machine has put it there.")
        with contextlib.suppress(FileNotFoundError):
            held = _hold(folder)
            if os.path.samestat(os.fstat(held), folder.lstat()):  # it may have been swept between the two
                _held.append(held)
                return


def leave_private_folder(folder: Path) -> None:
    """Undo `enter_private_folder`; the last worker of a machine removes the folder.

    Args:
        folder: where that process has it.
    """
    with contextlib.suppress(OSError):
        at = folder.lstat()
        for held in [one for one in _held if os.path.samestat(os.fstat(one), at)]:
            _held.remove(held)
            os.close(held)
        _remove_unless_held(folder)


def sweep(base: Path) -> None:
    """Remove the folders of this user in `base` whose processes are no more.

    Args:
        base: where private folders are made.
    """
    for left in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if is_private(left) and time.time() - left.stat().st_mtime > YOUNG_S:
                _remove_unless_held(left)


def is_private(folder: Path) -> bool:
    """Say whether this user alone can look into a folder and change it; a link is none."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def is_safe(folder: Path) -> bool:
    """Say whether no other user can put something else in the place of what this one makes in a folder.

    Args:
        folder: as it is, without links on its way.

    Raises:
        OSError: if it cannot be looked at.
    """
    for place in (folder, *folder.parents):
        status = place.stat()
        if status.st_uid not in (0, os.geteuid()):
            return False
        if status.st_mode & OTHERS and not status.st_mode & stat.S_ISVTX:
            return False
    return True


def others_reach(folder: Path) -> bool:
    """Say whether other users can get to what is in a folder. In a pod of Kubernetes there are none.

    Raises:
        OSError: if it cannot be looked at.
    """
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ
    return not in_pod and all(place.stat().st_mode & 0o011 for place in (folder, *folder.parents))


def temporary_base() -> Path:
    """Return the first temporary folder that will do: that of Ray, of the person, of the machine.

    Raises:
        UserError: if there is none.
    """
    tried = dict.fromkeys(filter(None, (os.environ.get("RAY_TMPDIR"), tempfile.gettempdir(), "/tmp", "/var/tmp")))
    for name in tried:
        with contextlib.suppress(OSError, ValueError):
            base = Path(name).resolve(strict=True)
            short = len(os.fsencode(base)) <= MOST_BASE_BYTES
            if short and base.is_dir() and is_safe(base) and os.access(base, os.W_OK | os.X_OK):
                return base
    raise UserError(
        f"None of {', '.join(tried)} can hold temporary files: such a folder must be writable, its path no longer than "
        f"{MOST_BASE_BYTES} characters, and other users must not be able to rename what is in it. Make one of your "
        "own: mkdir -m 700 ~/tmp; export TMPDIR=~/tmp"
    )


_made: list[Path] = []
"""Private folders of this process: one, unless something has cleared the temporary folder."""

_held: list[int] = []
"""Open folders of this process; a lock on them says that it lives."""


def _hold(folder: Path) -> int:
    handle = _open(folder)
    with contextlib.suppress(OSError):  # where there are no locks, none of them is ever swept
        fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _remove_unless_held(folder: Path) -> None:
    handle = _open(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


os.register_at_fork(after_in_child=_made.clear)  # a forked process takes nothing of its parent's away
atexit.register(remove_private_folder)
