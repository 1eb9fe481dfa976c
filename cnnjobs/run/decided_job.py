"""The job with the rule of deciding that holds for it, if one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnnjobs.run.prepare import Prepared
from cnnjobs.spec.decidable import AskedRule
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    from cnnjobs.run.rule_start import RuleStart


def decided_by(
    asked: AskedRule | None, prepared: Prepared, store: Store
) -> tuple[Prepared, RuleStart | None, tuple[str, ...]]:
    """Return the job with the rule that is asked for, if one is, that rule, and what is to be said.

    Args:
        asked: what is asked for now; None for no rule.
        prepared: the job.
        store: its folder.

    Raises:
        SpecError: for what cannot change any more.
    """
    if asked is None:
        return prepared, None, tuple(_standing(prepared, store))
    from cnnjobs.run.rule_start import started_rule  # loads SciPy

    start = started_rule(asked, prepared, store)
    return start.decided, start, tuple(start.notes())


def _standing(prepared: Prepared, store: Store) -> Iterator[str]:
    """Say what becomes of a rule that began earlier, where a submit does not ask for one."""
    rule = None if store.job is None else store.job.decide
    if rule is not None and rule.reference in prepared.plan.conditions.values():
        yield (
            "The rule of deciding that began here earlier remains. Further repeats of variants that are decided are "
            "shown but not used; those of the others count when the rule continues"
        )
