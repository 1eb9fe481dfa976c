"""Tables of how one variant classifies the test set: classes and averages, confusions, and what the figures draw."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnjobs.analysis.classification import AVERAGES, CURVES, GRID, SCORES, OverRuns, Reals
from cnnjobs.analysis.csv_tables import csv_text

MOST_CONFUSED = 5
"""How many pairs of classes the report names."""


@dataclass(frozen=True)
class ClassTable:
    """How one variant classifies the test set.

    Args:
        job: name.
        variant: name.
        classes: names, in the order of the labels.
        runs: the figures over its runs.
    """

    job: str
    variant: str
    classes: tuple[str, ...]
    runs: OverRuns


@dataclass(frozen=True)
class Confusion:
    """One class taken for another.

    Args:
        label: name of the class.
        predicted: name of the one it was taken for.
        count: examples, mean over the runs.
        rate: share of the class's examples, mean over the runs.
    """

    label: str
    predicted: str
    count: float
    rate: float


def class_names(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a job's classes; numbers where `job.json` does not name each."""
    classes = job["dataset"]["classes"]
    names = tuple(str(name) for name in job["dataset"].get("class_names", ()))
    return names if len(names) == classes else tuple(str(label) for label in range(classes))


def most_confused(table: ClassTable) -> list[Confusion]:
    """Return the pairs of classes with the most confusions, at most `MOST_CONFUSED`, the most first."""
    counts = table.runs.mean.counts * (1 - np.eye(len(table.classes)))
    order = np.argsort(-counts, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, counts.shape), strict=True)]
    return [
        Confusion(table.classes[row], table.classes[column], counts[row, column], table.runs.mean.rates[row, column])
        for row, column in pairs
        if counts[row, column] > 0
    ]


def without_roc(table: ClassTable) -> list[str]:
    """Return the classes that have no ROC curve."""
    areas = table.runs.mean.scores[: len(table.classes), SCORES.index("auc")]
    return [name for name, area in zip(table.classes, areas, strict=True) if np.isnan(area)]


def class_cells(table: ClassTable) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the classes and their averages as people read them: mean, and SD over the runs."""
    rows = [
        (
            name if kind == "class" else f"{name} average",
            f"{examples:,.0f}",
            *(mean_and_sd(*pair) for pair in zip(means, sds, strict=True)),
        )
        for kind, name, examples, means, sds in _score_rows(table)
    ]
    return ("class", "test images", "precision", "recall", "F1", "ROC AUC"), rows


def mean_and_sd(mean: float, sd: float) -> str:
    """Return a mean and its spread for people, with four decimals; the mean alone for one run, "-" for nan."""
    if math.isnan(mean):
        return "-"
    return f"{mean:.4f}" if math.isnan(sd) else f"{mean:.4f} \u00b1 {sd:.4f}"


def classes_csv(table: ClassTable) -> str:
    """Return `SCORES` of every class and average as CSV, unrounded; no SD of one run, no AUC without a ROC curve."""
    header = [
        "kind",
        "name",
        "test_images",
        "runs",
        *(f"{score}_{part}" for score in SCORES for part in ("mean", "sd")),
    ]
    lines = [
        [kind, name, examples, table.runs.n, *_numbers(np.stack([means, sds], axis=-1))]
        for kind, name, examples, means, sds in _score_rows(table)
    ]
    return csv_text(header, lines)


def _score_rows(table: ClassTable) -> Iterator[tuple[str, str, float, Reals, Reals]]:
    """Yield kind, name, examples, and mean and SD of `SCORES`, each (4,), of every class, then of every average."""
    support = table.runs.mean.support
    examples = [*support.tolist(), *[float(support.sum())] * len(AVERAGES)]
    names = _names(table, AVERAGES)
    for name, count, means, sds in zip(names, examples, table.runs.mean.scores, table.runs.sd.scores, strict=True):
        yield *name, count, means, sds


def _names(table: ClassTable, averages: Sequence[str]) -> list[tuple[str, str]]:
    """Return kind and name of every class, then of those averages."""
    return [*(("class", name) for name in table.classes), *(("average", name) for name in averages)]


def confusion_csv(table: ClassTable) -> str:
    """Return both confusion matrices as CSV, a row a cell, unrounded: what the heat maps draw."""
    mean, sd = table.runs.mean, table.runs.sd
    cells = np.stack([mean.counts, sd.counts, mean.rates, sd.rates], axis=-1).reshape(-1, 4)
    pairs = itertools.product(table.classes, table.classes)
    lines = ([*pair, *_numbers(cell)] for pair, cell in zip(pairs, cells, strict=True))
    return csv_text(("label", "predicted", "count_mean", "count_sd", "rate_mean", "rate_sd"), lines)


def roc_csv(table: ClassTable) -> str:
    """Return every ROC curve as CSV, a row a point, unrounded: what the figure draws."""
    points = np.stack([table.runs.mean.curves, table.runs.sd.curves], axis=-1)
    lines = [
        [*name, alarm, *_numbers(point)]
        for name, curve in zip(_names(table, CURVES), points, strict=True)
        if not np.isnan(curve).all()
        for alarm, point in zip(GRID.tolist(), curve, strict=True)
    ]
    header = ("kind", "name", "false_positive_rate", "true_positive_rate_mean", "true_positive_rate_sd")
    return csv_text(header, lines)


def _numbers(values: Reals) -> list[float | None]:
    """Return numbers for a CSV, in one row: None for nan."""
    return [None if math.isnan(value) else value for value in values.ravel().tolist()]
