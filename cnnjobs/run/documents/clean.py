"""The document of `cnnjobs clean --format json`."""

from typing import Any

from cnnjobs.run.clean import CleanedJob, Cleaning
from cnnjobs.schema.output import document


def clean_document(found: Cleaning) -> dict[str, Any]:
    """Return what no job asks for any more, and whether it was removed."""
    return document(
        "clean", {"removed": found.removed, "bytes": found.bytes, "jobs": [_job(one) for one in found.jobs]}
    )


def _job(job: CleanedJob) -> dict[str, Any]:
    remains = job.remains
    return {
        "job": job.job,
        "results": job.results,
        "stale": [{"variant": name, "trials": len(ids)} for name, ids in remains.trials.items()],
        "orphans": len(remains.orphans),
        "damaged_files": len(remains.aside),
        "dropped_counted": len(remains.counted),
        "files": remains.files,
        "bytes": remains.bytes,
        "in_use": bool(job.in_use),
    }
