"""Where a process was, in words: from the frames of an exception, or from a stack that `faulthandler` wrote."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from cnnjobs.planning.user_code import is_installed_file

PACKAGE = str(Path(__file__).parents[1])
"""Folder of this project: its own frames are not what a person looks for."""

NOT_THE_USERS = ("/site-packages/", "/dist-packages/", "/lib/python3", "<frozen ", "<string>")
"""What paths contain that are those of libraries."""

FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.+)$')
"""A line of a stack as `faulthandler` writes it, the most recent call first."""


@dataclass(frozen=True)
class Frame:
    """A call that was under way.

    Args:
        path: of its source.
        line: in that.
        function: its name.
    """

    path: str
    line: str
    function: str

    @property
    def is_users(self) -> bool:
        """Whether it is neither a library's nor this project's."""
        libraries = any(part in self.path for part in NOT_THE_USERS) or is_installed_file(self.path)
        return not libraries and not self.path.startswith(PACKAGE)

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.function} ({Path(self.path).name}, line {self.line})"


def where_raised(trace: TracebackType | None) -> str:
    """Return where an exception comes from: the innermost function of the user's, else the innermost of all."""
    frames = [
        Frame(frame.f_code.co_filename, str(line), frame.f_code.co_name) for frame, line in walk_tb(trace)
    ]  # no sources are looked for: on a worker there may be none
    return where(frames[::-1])


def where_dumped(dump: str, through: str = "") -> str:
    """Return where a process was that wrote its stacks; empty if it wrote none.

    Args:
        dump: the stacks of its threads, or of one.
        through: name of a function; a thread that is in it is the one that counts.
    """
    stacks = [
        _frames(part) for part in re.split(r"^(?:Current )?[Tt]hread .*\(most recent call first\):$", dump, flags=re.M)
    ]
    found = [frames for frames in stacks if frames]
    inside = [frames for frames in found if any(frame.function == through for frame in frames)]
    return where((inside or found or [[]])[-1])


def where(frames: Sequence[Frame]) -> str:
    """Return the innermost function of the user's, else the innermost of all; empty without frames.

    Args:
        frames: the most recent call first.
    """
    return str(next((frame for frame in frames if frame.is_users), frames[0])) if frames else ""


def _frames(text: str) -> list[Frame]:
    return [Frame(*found.group("path", "line", "function")) for found in _found(text.splitlines())]


def _found(lines: Iterable[str]) -> Iterable[re.Match[str]]:
    return (found for line in lines if (found := FRAME.match(line)))
