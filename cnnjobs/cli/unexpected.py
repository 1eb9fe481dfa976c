"""An error that nobody foresaw, as one message: what it is, what to try, and the file with its traceback."""

import contextlib
import errno
import os
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from cnnjobs.run.calling_machine import command_line
from cnnjobs.versions import installed_versions
from cnnjobs.wording.sentences import clause

MOST_LOGS = 20
"""Older logs of errors are removed."""

REMEDIES = {
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room: your quota on that disk is used up",
    errno.EMFILE: "Allow this process more open files: `ulimit -n 4096`",
    errno.ENFILE: "The machine has too many open files: close some programs",
    errno.EFBIG: "Allow this process larger files: `ulimit -f unlimited`",
    errno.EACCES: "Give yourself the rights to it, or choose another place",
    errno.EPERM: "Give yourself the rights to it, or choose another place",
    errno.EROFS: "Choose a place that can be written",
    errno.ENOMEM: "Close other programs, or use a machine with more memory",
    errno.EIO: "Check that disk: it can no longer be read or written",
}
"""What to do about errors of the system."""


def describe(error: Exception) -> str:
    """Return the message of an error, after its traceback has been written to a file."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = f"{type(error).__name__}: {clause(lines[0])}" if lines else type(error).__name__
    remedy = _remedy(error)
    foreseen = f"{remedy}, then run the command again" if remedy else "cnnjobs did not foresee this: please report it"
    text = _text(error)
    for folder in _folders():
        with contextlib.suppress(OSError):
            return f"{said}. {foreseen}. Its traceback: {_written(folder, text)}"
    return f"{said}. {foreseen}. No folder can be written for its traceback, which follows.\n{text}"


def _remedy(error: Exception) -> str:
    """Return what to do; nothing where that is not known."""
    if not _current_folder_is_there():
        return "The current folder is not there any more, or cannot be read: change to another one"
    if isinstance(error, MemoryError):
        return REMEDIES[errno.ENOMEM]
    if isinstance(error, ImportError):
        from cnnjobs.files.installation import install_command

        return f"A package is missing or broken: install cnnjobs anew, `{install_command('', '--force-reinstall')}`"
    if isinstance(error, UnicodeEncodeError):
        return "This terminal cannot show all letters: `export PYTHONUTF8=1`"
    if isinstance(error, RuntimeError) and "home directory" in str(error):
        return "Set HOME to a folder of yours"
    return REMEDIES.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def _current_folder_is_there() -> bool:
    try:
        with os.scandir(Path.cwd()):
            pass
    except OSError:
        return False
    return True


def _text(error: Exception) -> str:
    """Return what helps to find the cause: the command, versions, and the traceback."""
    versions = ", ".join(f"{name} {version}" for name, version in installed_versions().items())
    told = "".join(traceback.format_exception(error))
    return f"{command_line()}\n{versions}\n\n{told}"


def _folders() -> Iterator[Path]:
    """Yield where logs of errors may go: the user's folder for the state of programs, or the temporary one."""
    chosen = os.environ.get("XDG_STATE_HOME", "")
    state = Path(chosen) if Path(chosen).is_absolute() else Path("~/.local/state")
    with contextlib.suppress(RuntimeError):  # there is no home
        yield state.expanduser() / "cnnjobs" / "errors"
    with contextlib.suppress(OSError):
        yield Path(tempfile.gettempdir())


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(".log", time.strftime("cnnjobs-%Y%m%d-%H%M%S-"), folder)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    if folder.name == "errors":
        for old in sorted(folder.glob("cnnjobs-*.log"))[:-MOST_LOGS]:
            old.unlink(missing_ok=True)
    return Path(name)
