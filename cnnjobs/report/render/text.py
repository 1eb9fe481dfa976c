"""Tables as text: for the terminal, for logs, and for Python's prompt."""

import sys
from collections.abc import Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cnnjobs.wording.terminal import visible

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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(header):
        table.add_column(Text(visible(name, lines=False)), justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell, lines=False)) for cell in row))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH, force_jupyter=False)
    with console.capture() as drawn:
        console.print(table)
    lines = [click.style(visible(title), bold=True), *(line.rstrip() for line in drawn.get().rstrip().splitlines())]
    return "\n".join([*lines, *([click.style(visible(note), dim=True)] if note else []), ""])


def plain(text: str) -> str:
    """Return a text without ANSI codes."""
    return click.unstyle(text)
