"""Checks of the values of specs; each raises a SpecError with the argument, the expected and the received value."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.wording.nearest import near_it


def whole(name: str, value: Any, *, least: int, most: int | None = None, hint: str = "") -> int:
    """Return `value` if it is a whole number of at least `least`, and of at most `most` if that is given."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise SpecError(_message(name, f"a whole number of at least {least}", value, hint))
    if most is not None and int(value) > most:
        raise SpecError(_message(name, f"a whole number of at most {most}", value, hint))
    return int(value)


def flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, bool):
        raise SpecError(_message(name, "True or False", value, ""))
    return value


def number(
    name: str,
    value: Any,
    hint: str = "",
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a float if it is finite and within the given bounds."""
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    expected = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SpecError(_message(name, f"a number {expected}".strip(), value, hint))
    try:
        x = float(value)
    except OverflowError:
        x = math.inf
    inside = (
        math.isfinite(x)
        and (least is None or x >= least)
        and (above is None or x > above)
        and (most is None or x <= most)
        and (below is None or x < below)
    )
    if not inside:
        raise SpecError(_message(name, f"a number {expected}".strip(), value, hint))
    return x


def gpu_count(name: str, value: Any) -> float:
    """Return `value` if it is a possible number of GPUs of a trial: 0, a fraction below 1, or a whole number."""
    count = number(name, value, least=0, most=1024)
    if count > 1 and count != int(count):
        raise SpecError(_message(name, "0, a fraction of one GPU or a whole number of them", value, ""))
    return count


def as_float(spec: Any, field: str, **bounds: float | None) -> None:
    """Check a field of a frozen spec and convert it to a float, so that 1 and 1.0 are the same setting."""
    value = number(f"{type(spec).__name__}.{field}", getattr(spec, field), "", **bounds)
    object.__setattr__(spec, field, value)


def as_range(spec: Any, field: str, **bounds: float | None) -> None:
    """Check a field of a frozen spec that holds two numbers, the lower one first, and convert it to floats."""
    name, value = f"{type(spec).__name__}.{field}", getattr(spec, field)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise SpecError(_message(name, "two numbers (low, high), as a tuple", value, ""))
    low, high = (number(name, one, f"It is part of {field}={value!r}.", **bounds) for one in value)
    if low > high:
        raise SpecError(_message(name, "two numbers (low, high), the lower first", value, ""))
    object.__setattr__(spec, field, (low, high))


def one_of(name: str, value: Any, allowed: Collection[Any]) -> Any:
    """Return `value` if it is one of `allowed`."""
    if not any(type(value) is type(item) and value == item for item in allowed):
        names = ", ".join(repr(item) for item in allowed)
        near = near_it(value, [one for one in allowed if isinstance(one, str)]) if isinstance(value, str) else ""
        raise SpecError(_message(name, f"one of {names}", value, near.strip()))
    return value


def _message(name: str, expected: str, value: Any, hint: str) -> str:
    leaf = name.rsplit(".", 1)[-1].rsplit(" ", 1)[-1]
    return f"`{name}` must be {expected}. Received: {leaf}={value!r}. {hint}".rstrip()
