"""The document of `cnnjobs evaluate --format json`."""

from collections.abc import Sequence
from typing import Any

from cnnjobs.run.evaluate import Evaluation
from cnnjobs.schema.output import document
from cnnjobs.scoring.classification import AVERAGES, SCORES


def evaluate_document(evaluation: Evaluation) -> dict[str, Any]:
    """Return how well a model classifies."""
    mean, classes = evaluation.table.runs.mean, evaluation.table.classes
    fields = {
        "model": evaluation.model,
        "dataset": evaluation.dataset,
        "part": evaluation.part,
        "pictures": evaluation.pictures,
        "metrics": evaluation.metrics,
        "class_names": classes,
        "classes": _rows(classes, mean.scores[: len(classes)]),
        "averages": _rows(AVERAGES, mean.scores[len(classes) :]),
        "confusion": mean.counts.astype(int),
    }
    return document("evaluate", fields)


def _rows(names: Sequence[str], scores: Any) -> list[dict[str, Any]]:
    return [
        {"name": name, **dict(zip(SCORES, row, strict=True))} for name, row in zip(names, scores.tolist(), strict=True)
    ]
