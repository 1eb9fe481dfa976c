"""The resolved job as its store keeps it, with what its rule has decided."""

from __future__ import annotations

from dataclasses import replace

from cnnjobs.run.prepare import Prepared
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob


def keep_job(store: Store, prepared: Prepared) -> None:
    """Keep the resolved job."""
    store.write_job(job_to_keep(store, prepared))


def as_decided(prepared: Prepared, store: Store) -> Prepared:
    """Return a job with what its rule decides from what is stored; one without a rule as it is."""
    return prepared if prepared.steer is None else prepared.steer(prepared, store).prepared


def job_to_keep(store: Store, prepared: Prepared) -> StoredJob:
    """Return the resolved job as the store is to keep it.

    A rule for a half width that runs of the same settings have followed stays with them: they were not chosen
    otherwise because the job is submitted once more without it. So does a rule by which repeats end.
    """
    job, before = with_removed(prepared.as_stored(), store), store.job
    if before is None or not {*before.conditions.values()} & {*job.conditions.values()}:
        return job
    return replace(job, half_width=job.half_width or before.half_width, decide=job.decide or before.decide)


def with_removed(job: StoredJob, store: Store) -> StoredJob:
    """Return a job with the conditions whose results were removed from its store.

    Args:
        job: as it is now.
        store: its own.
    """
    return job if store.job is None else replace(job, removed=store.job.removed)
