"""Evaluates a saved model on a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cnnjobs.comparison.metric_format import said_of
from cnnjobs.datasets import dataset_spec, load_dataset, source_of
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.engine.quiet import quietly
from cnnjobs.errors import DatasetError, ModelError
from cnnjobs.models.model_file import ModelMetadata, read_metadata
from cnnjobs.models.predict import examples, held_out_note, like_training
from cnnjobs.models.trained_pictures import trained_note
from cnnjobs.report.render.csv import csv_text
from cnnjobs.report.render.text import table_text
from cnnjobs.report.sections.class_tables import ClassTable, class_table
from cnnjobs.run.backends import open_model
from cnnjobs.run.progress import Waiting
from cnnjobs.scoring.classification import classify, over_runs
from cnnjobs.spec import DatasetSpec
from cnnjobs.spec.metrics import all_metrics
from cnnjobs.wording.sentences import sentences


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
        """Return it as "text" or "csv"."""
        return {"text": _as_text, "csv": _as_csv}[form](self)


def evaluate_model(model: str, dataset: str | None, part: str) -> Evaluation:
    """Evaluate a model file.

    Args:
        model: a file of `cnnjobs fit`.
        dataset: a name or a path; None for what it was trained on.
        part: "test", "train" or "all". Of other data than those of training, "test" is all of them where they have no
            test set of their own.

    Raises:
        ModelError: if the file is no such model, does not fit the data, or these cannot be found any more.
        DatasetError: if the data set cannot be read.
    """
    metadata = read_metadata(model)
    spec = like_training(None if dataset is None else dataset_spec(dataset, Path.cwd()), metadata)
    if dataset is not None and part != "train" and _is_other(spec, metadata, part):
        found, held_out = _of_others(spec, metadata, part), False
    else:
        found, held_out = _of_training(spec, metadata, model, part, named=dataset is not None)
    images, labels, notes = examples(found, metadata)
    if metadata.trained is not None and not held_out and part != "train":
        seen = images if images.dtype == found.images.dtype else found.images
        notes += filter(None, [trained_note(int(metadata.trained.among(seen).sum()), len(labels), metadata.trained)])
    with quietly():  # TensorFlow prints while it is imported and first used
        probabilities = open_model(model).predict(images)
    classification = classify(labels.astype("int64"), probabilities.argmax(axis=1), probabilities)
    table = ClassTable(found.name, Path(model).name, metadata.class_names, over_runs([classification]))
    metrics = all_metrics(probabilities, labels)
    said = (*found.notes, *notes)
    return Evaluation(Path(model).name, found.name, found.part, len(labels), metrics, table, said)


def _is_other(spec: DatasetSpec, metadata: ModelMetadata, part: str) -> bool:
    """Say whether a data set is not the one of training, so that its pictures need no part held out of them."""
    source = source_of(spec)
    if source.has_all_parts or spec == metadata.dataset:
        return False
    if part == "all" or source.has_test_set():
        return True
    try:
        return source.fingerprint(Waiting()) != metadata.facts.get("dataset_fingerprint")
    except DatasetError:  # it could not have been trained on
        return True


def _of_others(spec: DatasetSpec, metadata: ModelMetadata, part: str) -> Labelled:
    """Return all that has a label, or its test set where it has one."""
    found = source_of(spec).labelled(part, metadata.image_shape[:2], Waiting())
    if part == "all" or found.part == "test":
        return found
    note = (
        f"{found.name} has no test set of its own and is not the data set that the model was trained on, so all "
        f"of its {len(found.labels):,} pictures are evaluated"
    )
    unknown = "" if metadata.trained else "; if it was trained on some of them, these flatter it"
    return replace(found, notes=(*found.notes, f"{note}{unknown}"))


def _of_training(
    spec: DatasetSpec, metadata: ModelMetadata, model: str, part: str, *, named: bool
) -> tuple[Labelled, bool]:
    """Return a part of what the model was trained on, or of a data set that is read as for training only.

    Returns:
        It, and whether it is the test set that was held out when the model was trained.
    """
    try:
        data = load_dataset(spec, Waiting())
    except DatasetError as error:
        if named:
            raise
        raise ModelError(
            sentences(error, f"{model} was trained on it; if it is in another place now, use `dataset=PATH`.")
        ) from error
    changed = held_out_note(data, spec, metadata) if part != "train" else []
    held_out = part == "test" and data.fingerprint == metadata.facts.get("dataset_fingerprint")
    return replace(Labelled.of(data, part), notes=(*data.handling, *data.notes, *changed)), held_out


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
