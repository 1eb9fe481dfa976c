"""Evaluates a saved model on a data set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnjobs.comparison.classification import AVERAGES, SCORES, classify, over_runs
from cnnjobs.comparison.metric_format import said_of
from cnnjobs.datasets import Dataset, dataset_spec, load_dataset
from cnnjobs.engine.quiet import quietly
from cnnjobs.errors import DatasetError, ModelError
from cnnjobs.models.model_file import ModelMetadata, read_metadata
from cnnjobs.models.predict import examples, held_out_note, like_training
from cnnjobs.report.render.csv import csv_text
from cnnjobs.report.render.text import table_text
from cnnjobs.report.sections.class_tables import ClassTable, class_table
from cnnjobs.run.backends import open_model
from cnnjobs.run.progress import Waiting
from cnnjobs.sentences import sentences
from cnnjobs.spec import DatasetSpec
from cnnjobs.spec.metrics import all_metrics


@dataclass(frozen=True)
class Evaluation:
    """How well a model classifies.

    Args:
        model: name of the file.
        dataset: name of the data set.
        part: "test", "train" or "all".
        pictures: how many.
        metrics: name -> value.
        table: confusion and scores of each class.
        notes: warnings about the numbers.
    """

    model: str
    dataset: str
    part: str
    pictures: int
    metrics: Mapping[str, float]
    table: ClassTable
    notes: tuple[str, ...]

    def formatted(self, form: str) -> str:
        """Return it as "text", "json" or "csv"."""
        return {"text": _as_text, "json": _as_json, "csv": _as_csv}[form](self)


def evaluate_model(model: str, dataset: str | None, part: str) -> Evaluation:
    """Evaluate a model file.

    Args:
        model: a file of `cnnjobs fit`.
        dataset: a name or a path; None for what it was trained on.
        part: "test", "train" or "all".

    Raises:
        ModelError: if the file is no such model, does not fit the data, or these cannot be found any more.
        DatasetError: if the data set cannot be read.
    """
    metadata = read_metadata(model)
    spec = like_training(None if dataset is None else dataset_spec(dataset, Path.cwd()), metadata)
    data = _load(spec, model, named=dataset is not None)
    images, labels, notes = examples(data, part, metadata)
    with quietly():  # TensorFlow prints while it is imported and first used
        probabilities = open_model(model).predict(images)
    classification = classify(labels.astype("int64"), probabilities.argmax(axis=1), probabilities)
    table = ClassTable(data.name, Path(model).name, metadata.class_names, over_runs([classification]))
    said = (*data.notes, *notes, *_changed(data, spec, metadata, part))
    metrics = all_metrics(probabilities, labels)
    return Evaluation(Path(model).name, data.name, part, len(labels), metrics, table, said)


def _load(spec: DatasetSpec, model: str, *, named: bool) -> Dataset:
    try:
        return load_dataset(spec, Waiting())
    except DatasetError as error:
        if named:
            raise
        raise ModelError(
            sentences(error, f"{model} was trained on it; if it lies elsewhere, use `dataset=PATH`.")
        ) from error


def _changed(data: Dataset, spec: DatasetSpec, metadata: ModelMetadata, part: str) -> list[str]:
    return held_out_note(data, spec, metadata) if part != "train" else []


def _as_text(evaluation: Evaluation) -> str:
    shown = said_of(evaluation.metrics, len(evaluation.table.classes))
    report_table = class_table(evaluation.table)
    title = f"{evaluation.model} on {evaluation.dataset}, {evaluation.part}: {evaluation.pictures:,} pictures"
    return "\n".join(["   ".join(shown), "", table_text(title, report_table.header, report_table.cells)])


def _as_csv(evaluation: Evaluation) -> str:
    report_table = class_table(evaluation.table)
    return csv_text(
        report_table.columns, ([row[column] for column in report_table.columns] for row in report_table.rows)
    )


def _as_json(evaluation: Evaluation) -> str:
    """Return everything as one object; numbers that do not exist are null."""

    def scores(values: Any) -> dict[str, float | None]:
        return {name: None if value != value else value for name, value in zip(SCORES, values.tolist(), strict=True)}

    mean = evaluation.table.runs.mean
    names = [*evaluation.table.classes, *(f"{name} average" for name in AVERAGES)]
    document = {
        "dataset": evaluation.dataset,
        "part": evaluation.part,
        "pictures": evaluation.pictures,
        **evaluation.metrics,
        "classes": {name: scores(row) for name, row in zip(names, mean.scores, strict=True)},
        "confusion": mean.counts.astype(int).tolist(),
        "class_names": list(evaluation.table.classes),
    }
    return json.dumps(document, indent=1)
