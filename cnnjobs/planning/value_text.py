"""The content of a value as text: equal for values that are equal, whatever process they are in."""

import collections
import dataclasses
import enum
import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

_BUILT_IN = ("builtins", "types", "collections", "functools", "numpy", "pathlib")

_PLAIN = (bytes, int, float, complex, bool, type(None), range, slice)


_WITH_SUBCLASSES = (*_PLAIN[:4], str, list, tuple, set, frozenset, dict, SimpleNamespace, functools.partial)
"""What a user may have made subclasses of, whose methods then count."""


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

    kind = type(value)
    if kind.__module__ not in _BUILT_IN and not isinstance(value, enum.Enum) and isinstance(value, _WITH_SUBCLASSES):
        own = {} if isinstance(value, SimpleNamespace) else getattr(value, "__dict__", {})
        held = inner(_plain_of(value)), inner(own), inner(getattr(value, "_fields", ()))
        return f"{of_code(kind)}({', '.join(held)})"
    if isinstance(value, collections.defaultdict):
        return f"defaultdict[{inner(value.default_factory)}, {inner(dict(value))}]"
    if isinstance(value, collections.deque):
        return f"deque[{inner(list(value))}, {value.maxlen}]"
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
        names = [field.name for field in dataclasses.fields(value)]
        parts = [f"{name}={inner(getattr(value, name))}" for name in names]
        parts += [f"{name}={inner(part)}" for name, part in state_of(value).items() if name not in names]
        return f"{of_code(type(value))}({', '.join(parts)})"
    if isinstance(value, functools.partial):
        return f"partial{inner([value.func, list(value.args), value.keywords])}"
    if type(value).__module__ == "numpy" and hasattr(value, "tobytes"):
        if value.dtype.hasobject:
            raise NoContent(type(value).__name__)
        return f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
    return of_code(value)


def _plain_of(value: Any) -> Any:
    """Return what a value of a subclass is without what the subclass adds."""
    if isinstance(value, SimpleNamespace):
        return vars(value)
    if isinstance(value, functools.partial):
        return [value.func, list(value.args), value.keywords]
    if isinstance(value, dict):
        return [getattr(value, "default_factory", None), dict(value)]
    plain: Any = next(kind for kind in _WITH_SUBCLASSES if isinstance(value, kind))
    return plain(value)


def state_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object, in its dictionary and in its slots; not those that it remembers by itself."""
    kinds = type(value).__mro__
    cached = {
        name for kind in kinds for name, part in vars(kind).items() if isinstance(part, functools.cached_property)
    }
    slots = [name for kind in kinds for name in _names(vars(kind).get("__slots__", ()))]
    own = {name: part for name, part in getattr(value, "__dict__", {}).items() if name not in cached}
    own |= {
        name: getattr(value, name) for name in slots if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    }
    if not own and not slots and not hasattr(value, "__dict__"):
        raise NoContent(type(value).__name__)
    return own


def _names(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots)


def made_of(value: Any) -> list[Any]:
    """Return how an object of Keras's was made, and its weights, if it has any; names that Keras gave do not count."""
    config = dict(value.get_config())
    if isinstance(config.get("name"), str):
        config["name"] = re.sub(r"_\d+$", "", config["name"])
    weights = value.get_weights() if callable(getattr(value, "get_weights", None)) else []
    return [config, list(weights)]


def path_like(text: Any) -> bool:
    """Say whether a text or a path names a place on this machine, which is another on another machine."""
    return isinstance(text, PurePath) or Path(str(text)).is_absolute()
