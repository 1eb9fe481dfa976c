"""The document of `cnnjobs status --format json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnjobs.run.documents.decision import rule_object
from cnnjobs.run.documents.values import keyed
from cnnjobs.run.status import JobStatus
from cnnjobs.schema.json_text import utc
from cnnjobs.schema.output import document
from cnnjobs.store.lock import Running


def status_document(results: str | None, jobs: Sequence[JobStatus], broken: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the jobs of a results folder have.

    Args:
        results: folder or URI; None if no job is known.
        jobs: those in it.
        broken: of each job that cannot be read, why.
    """
    fields = {"results": results, "jobs": [_job(job) for job in jobs], "broken": broken, "cluster": None}
    return document("status", fields)


def of_cluster(
    results: str | None, told: Mapping[str, Any] | None, url: str, jobs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a cluster's head says, with the jobs of the cluster.

    Args:
        results: what the head was asked for; None if it was not.
        told: the document that it has written; None without one.
        url: of the cluster's dashboard.
        jobs: `job`, `status`, `since`, `identity` and `results` of each.
    """
    here = status_document(results, ())
    said = {key: value for key, value in (told or {}).items() if key in (*here, "notes", "error")}
    return {**here, **said, "schema": here["schema"], "cluster": {"url": url, "jobs": list(jobs)}}


def _job(job: JobStatus) -> dict[str, Any]:
    return {
        "job": job.job,
        "results": job.results,
        "variants": keyed(job.rows),
        "submitting": job.submitting,
        "running": [_running(trial) for trial in job.under_way],
        "failed": [
            {"variant": one.variant, "repeat": one.repeat, "fold": one.fold, "error": one.error, "log": one.log}
            for one in job.failed
        ],
        "rule": None if job.ruling is None else rule_object(job.ruling),
        "damaged": job.damaged,
        "cut_off": job.cut_off,
        "stopped": job.stopped or None,
    }


def _running(trial: Running) -> dict[str, Any]:
    return {
        "variant": trial.variant,
        "repeat": trial.repeat,
        "fold": trial.fold,
        "doing": trial.doing,
        "quiet_since": None if trial.quiet_since is None else utc(trial.quiet_since),
    }
