"""Tables of one variant's classification of the test set: classes, averages, confusions, values of the figures."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnnjobs.report.model import DisplayColumn, ReportTable, Row
from cnnjobs.scoring.classification import AVERAGES, CURVES, GRID, SCORES, OverRuns, Reals

MOST_CONFUSED = 5
"""How many pairs of classes the report names."""

HEADERS = {"precision": "precision", "recall": "recall", "f1": "F1", "auc": "ROC AUC"}
"""`SCORES` as people read them."""

WHICH = ("kind", "label", "name")
"""Columns that say which class or average a row is of: the class's number, which averages have not, and its name."""

PAIR = ("label", "label_name", "predicted", "predicted_name")
"""Columns that say which class is taken for which, by number and name."""

CONFUSION_COLUMNS = (*PAIR, "count_mean", "count_sd", "rate_mean", "rate_sd")
ROC_COLUMNS = (*WHICH, "false_positive_rate", "true_positive_rate_mean", "true_positive_rate_sd")


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
        label: number of the class.
        predicted: number of the one it was taken for.
        count: examples, mean over the runs.
        rate: share of the class's examples, mean over the runs.
    """

    label: int
    predicted: int
    count: float
    rate: float


def most_confused(table: ClassTable) -> list[Confusion]:
    """Return the pairs of classes with the most confusions, at most `MOST_CONFUSED`, the most first."""
    counts = table.runs.mean.counts * (1 - np.eye(len(table.classes)))
    order = np.argsort(-counts, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, counts.shape), strict=True)]
    return [
        Confusion(row, column, counts[row, column], table.runs.mean.rates[row, column])
        for row, column in pairs
        if counts[row, column] > 0
    ]


def without_roc(table: ClassTable) -> list[str]:
    """Return the classes that have no ROC curve."""
    areas = table.runs.mean.scores[: len(table.classes), SCORES.index("auc")]
    return [name for name, area in zip(table.classes, areas, strict=True) if np.isnan(area)]


def class_table(table: ClassTable, name: str = "classes") -> ReportTable:
    """Return `SCORES` of every class, then of every average; no SD of one run, no AUC without a ROC curve.

    Args:
        table: the classes.
        name: of the table's files.
    """
    parts = [f"{score}_{part}" for score in SCORES for part in ("mean", "sd")]
    shown = [
        DisplayColumn("class", _class_cell),
        DisplayColumn("test images", lambda row: f"{row['test_images']:,.0f}", "test_images"),
    ]
    shown += [DisplayColumn(HEADERS[score], _score_cell(score), f"{score}_mean") for score in SCORES]
    title = f"{table.variant}: scores of each class, mean \u00b1 SD over {runs_text(table.runs.n)}"
    return ReportTable(name, title, (*WHICH, "test_images", "runs", *parts), _score_rows(table, parts), shown)


def _class_cell(row: Row) -> str:
    return str(row["name"]) if row["kind"] == "class" else f"{row['name']} average"


def _score_cell(score: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        mean, sd = row[f"{score}_mean"], row[f"{score}_sd"]
        return mean_and_sd(math.nan if mean is None else mean, math.nan if sd is None else sd)

    return cell


def runs_text(count: int) -> str:
    """Return "1 run" or "5 runs"."""
    return "1 run" if count == 1 else f"{count} runs"


def mean_and_sd(mean: float, sd: float) -> str:
    """Return a mean and its spread for people, with four decimals; the mean alone for one run, "-" for nan."""
    if math.isnan(mean):
        return "-"
    return f"{mean:.4f}" if math.isnan(sd) else f"{mean:.4f} \u00b1 {sd:.4f}"


def _score_rows(table: ClassTable, parts: Sequence[str]) -> list[Row]:
    mean, sd = table.runs.mean, table.runs.sd
    examples = [*mean.support.tolist(), *[float(mean.support.sum())] * len(AVERAGES)]
    scores = np.stack([mean.scores, sd.scores], axis=-1)
    return [
        dict(zip(WHICH, which, strict=True))
        | {"test_images": count, "runs": table.runs.n}
        | dict(zip(parts, _numbers(own), strict=True))
        for which, count, own in zip(_names(table, AVERAGES), examples, scores, strict=True)
    ]


def _names(table: ClassTable, averages: Sequence[str]) -> list[tuple[str, int | None, str]]:
    """Return `WHICH` of every class, then of those averages."""
    classes = (("class", label, name) for label, name in enumerate(table.classes))
    return [*classes, *(("average", None, name) for name in averages)]


def confusion_table(table: ClassTable, name: str) -> ReportTable:
    """Return the pairs of classes with the most confusions.

    Args:
        table: the classes.
        name: of the table's files.
    """
    columns, names = (*PAIR, "count_mean", "rate_mean"), table.classes
    pairs = [
        (pair.label, names[pair.label], pair.predicted, names[pair.predicted], pair.count, pair.rate)
        for pair in most_confused(table)
    ]
    rows = [dict(zip(columns, pair, strict=True)) for pair in pairs]
    shown = (
        DisplayColumn("true class", lambda row: str(row["label_name"])),
        DisplayColumn("taken for", lambda row: str(row["predicted_name"])),
        DisplayColumn("test images", lambda row: f"{row['count_mean']:.1f}", "count_mean"),
        DisplayColumn("% of the true class", lambda row: f"{100 * row['rate_mean']:.1f}", "rate_mean"),
    )
    return ReportTable(name, f"{table.variant}: most often confused, means over the runs", columns, rows, shown)


def confusion_rows(table: ClassTable) -> list[list[object]]:
    """Return both confusion matrices, one row per cell in the order of `CONFUSION_COLUMNS`: what the heat maps draw."""
    mean, sd = table.runs.mean, table.runs.sd
    cells = np.stack([mean.counts, sd.counts, mean.rates, sd.rates], axis=-1).reshape(-1, 4)
    classes = list(enumerate(table.classes))
    pairs = itertools.product(classes, classes)
    return [[*label, *predicted, *_numbers(cell)] for (label, predicted), cell in zip(pairs, cells, strict=True)]


def roc_rows(table: ClassTable) -> list[list[object]]:
    """Return every ROC curve, one row per point in the order of `ROC_COLUMNS`: what the figure draws."""
    points = np.stack([table.runs.mean.curves, table.runs.sd.curves], axis=-1)
    return [
        [*name, alarm, *_numbers(point)]
        for name, curve in zip(_names(table, CURVES), points, strict=True)
        if not np.isnan(curve).all()
        for alarm, point in zip(GRID.tolist(), curve, strict=True)
    ]


def _numbers(values: Reals) -> list[float | None]:
    """Return numbers in one row: None for nan."""
    return [None if math.isnan(value) else value for value in values.ravel().tolist()]
