"""The document of `cnnjobs doctor --format json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnjobs.run.health_checks import Check
from cnnjobs.schema.output import document


def doctor_document(checks: Sequence[Check], of_head: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what was looked at.

    Args:
        checks: made here.
        of_head: the document that a cluster's head has written.
    """
    told = of_head or {}
    made = [*map(_check, checks), *told.get("checks", ())]
    said = {key: value for key, value in told.items() if key in ("notes", "error")}
    return document("doctor", {"checks": made, "wrong": sum(one["wrong"] for one in made), **said})


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "wrong": check.is_wrong, "said": check.said, "remedy": check.remedy or None}
