"""The document of `cnnjobs gate --format json`."""

from typing import Any

from cnnjobs.comparison.gate_text import answer_text
from cnnjobs.run.gate import GateAnswer
from cnnjobs.schema.output import document


def gate_document(found: GateAnswer) -> dict[str, Any]:
    """Return the document of an answer.

    Args:
        found: as `gate_job` returns it.
    """
    judgement = found.judgement
    one, test, asked = judgement.decision, judgement.test, judgement.test.question
    return document(
        "gate",
        {
            "job": asked.job,
            "results": found.results,
            "candidate": asked.candidate,
            "reference": asked.reference,
            "candidate_id": asked.candidate_id,
            "reference_id": asked.reference_id,
            "metric": asked.metric,
            "no_worse": asked.no_worse_by is not None,
            "margin": test.margin if asked.no_worse_by is None else asked.no_worse_by,
            "verdict": found.verdict,
            "accepted": found.accepted,
            "sentence": answer_text(judgement),
            "alpha": test.alpha,
            "sequential_p": one.q_of_verdict,
            "pairs": one.pairs,
            "repeats": one.repeats,
            "first_repeat": test.first,
            "most_repeats": test.most_repeats,
            "mean": one.mean,
            "sd": one.sd,
            "low": one.interval.low,
            "high": one.interval.high,
            "mean_allowing_for_stop": judgement.mean_allowing_for_stop,
            "differences": one.differences,
            "further": judgement.further,
            "diverged": {"candidate": judgement.diverged[0], "reference": judgement.diverged[1]},
            "failed_repeat": judgement.waiting,
            "confirmation": _confirmation(found),
            "proposal": _proposal(found),
            "trials_run": found.tried,
            "trials_failed": found.failures,
        },
    )


def _confirmation(found: GateAnswer) -> dict[str, Any] | None:
    fresh = found.confirmation
    if fresh is None:
        return None
    first, last = fresh.repeats
    fields = {name: getattr(fresh, name) for name in ("runs", "mean", "sd", "low", "high")}
    return {"first_repeat": first, "last_repeat": last} | fields


def _proposal(found: GateAnswer) -> dict[str, Any] | None:
    proposal = found.proposal
    if proposal is None:
        return None
    return {
        "ledger": found.ledger,
        "number": proposal.number,
        "time": proposal.time,
        "alpha": proposal.alpha,
        "decided_earlier": found.judgement.kept,
    }
