"""What the rule of a job says of a variant, as an object."""

from typing import Any

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
