"""The report's learning curves: a figure a variant, and what it draws as CSV."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from cnnjobs.analysis.csv_tables import csv_text
from cnnjobs.analysis.curves import drawable, learning_curves
from cnnjobs.analysis.markdown import picture
from cnnjobs.analysis.measures import measure
from cnnjobs.analysis.report_part import Part, write_figure
from cnnjobs.analysis.tables import JobTable
from cnnjobs.spec.metrics import TOP
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

ABOUT = (
    "Train blue, validation orange. Train values are averaged over each epoch while it trains, with augmentation and "
    "dropout on; losses are cross-entropy without weight decay's share."
)


def write_curves(
    store: Store, folder: Files, table: JobTable, names: Mapping[str, str], metrics: Sequence[str]
) -> Part:
    """Write the learning curves of every variant that has epochs.

    Args:
        store: the job's.
        folder: of the report.
        table: the comparison, whose runs are drawn.
        names: variant -> plain name.
        metrics: of `METRICS`, a panel each.
    """
    job, classes = str(table.job["name"]), table.job["dataset"]["classes"]
    pictures: list[str] = []
    files: list[str] = []
    damaged: list[str] = []
    missing: set[str] = set()
    for row in table.rows:
        stored = store.read("epochs", row.trials)
        damaged += stored.damaged
        if not stored.table.num_rows:
            continue
        drawn, name = drawable(metrics, stored.table, classes), f"curves-{names[row.name]}"
        missing |= set(metrics) - set(drawn)
        if drawn:
            files += write_figure(folder, name, learning_curves(job, row.name, stored.table, drawn))
            files.append(f"{name}.csv")
            folder.write(files[-1], curves_csv(stored.table, drawn).encode())
            pictures.append(picture(name, f"learning curves of {row.name}"))
    about = ABOUT + "".join(_why_missing(metric, classes) for metric in metrics if metric in missing)
    return Part(("## Learning curves", about, *pictures) if pictures or missing else (), tuple(files), tuple(damaged))


def curves_csv(epochs: pa.Table, metrics: Sequence[str]) -> str:
    """Return every run's values as CSV, as stored. Repeat, fold and epoch count from 1."""
    columns = [column for metric in metrics for column in (metric, f"val_{metric}")]
    rows = epochs.select(["repeat", "fold", "epoch", *columns]).to_pylist()
    lines = sorted([row["repeat"] + 1, row["fold"] + 1, row["epoch"], *(row[name] for name in columns)] for row in rows)
    return csv_text(["repeat", "fold", "epoch", *columns], lines)


def _why_missing(metric: str, classes: int) -> str:
    name = measure(metric).name.capitalize()
    if metric == "top5_accuracy" and classes <= TOP:
        return f" {name} is not drawn: of {classes} classes it says nothing."
    return f" {name} is not drawn where no run stored it."
