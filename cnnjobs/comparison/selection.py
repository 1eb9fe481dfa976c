"""Selection bias of a metric: the epoch of its weights, and choices made on its own rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from cnnjobs.comparison.watched import column_in
from cnnjobs.spec.metrics import VALIDATION, part_of
from cnnjobs.store.stored_job import StoredJob

Settings = Mapping[str, Any]


def weights(job: StoredJob) -> str:
    """Say of which weights metrics are: the final epoch's, or of the best one by a monitored value.

    Args:
        job: as `job.json` keeps it.
    """
    monitored = {name: list(_monitors(variant.settings)) for name, variant in job.variants.items()}
    best = [f"{name} by {monitors[0]}" for name, monitors in monitored.items() if monitors]
    if not best:
        return "the weights of the final epoch"
    if len(best) == len(monitored) and len({monitors[0] for monitors in monitored.values()}) == 1:
        return f"the weights of the best epoch by {next(iter(monitored.values()))[0]}"
    return f"the weights of the final epoch, or of the best one ({'; '.join(best)})"


def watching(job: StoredJob) -> list[str]:
    """Return the variants whose callbacks decide, or may decide, by the validation rows.

    Args:
        job: as `job.json` keeps it.
    """
    return [name for name, variant in job.variants.items() if any(map(_watches, _callbacks(variant.settings)))]


def _callbacks(settings: Settings) -> list[Settings]:
    return list(settings.get("callbacks", ()))


def _watches(callback: Settings) -> bool:
    return callback.get("kind") == "CustomCallback" or part_of(column_in(callback.get("monitor", "loss"))) == VALIDATION


def _monitors(settings: Settings) -> Iterator[str]:
    """Yield what the weights are chosen by, where they are not the final epoch's."""
    for callback in _callbacks(settings):
        if callback.get("kind") == "BestWeights" or callback.get("restore_best"):
            yield column_in(callback["monitor"])
