"""Checks that specs make of their own values: each raises a SpecError that says what to do."""

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

from cnnjobs.errors import SpecError


def whole(name: str, value: Any, *, least: int, hint: str = "") -> int:
    """Return `value` if it is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SpecError(_message(name, f"a whole number of at least {least}", value, hint))
    return int(value)


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    hint: str = "",
) -> float:
    """Return `value` as a float if it is finite and within the bounds that are given."""
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    expected = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SpecError(_message(name, f"a number {expected}".strip(), value, hint))
    x = float(value)
    inside = (
        abs(x) != float("inf")
        and x == x  # not NaN
        and (least is None or x >= least)
        and (above is None or x > above)
        and (most is None or x <= most)
        and (below is None or x < below)
    )
    if not inside:
        raise SpecError(_message(name, f"a number {expected}".strip(), value, hint))
    return x


def one_of(name: str, value: Any, allowed: Collection[Any]) -> Any:
    """Return `value` if it is one of `allowed`."""
    if value not in allowed:
        names = ", ".join(repr(item) for item in allowed)
        raise SpecError(_message(name, f"one of {names}", value, ""))
    return value


def _message(name: str, expected: str, value: Any, hint: str) -> str:
    leaf = name.rsplit(".", 1)[-1].rsplit(" ", 1)[-1]
    return f"`{name}` must be {expected}. Received: {leaf}={value!r}. {hint}".rstrip()
