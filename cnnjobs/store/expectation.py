"""How many runs of each variant a store is to hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from cnnjobs.store.stored_job import StoredJob


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
