"""Fields of specs that came later: an option that nobody had set makes nobody's trials run again."""

import dataclasses
from typing import Any

_LATER = "left out of the identity while it has its default"


def later_field(default: Any) -> Any:
    """Return a field for a spec that has stored trials already.

    Args:
        default: what trials did before there was the field; as long as a spec has it, its identity is that of then.
    """
    return dataclasses.field(default=default, metadata={_LATER: True})


def is_neutral(item: "dataclasses.Field[Any]", value: Any) -> bool:
    """Say whether a field has no part in the identity: it came later, and has its default."""
    return bool(item.metadata.get(_LATER)) and type(value) is type(item.default) and value == item.default
