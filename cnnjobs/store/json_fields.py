"""Takes values out of a JSON document, each with the type that is expected of it."""

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cnnjobs.wording.terminal import visible

T = TypeVar("T")

EXPECTED: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
"""The types of JSON in words."""


class UnsoundError(ValueError):
    """A value is missing, or not what is expected; the message says which, what was expected and what came."""


@dataclass(frozen=True)
class Fields:
    """An object of a JSON document.

    Args:
        values: its values by their names.
        path: of the object in the document, for messages; empty for the whole document.
    """

    values: Mapping[str, Any]
    path: str = ""

    def get(self, name: str, kind: type[T]) -> T:
        """Return a value of that type.

        Raises:
            UnsoundError: if it is missing or of another type.
        """
        value = self.any(name)
        if not _is(value, kind):
            raise self.unsound(name, EXPECTED[kind])
        return value  # type: ignore[no-any-return]

    def optional(self, name: str, kind: type[T]) -> T | None:
        """Return a value of that type, or None where it is missing or null."""
        return None if self.values.get(name) is None else self.get(name, kind)

    def any(self, name: str) -> Any:
        """Return a value of whatever type.

        Raises:
            UnsoundError: if it is missing.
        """
        if name not in self.values:
            raise UnsoundError(f"`{self.path}{name}` is missing.")
        return self.values[name]

    def words(self, name: str) -> str:
        """Return a text that people read, of which no terminal and no page obeys anything."""
        return visible(self.get(name, str), lines=False)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts that people read."""
        values = self.get(name, list)
        if not all(isinstance(text, str) for text in values):
            raise self.unsound(name, "a list of texts")
        return tuple(visible(text, lines=False) for text in values)

    def part(self, name: str) -> "Fields":
        """Return an object inside this one."""
        return Fields(self.get(name, dict), f"{self.path}{name}.")

    def parts(self) -> Iterator[tuple[str, "Fields"]]:
        """Yield name and object of each value; all of them are to be objects."""
        for name in self.values:
            yield visible(name, lines=False), self.part(name)

    def unsound(self, name: str, expected: str) -> UnsoundError:
        """Return the error for a value that is not what is expected."""
        return UnsoundError(f"`{self.path}{name}` must be {expected}. Received: {reprlib.repr(self.values[name])}.")


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of a type of JSON; in Python alone is true a number."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def listed(values: tuple[Any, ...] | None) -> list[Any] | None:
    """Return a tuple as JSON has it."""
    return None if values is None else list(values)


def without_none(values: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """Return the values without those that are optional and None."""
    return {name: value for name, value in values.items() if value is not None or name not in optional}
