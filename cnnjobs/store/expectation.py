"""Which of the stored trials a job asks for, and how many of each variant."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.messages import Status
from cnnjobs.store.stored_job import StoredJob

STALE = "stale"
"""Column, beside those of a table, that says whether a row is of settings that the job no longer has."""


def current(job: StoredJob, table: pa.Table) -> pa.Table:
    """Return the rows of trials that the job still asks for: those of the conditions of its variants.

    Args:
        job: as `job.json` keeps it.
        table: rows of a table, with condition_id.
    """
    return table.filter(_is_current(job, table))


def marked(job: StoredJob, table: pa.Table) -> pa.Table:
    """Return the rows with a column `stale`, and with the names that their variants have in the job now.

    Args:
        job: as `job.json` keeps it.
        table: rows of a table, with condition_id and variant.
    """
    names = {condition: name for name, condition in job.conditions.items()}
    place = pc.index_in(table["condition_id"], pa.array(names, pa.string()))
    renamed = pa.array(names.values(), pa.string()).take(place.combine_chunks())
    variant = pc.coalesce(renamed, table["variant"].combine_chunks())
    index = table.schema.get_field_index("variant")
    return table.set_column(index, table.schema.field(index), variant).append_column(
        pa.field(STALE, pa.bool_()), pc.is_null(place)
    )


def dropped_conditions(job: StoredJob, trials: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return conditions with completed runs, on the data and rows of the job, that it does not list any more.

    Their results may have been looked at before they were dropped, so that comparisons count them. What gave none to
    look at does not count, runs that failed or diverged, nor what answers another question: runs on another data set,
    or on fewer training rows, as of a first try. Another hold-out, number of folds or of epochs counts: it is
    another attempt at the same question. What was removed since counts as it did then.

    Args:
        job: as `job.json` keeps it.
        trials: rows of `trials`, of which condition_id, status, dataset_fingerprint and limit_train are read.
    """
    listed, data = {*job.conditions.values()}, job.dataset.fingerprint
    found = (
        trial["condition_id"]
        for trial in trials
        if trial["status"] == Status.COMPLETED
        and (data is None or trial["dataset_fingerprint"] in (data, None))  # early versions did not say
        and trial["limit_train"] == job.protocol.limit_train
    )
    return tuple(condition for condition in dict.fromkeys([*job.removed, *found]) if condition not in listed)


def _is_current(job: StoredJob, table: pa.Table) -> pa.ChunkedArray:
    return pc.is_in(table["condition_id"], pa.array(job.conditions.values(), pa.string()))


def on_same_data(job: StoredJob, trials: pa.Table) -> list[str]:
    """Return the ids of the trials on the data set that the job has now; those it asks for are.

    Args:
        job: as `job.json` keeps it.
        trials: rows of `trials`, with trial_id, condition_id and dataset_fingerprint.
    """
    same = pc.equal(trials["dataset_fingerprint"], pa.scalar(job.dataset.fingerprint, pa.string()))
    ids: list[str] = trials["trial_id"].filter(pc.or_kleene(_is_current(job, trials), same)).to_pylist()
    return ids


def expected_runs(job: StoredJob, trials: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return variant -> runs that the job asks for; more where more repeats are stored, of an earlier submit.

    Args:
        job: as `job.json` keeps it.
        trials: rows of `trials`, of which condition_id and repeat are read.
    """
    stored: dict[str, int] = {}
    for trial in trials:
        condition = trial["condition_id"]
        stored[condition] = max(stored.get(condition, 0), trial["repeat"] + 1)
    folds = job.protocol.folds or 1
    return {
        name: folds * max(job.repeats_of(name), stored.get(condition, 0)) for name, condition in job.conditions.items()
    }
