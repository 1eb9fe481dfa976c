"""The document of `cnnjobs plan --format json`."""

from typing import Any

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
    decide = None
    if deciding is not None:
        from cnnjobs.run.documents.decide_plan import decide_object  # loads SciPy

        decide = decide_object(deciding)
    fields |= {"variants": keyed(planned.rows), "decide": decide, "lines": planned.lines()}
    if summary:
        networks = planned.networks.summaries(planned.only)
        fields["networks"] = [{"variants": names.split(", "), "layers": layers} for names, layers in networks]
    return document("plan", fields)
