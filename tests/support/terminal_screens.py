"""What a person sees on a terminal of a given size: the screen after what was written, and while a program writes."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from dataclasses import dataclass

import pyte


@dataclass(frozen=True)
class Seen:
    """What was on a terminal.

    Args:
        code: the exit code.
        frames: the screen, whenever it had changed, lines without spaces at their ends.
        text: all lines in the end, those that have left the screen too.
    """

    code: int
    frames: Sequence[str]
    text: str


def seen_of(command: Sequence[str], columns: int = 80, rows: int = 24, **options: object) -> Seen:
    """Run a command on a terminal, and return what was seen."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True, **options)
    os.close(its)
    screen, frames = pyte.HistoryScreen(columns, rows, history=10_000), []
    stream = pyte.ByteStream(screen)
    while True:
        try:
            written = os.read(ours, 1 << 16)
        except OSError:  # the last one that had it open has ended
            break
        if not written:
            break
        stream.feed(written)
        frames.append(shown_on(screen))
    os.close(ours)
    return Seen(process.wait(), frames, _all(screen))


def drawn(text: str, columns: int = 80, rows: int = 24) -> str:
    """Return what is on a screen after a text was written to it."""
    screen = pyte.HistoryScreen(columns, rows, history=10_000)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return _all(screen)


def shown_on(screen: pyte.Screen) -> str:
    """Return the lines of a screen."""
    return "\n".join(line.rstrip() for line in screen.display).rstrip()


def _all(screen: pyte.HistoryScreen) -> str:
    left = ["".join(line[place].data for place in range(screen.columns)).rstrip() for line in screen.history.top]
    return "\n".join([*left, shown_on(screen)]).rstrip()
