"""Short names for the values of one axis of a grid, from the settings in which the values differ."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import PurePath
from types import FunctionType
from typing import Any

from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.models import Model, WeightsFile
from cnnjobs.spec.transforms import Augment

NOTHING = {"augment": "no augmentation", "tta": "no test-time augmentation", "loss": "cross-entropy"}
"""Field -> what None means there, if that is not the absence of what the field is called."""

TOLD = {"CrossEntropy": ["label_smoothing"]}
"""Word -> settings that are told even of a single value, because None means the same word without."""

LED_BY = "learning_rate"
"""A value that stands behind its word without its name: "SGD 0.1"."""

SPELLED = "Augment"
"""A word that says less than what is set: its fields stand for it, "flip shift 0.1"."""

_USUAL = {one.name: one.default for one in fields(Augment)}

_MISSING = object()


@dataclass(frozen=True)
class _Told:
    """A spec in words: which kind of value, and its settings, those of specs within it too ("then.final")."""

    word: str
    fields: Mapping[str, Any]


_Value = Any
"""A `_Told`, a tuple of values, or something plain."""


def level_names(axis: str, values: Sequence[Any]) -> list[str]:
    """Return a unique name for each value of an axis: "batch_size=32", "SGD 0.1", "no augmentation".

    Args:
        axis: name of the axis, which is a field of `Variant` or an argument.
        values: specs, their form in `job.json`, or plain values.
    """
    told = [_told(value) for value in values]
    if all(_is_plain(value) for value in told):
        names = [f"{axis}={_text(value)}" for value in told]
    else:
        names = [_name(axis, value, told) for value in told]
    return distinct([_printable(name) for name in names])


def distinct(names: Sequence[str]) -> list[str]:
    """Return the names, with a number added to equal ones: "f", "f 2"."""
    seen, taken, found = Counter[str](), set(names), list[str]()
    for name in names:
        seen[name] += 1
        while seen[name] > 1 and (numbered := f"{name} {seen[name]}") in taken:
            seen[name] += 1
        found.append(numbered if seen[name] > 1 else name)
        taken.add(found[-1])
    return found


def _told(value: Any) -> _Value:
    if isinstance(value, Mapping):
        return _told_of_stored(value)
    if isinstance(value, list | tuple):
        return tuple(_told(part) for part in value)
    if isinstance(value, UserFunction):
        return _told_of_function(value.function, value.options)
    if isinstance(value, FunctionType):
        return _told_of_function(value, {})
    if isinstance(value, Model):
        word, options = value.written or (value.builder, value.options)
        return _Told(str(options.get("name", word)), _flat(options))  # an application's name says more than its builder
    if isinstance(value, WeightsFile):
        return PurePath(value.path).name
    if is_dataclass(value) and not isinstance(value, type) and hasattr(value, "kind"):
        return _Told(type(value).__name__, _flat({one.name: getattr(value, one.name) for one in fields(value)}))
    if isinstance(value, PurePath):
        return value.name
    if callable(value) and hasattr(value, "__name__"):
        return _Told(value.__name__, {})
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _told_of_function(function: Callable[..., Any], options: Mapping[str, Any]) -> _Told:
    parameters = inspect.signature(function).parameters.values()
    usual = {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}
    return _Told(function.__name__, _flat(usual | dict(options)))


def _told_of_stored(value: Mapping[str, Any]) -> _Value:
    """Return what `job.json` keeps of a spec; a mapping that is none is plain."""
    if "kind" not in value:
        return " ".join(f"{key}: {part}" for key, part in value.items())
    if "builder" in value or "function" in value:
        return _Told(str(value.get("builder", value.get("function"))), _flat(value.get("options", {})))
    return _Told(str(value["kind"]), _flat({key: part for key, part in value.items() if key != "kind"}))


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, with those of specs within them: {"then": "CosineDecay", "then.final": 0.0}."""
    found: dict[str, Any] = {}
    for name, option in options.items():
        value = _told(option)
        if isinstance(value, _Told):
            found |= {name: value.word} | {f"{name}.{inner}": part for inner, part in value.fields.items()}
        else:
            found[name] = collapsed(value)
    return found


def collapsed(value: Any) -> Any:
    """Return the single value of a tuple whose values are all equal: one rate for all layers."""
    if isinstance(value, list | tuple) and value:
        parts = [collapsed(part) for part in value]
        return parts[0] if all(part == parts[0] for part in parts) else tuple(parts)
    return value


def _is_plain(value: _Value) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_plain(part) for part in value)
    return not isinstance(value, _Told)


def _name(axis: str, value: _Value, values: Sequence[_Value]) -> str:
    if value is None or value == ():
        return NOTHING.get(axis, f"no {axis}")
    if _is_plain(value):
        return f"{axis}={_text(value)}"
    if isinstance(value, tuple):
        return " + ".join(_name(axis, part, values) for part in value)
    alike = [one for one in _all_told(values) if one.word == value.word]
    differing = _differing(alike)
    if len(differing) == 1 and all(isinstance(one, _Told) for one in values) and len(alike) == len(values):
        return _setting(value, differing[0])
    if value.word == SPELLED:
        return _spelled(value)
    differing = differing or TOLD.get(value.word, [])
    led = [_text(value.fields[LED_BY])] if LED_BY in value.fields else []
    return " ".join([value.word, *led, *(_setting(value, name) for name in differing if _shows(value, name))])


def _all_told(values: Sequence[_Value]) -> Iterator[_Told]:
    for value in values:
        if isinstance(value, _Told):
            yield value
        elif isinstance(value, tuple):
            yield from _all_told(value)


def _differing(alike: Sequence[_Told]) -> list[str]:
    """Return the settings in which values of one word differ; those of specs within them among such as have them."""
    found = []
    for name in dict.fromkeys(name for one in alike for name in one.fields):
        own = [one.fields.get(name, _MISSING) for one in alike]
        if "." in name:
            own = [value for value in own if value is not _MISSING]
        if any(value != own[0] for value in own):
            found.append(name)
    return found


def _shows(value: _Told, name: str) -> bool:
    return name != LED_BY and ("." not in name or name in value.fields)


def _setting(value: _Told, name: str) -> str:
    own = value.fields.get(name, _MISSING)
    return f"default {name}" if own is _MISSING else f"{name.rpartition('.')[2]}={_text(own)}"


def _spelled(value: _Told) -> str:
    """Return what an `Augment` does."""
    parts = []
    for name, own in value.fields.items():
        if own != _USUAL.get(name, own) and name != "fill":
            parts.append(name if own == "horizontal" else f"{name} {_text(own)}")
    return " ".join(parts)


def _text(value: Any) -> str:
    if isinstance(value, _Told):
        return value.word
    if isinstance(value, tuple):
        texts = any(isinstance(part, str) for part in value)
        return (" + " if texts else "-").join(_text(part) for part in value)
    return str(value)


def _printable(name: str) -> str:
    """Return a name without what no table can hold."""
    return " ".join("".join(one if one.isprintable() else " " for one in name).split())
