"""The report's learning curves: those of all variants as bands, then every run in one figure per variant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from cnnjobs.comparison.all_pairs import best_first
from cnnjobs.comparison.metric_format import capital
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.figures.bands import Band, Model, bands_of, bands_plot
from cnnjobs.report.figures.curves import (
    drawable,
    has_training,
    has_validation,
    learning_curves,
    least_classes,
    metric_label,
    with_objective,
)
from cnnjobs.report.figures.small_panels import MOST_TOGETHER
from cnnjobs.report.model import Chart, Section, Text
from cnnjobs.report.sections.bands import BAND_COLUMNS, band_rows, labels_of
from cnnjobs.report.variant_styles import VariantStyle, variant_styles
from cnnjobs.spec.metric_names import known_metric
from cnnjobs.spec.metrics import CURVES, OBJECTIVE, VALIDATION, WATCHED, column_of
from cnnjobs.store.reading import OnProgress
from cnnjobs.store.store import Store
from cnnjobs.store.watched import watched_in, with_watched
from cnnjobs.wording.labels import listed

HOW_TO_READ = (
    "A gap that opens between training and validation is overfitting. If validation still rises at the end, more "
    "epochs may help; bands and thin lines show how much repeats differ."
)


ABOUT = (
    "Solid: validation; dashed: train. Train values are averaged over each epoch while it trains, with augmentation "
    "and dropout on. Losses are plain cross-entropy on both sides, whatever is minimised. Where images are mixed "
    "(MixUp, CutMix), both of their labels count by their shares."
)

APART = "Every run, one figure per variant"
"""Heading of the curves of single variants, where there are those of all."""

HOW_TO_READ_APART = (
    "Each line is one run; more than ten are drawn as their median, with a band that holds 80% of them. Lines that "
    "stay far apart mean that the result depends on the seed."
)

OF_OBJECTIVE = (
    " The objective is the function that is minimised: the variant's loss with weights of rows and classes and "
    "smoothed labels, plus the penalties of regularization and layers. It is drawn if it is not the plain loss, for "
    "training rows only. Variants that minimise different functions have different scales."
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
        metrics: names without a part, a panel each; empty for `CURVES` and what variants watch.
        on_progress: is told of variants read.
    """
    classes = table.job.dataset.classes
    styles = variant_styles(table.job.variants)
    charts: list[Chart] = []
    bands: dict[str, Mapping[tuple[str, str], Band]] = {}
    damaged: list[str] = []
    missing: set[str] = set()
    shown: set[str] = set()
    asked = metrics or CURVES
    always = [name for name in (*asked, OBJECTIVE.name) if has_training(name)]
    columns = ["trial_id", "repeat", "fold", "epoch", *_columns(always), WATCHED]
    for done, row in enumerate(table.rows, start=1):
        stored = store.read("epochs", row.trials, list(dict.fromkeys(columns)))
        on_progress("reading learning curves", done, len(table.rows))
        damaged += stored.damaged
        if stored.table.num_rows:
            epochs = with_watched(stored.table)
            own = [] if metrics else [name.removeprefix(column_of(VALIDATION, "")) for name in watched_in(stored.table)]
            drawn = drawable([*asked, *own], epochs, classes)
            missing |= {*asked, *own} - set(drawn)
            if drawn:
                bands[row.name] = bands_of(epochs, asked)
            drawn = with_objective(drawn, epochs)
            shown |= set(drawn)
            charts += [_chart(table.job.name, row.name, names[row.name], epochs, drawn, styles)] if drawn else []
    if not (charts or missing or damaged):
        return None
    about = ABOUT + (OF_OBJECTIVE if OBJECTIVE.name in shown else "")
    about += "".join(_why_missing(metric, classes) for metric in sorted(missing)) + _without_result(table)
    together = _together(table, bands, [name for name in asked if name in shown]) if len(bands) > 1 else ()
    elements = [Text(about), *together]
    apart = [Section(APART, charts, how_to_read=HOW_TO_READ_APART, folded=True)] if len(elements) > 1 else []
    return Section("Learning curves", elements if apart else [*elements, *charts], apart, damaged, HOW_TO_READ)


def _together(
    table: JobTable, bands: Mapping[str, Mapping[tuple[str, str], Band]], metrics: Sequence[str]
) -> Iterator[Chart]:
    """Yield the figures of all variants: one in the order of the job where they are few, else one per metric."""
    few = len(bands) <= MOST_TOGETHER
    if few:
        yield _bands_chart(table, bands, table.rows, "bands", metrics)
        return
    for metric in metrics:
        yield _bands_chart(table, bands, best_first(table), f"bands-{metric}", [metric])


def _bands_chart(
    table: JobTable,
    bands: Mapping[str, Mapping[tuple[str, str], Band]],
    rows: Sequence[VariantRow],
    name: str,
    metrics: Sequence[str],
) -> Chart:
    styles, labels = variant_styles(table.job.variants), labels_of(table)
    drawn = [row.name for row in rows if row.name in bands]
    models = {variant: Model(variant, labels[variant], styles[variant], bands[variant]) for variant in drawn}
    job, words = table.job.name, " and ".join(metric_label(metric) for metric in metrics)
    return Chart(
        name,
        f"{capital(words)} over the epochs, of all variants",
        lambda: bands_plot(f"{job}: {words} over the epochs", [*models.values()], metrics, models.get(table.reference)),
        BAND_COLUMNS,
        lambda: [row for model in models.values() for row in band_rows((job, model.variant), model, metrics)],
    )


def _without_result(table: JobTable) -> str:
    """Say which of the runs that are drawn have no result; empty if all have."""
    name = table.metric.words
    parts = [
        f"{row.name}: {listed(said)}"
        for row in table.rows
        if (
            said := [f"{row.diverged} that diverged"] * bool(row.diverged)
            + [f"{row.without_result} without a finite {name}"] * bool(row.without_result)
        )
    ]
    return f" Runs without a result are drawn, too ({'; '.join(parts)})." if parts else ""


def _chart(
    job: str,
    variant: str,
    name: str,
    epochs: pa.Table,
    metrics: Sequence[str],
    styles: Mapping[str, VariantStyle],
) -> Chart:
    columns = tuple(_columns(metrics))
    return Chart(
        f"curves-{name}",
        f"Learning curves of {variant}, every run",
        lambda: learning_curves(job, variant, epochs, metrics, styles[variant]),
        ("repeat", "fold", "epoch", *columns),
        lambda: curves_rows(epochs, columns),
        variant,
    )


def _columns(metrics: Sequence[str]) -> Iterator[str]:
    """Yield the columns that the curves of metrics are drawn from."""
    for metric in metrics:
        yield from [metric] * has_training(metric)
        yield from [column_of(VALIDATION, metric)] * has_validation(metric)


def curves_rows(epochs: pa.Table, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return every run's values as stored. Repeat and fold count from 0, epochs from 1."""
    which = ["repeat", "fold", "epoch"]
    ordered = epochs.sort_by([(name, "ascending") for name in which]).select([*which, *columns])
    return list(zip(*(column.to_pylist() for column in ordered.columns), strict=True))


def _why_missing(metric: str, classes: int) -> str:
    known = known_metric(metric)
    name = capital(metric if known is None else known.words)
    if classes < least_classes(metric):
        return f" {name} is not drawn: of {classes} classes it says nothing."
    return f" {name} is not drawn where no run stored it."
