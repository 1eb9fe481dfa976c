"""The document of `cnnjobs plan --format json`."""

from typing import Any

from cnnjobs.comparison.outlook import Outlook, typical_outlooks
from cnnjobs.run.decide_plan import DecidePlan
from cnnjobs.run.documents.decision import decision_object
from cnnjobs.run.documents.values import dataset_object, keyed
from cnnjobs.run.plan import JobPlan
from cnnjobs.schema.output import document


def plan_document(planned: JobPlan, *, summary: bool = False) -> dict[str, Any]:
    """Return what a submit would run.

    Args:
        planned: what is known.
        summary: whether layers are asked for.
    """
    fields: dict[str, Any] = {
        "job": planned.job.name,
        "dataset": None,
        "protocol": None,
        "results": None,
        "trials": None,
        "would_run": None,
        "failed_before": None,
    }
    if planned.stored is not None:
        prepared, stored = planned.stored.prepared, planned.stored
        fields |= {
            "dataset": dataset_object(prepared.as_stored().dataset),
            "protocol": prepared.plan.protocol.describe(),
            "results": stored.store.files.location,
            "trials": len(prepared.plan.trials),
            "would_run": len(stored.missing),
            "failed_before": len(stored.state.failed),
        }
    deciding = None if planned.stored is None else planned.stored.deciding
    decide = None if deciding is None else _decide_object(deciding)
    fields |= {"variants": keyed(planned.rows), "decide": decide, "lines": planned.lines()}
    if summary:
        networks = planned.networks.summaries(planned.only)
        fields["networks"] = [{"variants": names.split(", "), "layers": layers} for names, layers in networks]
    return document("plan", fields)


def _decide_object(deciding: DecidePlan) -> dict[str, Any]:
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
