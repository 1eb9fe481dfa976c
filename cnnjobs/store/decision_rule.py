"""The rule by which a job's repeats end, as `job.json` keeps it: what was fixed at its start, and what it decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cnnjobs.store.json_fields import Fields

VERDICTS = ("better", "worse", "equal")
"""What is decided for good."""


@dataclass(frozen=True, kw_only=True)
class StoredDecision:
    """One decision, and what it was made from.

    Args:
        verdict: "better", "worse" or "equal".
        repeats: after which it was made.
        pairs: of these.
        x: of the rule, at that stop.
        q: sequential p of the verdict: of no difference, or, of "equal", of one as large as the margin.
        alpha: level at which Holm decided.
        family: comparisons that he counted.
        trial_ids: of the variant's and the reference's runs of these repeats, in their order.
    """

    verdict: str
    repeats: int
    pairs: int
    x: float
    q: float
    alpha: float
    family: int
    trial_ids: tuple[str, ...]

    @classmethod
    def from_json(cls, fields: Fields) -> StoredDecision:
        """Return it from its object in `job.json`."""
        verdict = fields.get("verdict", str)
        if verdict not in VERDICTS:
            raise fields.unsound("verdict", f"one of {', '.join(VERDICTS)}")
        return cls(
            verdict=verdict,
            repeats=fields.get("repeats", int),
            pairs=fields.get("pairs", int),
            x=_real(fields, "x"),
            q=_real(fields, "q"),
            alpha=_real(fields, "alpha"),
            family=fields.get("family", int),
            trial_ids=fields.texts("trial_ids"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return its object in `job.json`."""
        return asdict(self) | {"trial_ids": list(self.trial_ids)}


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """When the repeats of each variant end.

    Args:
        alpha: accepted rate of false verdicts, over all variants and looks.
        margin: within which a variant counts as equal, as the metric is stored: 0.002 is 0.2 points; None for no
            "equal".
        most_repeats: of a variant.
        metric: a column of `trials`.
        reference: condition id of the variant that the others are compared with.
        variants: condition id -> name, of every variant that was ever compared by the rule: Holm's family.
        decisions: condition id -> what was decided for good.
    """

    alpha: float
    margin: float | None
    most_repeats: int
    metric: str
    reference: str
    variants: Mapping[str, str]
    decisions: Mapping[str, StoredDecision] = field(default_factory=dict)

    def with_decisions(self, decisions: Mapping[str, StoredDecision]) -> DecisionRule:
        """Return the rule with these decisions."""
        return replace(self, decisions=dict(decisions))

    @classmethod
    def from_json(cls, fields: Fields) -> DecisionRule:
        """Return it from its object in `job.json`."""
        names = fields.part("variants")
        decisions = fields.part("decisions")
        return cls(
            alpha=_real(fields, "alpha"),
            margin=None if fields.values.get("margin") is None else _real(fields, "margin"),
            most_repeats=fields.get("most_repeats", int),
            metric=fields.get("metric", str),
            reference=fields.get("reference", str),
            variants={condition: names.get(condition, str) for condition in names.values},
            decisions={condition: StoredDecision.from_json(one) for condition, one in decisions.parts()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return its object in `job.json`."""
        decisions = {condition: one.to_json() for condition, one in self.decisions.items()}
        return vars(self) | {"variants": dict(self.variants), "decisions": decisions}


def _real(fields: Fields, name: str) -> float:
    value = fields.any(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.unsound(name, "a number")
    return float(value)
