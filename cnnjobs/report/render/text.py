"""Tables as text: for the terminal, for logs, and for Python's prompt."""

import sys
import textwrap
from collections.abc import Sequence

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnnjobs.wording.terminal import visible

COLUMN_GAP = 3
"""Between two columns of a table."""

PIPED_WIDTH = 160
"""Columns when the output is no terminal: wide enough that no cell is cut."""


def table_text(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """Return a table: the first column to the left, the others to the right; a line is empty below it.

    The title is bold and the note dim, by ANSI codes that `echo(..., styled=True)` leaves out where there is no
    terminal.

    Args:
        title: over it.
        header: names of the columns.
        rows: cells; of what they hold, the terminal obeys nothing.
        note: a line under it.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH, force_jupyter=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, (name, width) in enumerate(zip(header, _widths(header, rows, console.width), strict=True)):
        shown = Text(visible(name, lines=False))
        table.add_column(shown, justify="left" if index == 0 else "right", overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(visible(cell, lines=False)) for cell in row))
    with console.capture() as drawn:
        console.print(table)
    lines = [line.rstrip() for line in drawn.get().rstrip().splitlines()]
    above = [click.style(line, bold=True) for line in _wrapped(title, console.width)]
    below = [click.style(line, dim=True) for line in _wrapped(note, console.width)]
    return "\n".join([*above, *lines, *below, ""])


def _wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text, on a terminal as wide as that."""
    whole = visible(text)
    return textwrap.wrap(whole, width) if sys.stdout.isatty() else [whole] if whole else []


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """Return the width of each column where a table does not fit as it is: names and sentences break, numbers do not.

    Args:
        header: names of the columns.
        rows: cells.
        room: columns of the terminal.
    """
    places, room = range(len(header)), room - COLUMN_GAP * (len(header) - 1)
    cells = [max((cell_len(row[index]) for row in rows), default=0) for index in range(len(header))]
    if sum(map(max, cells, map(cell_len, header))) <= room:
        return [None] * len(header)
    widths = list(map(max, cells, (_longest_word([name]) for name in header)))
    words = [_longest_word([name, *(row[index] for row in rows)]) for index, name in enumerate(header)]
    worded = [any(word.isalpha() and len(word) > 2 for row in rows for word in row[index].split()) for index in places]
    while sum(widths) > room:
        wide = [index for index in places if (worded[index] or not index) and widths[index] > words[index]]
        if not wide:
            return [None] * len(header)
        widths[max(wide, key=lambda index: widths[index])] -= 1
    return list(widths)


def _longest_word(texts: Sequence[str]) -> int:
    return max((cell_len(word) for text in texts for word in text.split()), default=1)


def plain(text: str) -> str:
    """Return a text without ANSI codes."""
    return click.unstyle(text)
