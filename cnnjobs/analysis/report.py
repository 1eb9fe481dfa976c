"""Writes the report of one job: Markdown, CSV, PNG and SVG under `report/`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc
from matplotlib.figure import Figure

from cnnjobs.analysis import plots, tables
from cnnjobs.analysis.figures import render
from cnnjobs.analysis.tables import JobTable
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


@dataclass(frozen=True)
class Written:
    """Where a report lies.

    Args:
        report: the Markdown file.
        box_plot: the PNG of the box plot; None without a completed run.
        damaged: files of epochs that could not be read; their runs are missing in the curves.
    """

    report: str
    box_plot: str | None
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """Names of the figures that were drawn, without ending.

    Args:
        box: the box plot.
        differences: the paired differences.
        curves: variant -> its learning curves.
    """

    box: str | None = None
    differences: str | None = None
    curves: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return them all."""
        return [name for name in (self.box, self.differences, *self.curves.values()) if name]


def write_report(store: Store, table: JobTable) -> Written:
    """Write every table and figure of the comparison below the store's `report/`.

    Raises:
        StoreError: if it cannot be written.
    """
    folder = store.files.below("report")
    folder.write("summary.csv", tables.summary_csv(table).encode())
    folder.write("differences.csv", tables.differences_csv(table).encode())
    folder.write("runs.csv", tables.runs_csv(table).encode())
    figures = _draw_all(store, folder, table) if any(row.values for row in table.rows) else Figures()
    for name in folder.names():
        if name.startswith("curves-") and name.rpartition(".")[0] not in figures.names():
            folder.remove(name)  # of a variant that has another name now
    folder.write("report.md", report_text(table, figures).encode())
    box = f"{folder.location}/box.png" if figures.box else None
    return Written(f"{folder.location}/report.md", box, store.read("epochs").damaged)


def report_text(table: JobTable, figures: Figures) -> str:
    """Return the report in Markdown.

    Args:
        table: the comparison.
        figures: those that lie beside it.
    """
    parts = [f"# {_plain(str(table.job['name']))}", *_about(table), *_summary(table)]
    if figures.box:
        parts.append(f"![{plots.axis_label(table.metric)} of every run]({figures.box}.png)")
    if len(table.rows) > 1:
        parts += _differences(table)
    if figures.differences:
        parts.append(f"![paired differences]({figures.differences}.png)")
    if figures.curves:
        parts.append("## Learning curves")
        parts.append(
            "Train blue, validation orange. Train values are averaged over each epoch while it trains, with "
            "augmentation and dropout on; losses are cross-entropy without weight decay's share."
        )
        parts += [f"![learning curves of {_plain(name)}]({file}.png)" for name, file in figures.curves.items()]
    parts += _provenance(table)
    names = ["summary.csv", "differences.csv", "runs.csv", *(f"{name}.svg" for name in figures.names())]
    parts.append("## Files")
    parts.append("Beside this file: " + ", ".join(names) + ". The runs themselves: ../trials/\\*.parquet.")
    return "\n\n".join(parts) + "\n"


def _draw_all(store: Store, folder: Files, table: JobTable) -> Figures:
    """Draw every figure as PNG and SVG."""
    _draw(folder, "box", plots.box_plot(table))
    difference = plots.difference_plot(table)
    if difference is not None:
        _draw(folder, "differences", difference)
    epochs = store.read("epochs").table
    curves: dict[str, str] = {}
    for variant, settings in table.job["variants"].items():
        own = epochs.filter(pc.equal(epochs["condition_id"], settings["condition_id"])).to_pylist()
        if own:
            curves[variant] = _file_name(variant, set(curves.values()))
            _draw(folder, curves[variant], plots.learning_curves(str(table.job["name"]), variant, own))
    return Figures("box", "differences" if difference is not None else None, curves)


def _draw(folder: Files, name: str, figure: Figure) -> None:
    for kind in ("png", "svg"):
        folder.write(f"{name}.{kind}", render(figure, kind))


def _file_name(variant: str, taken: set[str]) -> str:
    """Return a plain file name for a variant, unlike those taken."""
    plain = "curves-" + (re.sub(r"[^a-z0-9]+", "-", variant.lower()).strip("-") or "variant")
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name


def _about(table: JobTable) -> list[str]:
    job = table.job
    repeats = f"{job['repeats']} repeat" + ("s" if job["repeats"] != 1 else "")
    lines = [
        f"Data set {_plain(str(job['dataset']['name']))}: {job['dataset']['train_rows']:,} training and "
        f"{job['dataset']['test_rows']:,} test images of {job['dataset']['classes']} classes. {repeats}; "
        f"{job['protocol_text']}."
    ]
    if job["protocol"]["validation"] == "test" and not job["protocol"]["folds"]:
        lines.append(
            "**Note.** The validation curves of this job are those of the test set. Nothing was selected by them "
            "here, but do not choose epochs or settings by them and then quote the test accuracy."
        )
    if table.stale:
        lines.append(f"{table.stale} stored trials belong to settings that the job no longer has: left out.")
    lines += [f"**Note.** {_plain(note[0].upper() + note[1:])}." for note in table.notes]
    return lines


def _summary(table: JobTable) -> list[str]:
    header, rows = tables.summary_cells(table)
    what = plots.axis_label(table.metric)
    text = (
        f"{what[0].upper() + what[1:]} of the weights that come out of training. "
        f"SD: standard deviation over the runs, ddof=1. 95% CI: t interval of the mean over {interval_over(table)}"
    )
    return [f"## {what.split(' (', maxsplit=1)[0].capitalize()}", markdown_table(header, rows), text + "."]


def interval_over(table: JobTable) -> str:
    """Say what an interval of the mean speaks of."""
    if table.job["protocol"]["folds"]:
        return "new folds of these rows, corrected for the training rows that folds share (Nadeau and Bengio, 2003)"
    if table.metric.startswith("test_"):
        return "new repeats on these same test images"
    return "new repeats"


def _differences(table: JobTable) -> list[str]:
    header, rows = tables.difference_cells(table)
    return [
        f"## Paired differences to {_plain(table.reference)}",
        markdown_table(header, rows),
        "Each repeat has the same seeds and rows in every variant, so runs are compared in pairs"
        + (", in percentage points" if table.is_accuracy else "")
        + f". The intervals are not corrected for there being {len(rows)} of them.",
    ]


def _provenance(table: JobTable) -> list[str]:
    if not table.provenance:
        return []
    rows = [(name, ", ".join(values)) for name, values in table.provenance.items()]
    return ["## Made with", markdown_table(("what", "value"), rows).replace("---:", "---")]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table in Markdown; numbers to the right."""
    lines = ["| " + " | ".join(_plain(str(cell)) for cell in header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(_plain(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    escaped = re.sub(r"([\\`*<>|#&])", r"\\\1", text)
    return re.sub(r"([\[\]])", r"\\\1", escaped) if "](" in text else escaped
