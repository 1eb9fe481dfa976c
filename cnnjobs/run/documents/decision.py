"""What the rule of a job says of its variants, as objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # statistics take long to import, and most commands need none of them
    from cnnjobs.comparison.decisions import Ruling
    from cnnjobs.stats.sequential import Decision


def decision_object(variant: str, decision: Decision) -> dict[str, Any]:
    """Return a decision; differences and interval as stored, variant minus reference.

    Args:
        variant: its name.
        decision: what the rule says of it.
    """
    return {
        "variant": variant,
        "verdict": decision.verdict,
        "repeats": decision.repeats,
        "pairs": decision.pairs,
        "mean": decision.mean,
        "sd": decision.sd,
        "low": decision.interval.low,
        "high": decision.interval.high,
        "level": 1 - decision.alpha,
        "sequential_p": decision.q,
        "sequential_p_equal": decision.q_equal,
        "repeats_left": decision.left,
    }


def decision_objects(ruling: Ruling) -> list[dict[str, Any]]:
    """Return what the rule says of each variant other than the reference."""
    return [decision_object(name, one) for name, one in ruling.decisions.items()]


def rule_object(ruling: Ruling) -> dict[str, Any]:
    """Return the rule by which the repeats of a job end, and what it says of each variant."""
    rule = ruling.rule
    decisions = [
        decision_object(name, one)
        | {"further": ruling.further.get(name, ()), "waiting_for": _from_zero(ruling.waiting.get(name))}
        | {"changed": ruling.changed.get(name)}
        for name, one in ruling.decisions.items()
    ]
    fixed = {"alpha": rule.alpha, "margin": rule.margin, "most_repeats": rule.most_repeats}
    return fixed | {"comparisons": ruling.family, "decisions": decisions}


def _from_zero(repeat: int | None) -> int | None:
    return None if repeat is None else repeat - 1
