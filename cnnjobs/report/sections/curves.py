"""The report's learning curves: a figure a variant."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.figures.curves import drawable, has_validation, learning_curves, with_objective
from cnnjobs.report.model import Chart, Section, Text
from cnnjobs.spec.metrics import OBJECTIVE, TABLE, VALIDATION, column_of
from cnnjobs.store.reading import OnProgress
from cnnjobs.store.store import Store

ABOUT = (
    "Train blue, validation orange. Train values are averaged over each epoch while it trains, with augmentation and "
    "dropout on. Losses are plain cross-entropy on both sides, whatever is minimised. Where images are mixed (MixUp, "
    "CutMix), both of their labels count by their shares."
)

OF_OBJECTIVE = (
    " The objective is what is minimised, and drawn where that is not the plain loss: the variant's loss with weights "
    "of rows and classes and smoothed labels, and what regularization and layers add. It has no value for validation "
    "rows, and another scale in every variant that minimises something else."
)
"""What is said where an objective is drawn."""


def curves_section(
    store: Store, table: JobTable, names: Mapping[str, str], metrics: Sequence[str], on_progress: OnProgress
) -> Section | None:
    """Return the learning curves of every variant that has epochs; None without any.

    Args:
        store: the job's.
        table: the comparison, whose runs are drawn.
        names: variant -> plain name.
        metrics: of `METRICS`, a panel each.
        on_progress: is told of variants read.
    """
    job, classes = table.job.name, table.job.dataset.classes
    charts: list[Chart] = []
    damaged: list[str] = []
    missing: set[str] = set()
    shown: set[str] = set()
    columns = ["trial_id", "repeat", "fold", "epoch", *_columns([*metrics, OBJECTIVE.name])]
    for done, row in enumerate(table.rows, start=1):
        stored = store.read("epochs", row.trials, list(dict.fromkeys(columns)))
        on_progress("reading learning curves", done, len(table.rows))
        damaged += stored.damaged
        if stored.table.num_rows:
            drawn = drawable(metrics, stored.table, classes)
            missing |= set(metrics) - set(drawn)
            drawn = with_objective(drawn, stored.table)
            shown |= set(drawn)
            charts += [_chart(job, row.name, names[row.name], stored.table, drawn)] if drawn else []
    if not (charts or missing or damaged):
        return None
    about = ABOUT + (OF_OBJECTIVE if OBJECTIVE.name in shown else "")
    about += "".join(_why_missing(metric, classes) for metric in metrics if metric in missing)
    return Section("Learning curves", (Text(about), *charts), damaged=damaged)


def _chart(job: str, variant: str, name: str, epochs: pa.Table, metrics: Sequence[str]) -> Chart:
    columns = _columns(metrics)
    return Chart(
        f"curves-{name}",
        f"Learning curves of {variant}",
        lambda: learning_curves(job, variant, epochs, metrics),
        ("repeat", "fold", "epoch", *columns),
        lambda: curves_rows(epochs, columns),
    )


def _columns(metrics: Sequence[str]) -> list[str]:
    pairs = ((metric, *([column_of(VALIDATION, metric)] if has_validation(metric) else [])) for metric in metrics)
    return [column for pair in pairs for column in pair]


def curves_rows(epochs: pa.Table, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return every run's values as stored. Repeat and fold count from 0, epochs from 1."""
    which = ["repeat", "fold", "epoch"]
    ordered = epochs.sort_by([(name, "ascending") for name in which]).select([*which, *columns])
    return list(zip(*(column.to_pylist() for column in ordered.columns), strict=True))


def _why_missing(metric: str, classes: int) -> str:
    name = metric_format(metric).words.capitalize()
    if classes < TABLE[metric].least_classes:
        return f" {name} is not drawn: of {classes} classes it says nothing."
    return f" {name} is not drawn where no run stored it."
