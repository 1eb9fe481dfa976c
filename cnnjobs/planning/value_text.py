"""The content of a value as text: equal for values that are equal, whatever process they are in."""

import dataclasses
import enum
import functools
import hashlib
from collections.abc import Callable
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

_PLAIN = (bytes, int, float, complex, bool, type(None), range, slice)


class NoContent(Exception):
    """A value whose content cannot be told; names its type."""


def content_of(value: Any, of_code: Callable[[Any], str], of_text: Callable[[Any], str] = repr) -> str:
    """Return a text that is equal for values of equal content.

    Args:
        value: a number, text, a container of such, an array, a dataclass; or what `of_code` knows.
        of_code: returns the text of anything else, of functions and classes above all.
        of_text: returns that of words and paths.

    Raises:
        NoContent: if there is no telling: of what holds itself, for one.
    """
    try:
        return _content_of(value, of_code, of_text)
    except (RecursionError, AttributeError, TypeError, ValueError):
        raise NoContent(type(value).__name__) from None


def _content_of(value: Any, of_code: Callable[[Any], str], of_text: Callable[[Any], str]) -> str:
    def inner(part: Any) -> str:
        return _content_of(part, of_code, of_text)

    if isinstance(value, enum.Enum):
        return f"{of_code(type(value))}.{value.name}"
    if isinstance(value, str | PurePath):
        return of_text(value)
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, SimpleNamespace):
        return f"namespace{inner(vars(value))}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}[{', '.join(map(inner, value))}]"
    if isinstance(value, set | frozenset):
        return f"set[{', '.join(sorted(map(inner, value)))}]"
    if isinstance(value, dict):
        return f"dict[{', '.join(f'{inner(key)}: {inner(item)}' for key, item in value.items())}]"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [f"{field.name}={inner(getattr(value, field.name))}" for field in dataclasses.fields(value)]
        return f"{of_code(type(value))}({', '.join(parts)})"
    if isinstance(value, functools.partial):
        return f"partial{inner([value.func, list(value.args), value.keywords])}"
    if type(value).__module__ == "numpy" and hasattr(value, "tobytes"):
        if value.dtype.hasobject:
            raise NoContent(type(value).__name__)
        return f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
    return of_code(value)
