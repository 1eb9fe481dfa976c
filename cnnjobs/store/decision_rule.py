"""The rule by which a job's repeats end, as `job.json` keeps it: what was fixed at its start, and what it decided."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cnnjobs.spec.decide import FEWEST_REPEATS, LARGEST_ALPHA, MOST_REPEATS, SMALLEST_ALPHA
from cnnjobs.spec.metrics import HEADLINE, TEST, column_of
from cnnjobs.store.json_fields import Fields

VERDICTS = ("better", "worse", "equal")
"""What is decided for good."""

METRIC = column_of(TEST, HEADLINE)
"""The metric that decides."""

ANY = sys.float_info.max
"""The largest finite number."""


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
        """Return it from its object in `job.json`.

        Raises:
            UnsoundError: if the rule cannot have decided so.
        """
        verdict = fields.get("verdict", str)
        if verdict not in VERDICTS:
            raise fields.unsound("verdict", f"one of {', '.join(VERDICTS)}")
        repeats = _whole(fields, "repeats", FEWEST_REPEATS, MOST_REPEATS)
        trial_ids = fields.texts("trial_ids")
        if len(trial_ids) != 2 * repeats:
            raise fields.unsound("trial_ids", f"those of {repeats} repeats of two variants")
        return cls(
            verdict=verdict,
            repeats=repeats,
            pairs=_whole(fields, "pairs", FEWEST_REPEATS, repeats),
            x=_real(fields, "x", 0),
            q=_real(fields, "q", 0, 1),
            alpha=_real(fields, "alpha", 0, LARGEST_ALPHA),
            family=_whole(fields, "family", 1, sys.maxsize),
            trial_ids=trial_ids,
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
        """Return it from its object in `job.json`.

        Raises:
            UnsoundError: if no rule can be so.
        """
        names, decisions = fields.part("variants"), fields.part("decisions")
        variants = {condition: names.words(condition) for condition in names.values}
        reference, metric = fields.get("reference", str), fields.get("metric", str)
        if reference in variants:
            raise fields.unsound("variants", "the conditions that are compared with the reference, without its own")
        if metric != METRIC:
            raise fields.unsound("metric", METRIC)
        unknown = [condition for condition in decisions.values if condition not in variants]
        if unknown:
            raise fields.unsound("decisions", "decisions on conditions among `variants`")
        return cls(
            alpha=_real(fields, "alpha", SMALLEST_ALPHA, LARGEST_ALPHA),
            margin=None if fields.values.get("margin") is None else _real(fields, "margin", 0, 1, open_ended=True),
            most_repeats=_whole(fields, "most_repeats", FEWEST_REPEATS, MOST_REPEATS),
            metric=metric,
            reference=reference,
            variants=variants,
            decisions={condition: StoredDecision.from_json(one) for condition, one in decisions.parts()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return its object in `job.json`."""
        decisions = {condition: one.to_json() for condition, one in self.decisions.items()}
        return vars(self) | {"variants": dict(self.variants), "decisions": decisions}


def _real(fields: Fields, name: str, least: float, most: float = ANY, *, open_ended: bool = False) -> float:
    """Return a finite number of a range, of which the ends may be no part."""
    value = fields.any(name)
    is_number = not isinstance(value, bool) and isinstance(value, int | float)
    if not is_number or not least <= value <= most or (open_ended and value in (least, most)):
        ends = f"above {least:g} and below {most:g}" if open_ended else f"from {least:g} to {most:g}"
        raise fields.unsound(name, f"a number of at least {least:g}" if most == ANY else f"a number {ends}")
    return float(value)


def _whole(fields: Fields, name: str, least: int, most: int) -> int:
    value = fields.get(name, int)
    if not least <= value <= most:
        raise fields.unsound(name, f"a whole number from {least} to {most}")
    return value
