"""Fields added to specs later, which stay out of the identity of trials while they have their default."""

import dataclasses
from typing import Any

_LATER = "left out of the identity while it has its default"


def later_field(default: Any) -> Any:
    """Return a field for a spec that already has stored trials.

    Args:
        default: the behaviour before the field existed; with it, the identity is the same as without the field.
    """
    return dataclasses.field(default=default, metadata={_LATER: True})


def is_neutral(item: "dataclasses.Field[Any]", value: Any) -> bool:
    """Return whether a field stays out of the identity: it was added later and has its default."""
    return bool(item.metadata.get(_LATER)) and type(value) is type(item.default) and value == item.default
