"""Metrics that variants watch, as `job.json` and the rows of trials keep them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.scoring.run_scores import RunScores
from cnnjobs.spec.metrics import MONITORS, VALIDATION, WATCHED, Metric, column_of, part_of
from cnnjobs.store.stored_job import StoredJob

NOT_WATCHED = "its variant does not watch it"
NOT_DEFINED = "it is not defined on the validation rows"


def column_in(kept: Any) -> str:
    """Return the column of a metric that is watched or monitored, as settings keep it; one of the user's is an object.

    Args:
        kept: a name with or without `val_`, or the settings of an `OwnMetric`.
    """
    name = str(kept["name"] if isinstance(kept, Mapping) else kept)
    return name if name in MONITORS or part_of(name) == VALIDATION else column_of(VALIDATION, name)


def watched_in(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns of what a variant watches; of what its callbacks monitor, too, other than what is always there.

    Args:
        settings: of the variant, as `job.json` keeps them.
    """
    kept = [*settings.get("watch", ()), *(one["monitor"] for one in settings.get("callbacks", ()) if "monitor" in one)]
    yield from dict.fromkeys(column for column in map(column_in, kept) if column not in MONITORS)


def is_watched(metric: Metric) -> bool:
    """Say whether a metric is one that is stored only where variants watch it."""
    return metric.part == VALIDATION and metric.column not in MONITORS


def watched_scores(job: StoredJob, metric: Metric, completed: Sequence[Mapping[str, Any]]) -> RunScores:
    """Return the values of a metric that is stored where variants watch it.

    Args:
        job: as `job.json` keeps it.
        metric: of the validation rows.
        completed: rows of `trials`, with `WATCHED`.

    Raises:
        StoreError: if no variant watches it.
    """
    if not any(metric.column in watched_in(variant.settings) for variant in job.variants.values()):
        raise StoreError(
            f"`metric` must be one that is stored of validation rows. Received: {metric.column!r}, which no variant of "
            f"{job.name} watches. Use {metric.name!r}, of the test set, or add Variant(watch=({metric.name!r},)) and "
            "submit the job again."
        )
    kept = {trial["trial_id"]: dict(trial[WATCHED] or ()) for trial in completed}
    values = {trial: values[metric.column] for trial, values in kept.items() if values.get(metric.column) is not None}
    missing = {
        trial: NOT_DEFINED if metric.column in found else NOT_WATCHED
        for trial, found in kept.items()
        if trial not in values
    }
    return RunScores(values, missing)
