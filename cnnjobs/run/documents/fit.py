"""The document of `cnnjobs fit --format json`."""

from typing import Any

from cnnjobs.run.fit import FittedModel
from cnnjobs.schema.output import document


def fit_document(fitted: FittedModel) -> dict[str, Any]:
    """Return how good a fitted model is, and where it lies."""
    fields = {"variant": fitted.variant, "model": fitted.path, "model_bytes": fitted.nbytes, "metrics": fitted.metrics}
    return document("fit", fields)
