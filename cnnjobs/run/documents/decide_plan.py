"""The part of the document of a plan that is of the rule of deciding."""

from typing import Any

from cnnjobs.comparison.outlook import Outlook, typical_outlooks
from cnnjobs.run.decide_plan import DecidePlan
from cnnjobs.run.documents.decision import decision_object


def decide_object(deciding: DecidePlan) -> dict[str, Any]:
    """Return what the rule of deciding would run."""
    ruling, known = deciding.ruling, deciding.outlooks
    reach = [_reach_object(name, one) for name, one in known.items()]
    if not known and deciding.table() is not None:
        reach = [_reach_object(None, one) for one in typical_outlooks(ruling)]
    return {
        "margin": ruling.rule.margin,
        "alpha": ruling.rule.alpha,
        "most_repeats": ruling.rule.most_repeats,
        "comparisons": ruling.family,
        "least_trials": len(deciding.at_least),
        "most_trials": len(deciding.missing),
        "least_seconds": deciding.seconds(deciding.at_least),
        "most_seconds": deciding.seconds(deciding.missing),
        "next": [{"variant": trial.variant, "repeat": trial.repeat} for trial in deciding.following],
        "variants": [decision_object(name, one) for name, one in ruling.decisions.items()],
        "reach": reach,
    }


def _reach_object(variant: str | None, one: Outlook) -> dict[str, Any]:
    return {
        "variant": variant,
        "sd": one.sd,
        "sd_low": one.interval.low,
        "sd_high": one.interval.high,
        "least_difference": one.least_difference,
        "least_margin": one.least_margin,
        "repeats_until_better": [{"difference": d, "repeats": n} for d, n in one.better.items()],
        "repeats_until_equal": one.equal,
    }
