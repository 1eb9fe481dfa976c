r"""Values as JSON, by rules that hold for all that programs read.

- Numbers are as stored, unrounded. NaN and infinity, which JSON has not, are null, and the object that holds them says
  so: `"null_reasons": {"mean": "nan"}`; of an array's elements by their place, `{"values[3]": "infinity"}`.
- Times are ISO 8601 in UTC: `2026-11-29T06:34:28.120Z`.
- Text is UTF-8. What a terminal would obey, and bytes of file names that are no UTF-8, are escaped, as `\u001b`.
- A document is one line.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from cnnjobs.wording.terminal import escaped_in_json

NULL_REASONS = "null_reasons"
"""Key of an object that says which of its numbers are null because they are not finite: name -> one of `REASONS`."""

REASONS = ("nan", "infinity", "-infinity")
"""What such a number is."""


def json_text(fields: Mapping[str, Any]) -> str:
    """Return an object on one line.

    Args:
        fields: text, numbers, truth values, None, times, paths, and arrays, sequences and mappings of such.

    Raises:
        TypeError: for a value of another type.
    """
    return escaped_in_json(json.dumps(json_object(fields), ensure_ascii=False, allow_nan=False))


def json_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object of JSON's own types, with the reasons of numbers that are null.

    Args:
        fields: as of `json_text`.
    """
    made: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for key, value in fields.items():
        name = str(key.value) if isinstance(key, Enum) else str(key)
        made[name] = _value(value, name, reasons)
    return made | {NULL_REASONS: reasons} if reasons else made


def utc(moment: float) -> datetime:
    """Return a moment, in seconds since 1970, as the time that `json_text` writes."""
    return datetime.fromtimestamp(moment, UTC)


def _value(value: Any, place: str, reasons: dict[str, str]) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Mapping):
        return json_object(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, PurePath):
        return str(value)
    if not isinstance(value, str | bytes) and callable(getattr(value, "tolist", None)):  # of NumPy
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(one, f"{place}[{number}]", reasons) for number, one in enumerate(value)]
    if isinstance(value, float):
        return _number(value, place, reasons)
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{place} is {type(value).__name__}, which has no form in JSON")


def _number(value: float, place: str, reasons: dict[str, str]) -> float | None:
    if math.isfinite(value):
        return float(value)
    reasons[place] = REASONS[0] if math.isnan(value) else REASONS[1] if value > 0 else REASONS[2]
    return None
