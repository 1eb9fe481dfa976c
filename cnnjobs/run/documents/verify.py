"""The document of `cnnjobs verify --format json`."""

from collections.abc import Mapping
from typing import Any

from cnnjobs.run.verify import Verification
from cnnjobs.schema.output import document
from cnnjobs.store.verification import StoreCheck


def verify_document(found: Verification) -> dict[str, Any]:
    """Return what is wrong with stored results."""
    jobs = [_job(check) for check in found.checks]
    return document("verify", {"whole": found.whole, "jobs": jobs, "repaired": found.repaired})


def _job(check: StoreCheck) -> dict[str, Any]:
    return {
        "results": check.files.location,
        "whole": check.whole,
        "checked": check.checked,
        "damaged": _listed(check.damaged, "file"),
        "incomplete": _listed(check.incomplete, "trial_id"),
        "problems": check.problems,
    }


def _listed(problems: Mapping[str, str], what: str) -> list[dict[str, str]]:
    return [{what: name, "problem": problem} for name, problem in problems.items()]
