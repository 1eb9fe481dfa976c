"""What a person sees: the one way to a terminal, on which no text of others does more than be read."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from cnnjobs.wording.sentences import clause

_HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
"""Characters that move the cursor, begin commands to the terminal, turn the direction of a line, or are none."""

_STYLE = r"\x1b\[(?:[0-4]|22|3[0-79]|9[0-7])?(?:;(?:[0-4]|3[0-7]|9[0-7]))*m"
"""Bold, dim and colours, as `click.style` and Rich's tables have them; no blinking, no hiding."""

_LINE = re.compile(f"[{_HIDDEN}\n\t]")
_TEXT = re.compile(f"[{_HIDDEN}]")
_STYLED = re.compile(f"({_STYLE})|[{_HIDDEN}]")


def visible(text: object, *, lines: bool = True) -> str:
    r"""Return a text of which the terminal obeys nothing: what it would obey is shown, as \x1b for example.

    Class names, file names and stored errors come from files that others may have written.

    Args:
        text: whatever it is.
        lines: keep line ends and tabs; without, the text stays on one line.
    """
    return (_TEXT if lines else _LINE).sub(_escaped, str(text))


def unstyled(text: str) -> str:
    """Return what another program printed: without its colours, and visible."""
    return visible(click.unstyle(text).replace("\r\n", "\n"))


def escaped_in_json(text: str) -> str:
    r"""Return JSON in which nothing is that a terminal obeys: in its strings, and only there, it is \u001b or alike.

    Args:
        text: JSON.
    """
    return _TEXT.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def echo(text: object = "", *, err: bool = False, styled: bool = False) -> None:
    """Show a text and a line end.

    Args:
        text: whatever it is.
        err: on standard error.
        styled: leave bold, dim and colours in it; what comes from files in it must be `visible` already.
    """
    shown = _STYLED.sub(lambda match: match[1] or _escaped(match), str(text)) if styled else visible(text)
    click.echo(shown, err=err)


_listeners: list[Callable[[str], None]] = []


def unsaid(text: object = "", /, *, styled: bool = False) -> None:
    """Show it to nobody: a program reads."""


def note(text: object) -> None:
    """Show something that a person should know, on standard error."""
    echo(f"note: {clause(text)}", err=True)
    for listener in _listeners:
        listener(clause(text))


@contextlib.contextmanager
def heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Tell every note to a function as well, as it is, for programs.

    Args:
        listener: takes a note.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def write_data(data: str | bytes) -> None:
    """Write what other programs read to standard output: as it is, but visible on a terminal."""
    if sys.stdout.isatty():
        text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
        click.echo(visible(text), nl=False)
    else:
        click.echo(data, nl=False)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    known: dict[Any, str] = {10: r"\n", 9: r"\t", 13: r"\r"}
    return known.get(code) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
