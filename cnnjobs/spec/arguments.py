"""Checks argument names of the functions and classes of job files; a misspelt name is answered with the nearest one."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

from cnnjobs.errors import SpecError
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import sentences

Word = TypeVar("Word", bound=Callable[..., Any])

WORDS: dict[str, Callable[..., Any]] = {}
"""Maps names to the classes and functions of job files; an unknown argument of one may be an argument of another."""

COMMON = ("Job", "Variant", "Adam", "vgg")
"""Named first among the classes and functions that have an argument."""

CALLED = {
    "lr": "learning_rate",
    "bs": "batch_size",
    "wd": "weight_decay",
    "data": "dataset",
    "seeds": "repeats",
    "runs": "repeats",
    "trials": "repeats",
    "cv": "folds",
    "metrics": "watch",
    "net": "model",
    "network": "model",
    "clipnorm": "clip_norm",
    "clipvalue": "clip_value",
}
"""Names of arguments in other libraries that are not similar to the names here."""


def arguments_named(word: Word) -> Word:
    """Make a class or function refuse unknown arguments with a `SpecError` that suggests the nearest name.

    Args:
        word: a class or function of job files.
    """
    call: Callable[..., Any] = word.__init__ if isinstance(word, type) else word  # type: ignore[misc]
    WORDS[word.__name__] = word

    @wraps(call)
    def checked(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except TypeError:
            refused = _refusal(word, args[isinstance(word, type) :], options)
            if not refused:  # it is of something within
                raise
        raise SpecError(refused)

    if not isinstance(word, type):
        return checked  # type: ignore[return-value]
    word.__init__ = checked  # type: ignore[misc]
    return word


def unknown_argument(call: str, name: str, known: Iterable[str]) -> str:
    """Return the message for an unknown argument.

    Args:
        call: what was called: "Job", "Variant.but".
        name: name of the argument.
        known: names of the known arguments.
    """
    has = list(known)
    meant = CALLED.get(name, "")
    near = f" Near it: {meant}." if meant in has else near_it(name, has)
    elsewhere = "" if near else _elsewhere(meant or name)
    return f"`{call}({name}=...)`: there is no such argument.{near}{elsewhere} It has {', '.join(has)}."


def _refusal(word: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> str:
    """Return what does not fit between a call and its signature; empty if all does."""
    signature, name = inspect.signature(word), word.__name__
    named = [one for one in signature.parameters.values() if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if not any(one.kind is one.VAR_KEYWORD for one in signature.parameters.values()):
        known = [one.name for one in named]
        unknown = [unknown_argument(name, option, known) for option in options if option not in known]
        if unknown:
            return unknown[0]
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        needed = [one.name for one in signature.parameters.values() if one.default is one.empty and one in named]
        needs = f"It needs {', '.join(needed)}" if needed else ""
        by_name = "its arguments are given by name" if named and named[0].kind is inspect.Parameter.KEYWORD_ONLY else ""
        return sentences(f"`{name}(...)`: {error}", needs, by_name and by_name.capitalize() + ".").rstrip(".") + "."
    return ""


def _elsewhere(name: str) -> str:
    """Say which other words have an argument of that name."""
    others = [other for other, word in WORDS.items() if name in inspect.signature(word).parameters]
    first = sorted(others, key=lambda other: (other not in COMMON, other))[:3]
    more = " and others" if len(others) > 3 else ""
    return f" {name} is an argument of {', '.join(first)}{more}." if first else ""
