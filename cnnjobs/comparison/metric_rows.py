"""The rows that a metric is of: how many there are, and what one of them is worth."""

from cnnjobs.spec.metrics import OF_TEST_ROWS, VALIDATION, Metric
from cnnjobs.store.stored_job import StoredJob


def rows_of(job: StoredJob, metric: Metric) -> int | None:
    """Return how many rows a metric of a run is of; None where that is not known, as of training rows.

    Args:
        job: as `job.json` keeps it.
        metric: of one of its parts.
    """
    data, protocol = job.dataset, job.protocol
    if metric.part in OF_TEST_ROWS or (metric.part == VALIDATION and protocol.validation == "test"):
        return data.test_rows
    if metric.part != VALIDATION:
        return None
    if protocol.folds:
        return data.train_rows // protocol.folds or None
    if isinstance(protocol.validation, float):
        return round(protocol.validation * data.train_rows) or None
    return data.validation_rows


def one_row(job: StoredJob, metric: Metric) -> float | None:
    """Return by how much a share of rows changes with one of them; None of a metric that is none in percent.

    Args:
        job: as `job.json` keeps it.
        metric: of one of its parts.
    """
    rows = rows_of(job, metric) if metric.in_percent else None
    return 1 / rows if rows else None
