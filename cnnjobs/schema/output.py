"""Standard output for a program: lines while a command runs, one document at its end, and errors as documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TextIO

import cnnjobs
from cnnjobs.schema.json_text import json_text

ERROR = "error"
"""Key of what went wrong, in every document; null if nothing did. Also the kind of a document of nothing else."""


def schema_name(kind: str) -> str:
    """Return what `schema` is in documents of a kind: its number grows when a key is removed or means something else.

    Args:
        kind: a command, or "error".
    """
    return f"cnnjobs.{kind}/1"


def document(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document: what it is of, the version of cnnjobs, and its fields.

    Args:
        kind: a command, or "error".
        fields: in snake_case.
    """
    return {"schema": schema_name(kind), "cnnjobs": cnnjobs.__version__, **fields}


@dataclass(frozen=True)
class Failing:
    """What went wrong.

    Args:
        kind: name of the class of error; of `errors`, "UsageError" or "UnexpectedError".
        message: what is said to a person, without colours.
        exit_code: of the command.
        more: other fields.
    """

    kind: str
    message: str
    exit_code: int
    more: Mapping[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return it as an object."""
        return {"kind": self.kind, "message": self.message, "exit_code": self.exit_code, **self.more}


class Output:
    """What a command writes for a program.

    Args:
        stream: standard output, on which nothing else is written.
        command: the command's name; empty if there is none.
        wrap: what becomes of a line before it is written.
    """

    def __init__(self, stream: TextIO, command: str = "", wrap: Callable[[str], str] = str) -> None:
        self._stream, self._command, self._wrap = stream, command, wrap
        self._lock = Lock()
        self._last: Callable[[], Mapping[str, Any]] | None = None
        self._is_complete = False
        self._failing: Failing | None = None
        self._notes: list[str] = []

    def take_note(self, note: str) -> None:
        """Keep a note, which is said to a person as well, for the document at the end."""
        self._notes.append(note)

    def write(self, fields: Mapping[str, Any]) -> None:
        """Write a line at once, whole.

        Args:
            fields: with `schema`.
        """
        text = self._wrap(json_text(fields))
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def end_with(self, make: Callable[[], Mapping[str, Any]]) -> None:
        """Say what the last document is, in the place of what was said before; it gets `notes` and `error`.

        Args:
            make: returns its fields, with `schema`, when the command ends.
        """
        self._last = make

    def pass_on(self, fields: Mapping[str, Any], *, is_last: bool) -> None:
        """Write a line of the same command on another machine.

        Args:
            fields: as it wrote them.
            is_last: whether it is the last one.
        """
        self.write(fields)
        self._is_complete = self._is_complete or is_last

    def fail(self, failing: Failing) -> None:
        """Say what went wrong; the first that is said counts."""
        self._failing = self._failing or failing

    def finish(self, exit_code: int, *, is_answer: bool = False) -> None:
        """Write the last document.

        Args:
            exit_code: of the command.
            is_answer: whether that is what the command was to find out, and no error.
        """
        if self._is_complete:
            return
        last = {} if self._last is None else dict(self._last())
        told = last.get(ERROR)
        if self._failing is not None:
            told = self._failing.fields() | {"exit_code": exit_code}
        elif exit_code and not told and not is_answer:
            told = Failing("CnnjobsError", "Standard error says why.", exit_code).fields()
        notes = [*last.get("notes", ()), *self._notes]
        if last:
            self.write({**last, "notes": notes, ERROR: told})
        elif told is not None:
            self.write(document(ERROR, {"command": self._command or None, "notes": notes, ERROR: told}))
