"""Transforms as they are written in a job file, without arguments that have no effect."""

from dataclasses import fields
from typing import Any

from cnnjobs.spec.functions import UserFunction


def written(spec: Any) -> str:
    """Return the call that makes a transform: `PadCrop(padding=4, fill='constant')`.

    Args:
        spec: any transform of single images or of pairs.
    """
    if isinstance(spec, UserFunction):
        options = [f"{name}={_value(value)}" for name, value in spec.options.items()]
        return f"{spec.maker}({', '.join([spec.function.__name__, *options])})"
    values = {item.name: getattr(spec, item.name) for item in fields(spec)}
    told = [
        f"{name}={_value(value)}" for name, value in values.items() if value and (name, value) != ("probability", 1)
    ]
    return f"{type(spec).__name__}({', '.join(told)})"


def _value(value: Any) -> str:
    """Return a value, numbers with three digits."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"({', '.join(map(_value, value))})" if isinstance(value, tuple) else repr(value)
