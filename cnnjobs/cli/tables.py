"""Tables on the terminal."""

import sys
from collections.abc import Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 160
"""Columns when the output is no terminal: wide enough that no cell is cut."""


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print a table: the first column to the left, the others to the right.

    Args:
        title: over it.
        header: names of the columns.
        rows: cells, shown as they are.
        note: a line under it.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    with console.capture() as drawn:
        console.print(table)
    click.echo(click.style(title, bold=True))
    click.echo("\n".join(line.rstrip() for line in drawn.get().rstrip().splitlines()))
    if note:
        click.echo(click.style(note, dim=True))
    click.echo()
