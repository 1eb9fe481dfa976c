"""What no message of the package has, looked for in all that are made while tests run."""

import re

import click
import pytest

from cnnjobs.errors import CnnjobsError

BROKEN = re.compile(r"[\w)\]]\.\.(?!\.)(\s|$)|\w\.\)?;|; \.|;;|\w\.\)\.|,\.|: \.(?=\s|$)|\w  +(?=[a-z]+ )")
"""Two stops, a stop within a sentence, spaces that are too many."""


def listen(patch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that fills with the errors that are raised, and the notes that are shown."""
    said: list[str] = []

    def made(self: CnnjobsError, *words: object) -> None:
        Exception.__init__(self, *words)
        said.append(str(self))

    echo = click.echo

    def shown(message: object = None, **options: object) -> None:
        if isinstance(message, str) and message.startswith("note: "):
            said.append(message)
        echo(message, **options)

    patch.setattr(CnnjobsError, "__init__", made)
    patch.setattr(click, "echo", shown)
    return said
