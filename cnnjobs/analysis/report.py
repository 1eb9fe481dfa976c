"""Writes the report of one job: Markdown, CSV, PNG and SVG under `report/`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from matplotlib.figure import Figure

from cnnjobs.analysis import plots, tables
from cnnjobs.analysis.tables import JobTable
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


@dataclass(frozen=True)
class Written:
    """Where a report lies.

    Args:
        report: the Markdown file.
        box_plot: the PNG of the box plot; None without a completed run.
    """

    report: str
    box_plot: str | None


def write_report(store: Store, table: JobTable) -> Written:
    """Write every table and figure of the comparison below the store's `report/`.

    Raises:
        StoreError: if it cannot be written.
    """
    folder = store.files.below("report")
    folder.write("summary.csv", tables.summary_csv(table).encode())
    folder.write("differences.csv", tables.differences_csv(table).encode())
    folder.write("runs.csv", tables.runs_csv(table).encode())
    has_runs = any(row.values for row in table.rows)
    curves: dict[str, str] = {}
    difference = None
    if has_runs:
        _draw(folder, "box", plots.box_plot(table))
        curves = _draw_curves(store, folder, table)
        difference = plots.difference_plot(table)
        if difference is not None:
            _draw(folder, "differences", difference)
    text = _markdown(table, curves, has_runs=has_runs, has_differences=difference is not None)
    folder.write("report.md", text.encode())
    return Written(f"{folder.location}/report.md", f"{folder.location}/box.png" if has_runs else None)


def _draw(folder: Files, name: str, figure: Figure) -> None:
    for kind in ("png", "svg"):
        folder.write(f"{name}.{kind}", plots.render(figure, kind))


def _draw_curves(store: Store, folder: Files, table: JobTable) -> dict[str, str]:
    """Draw the learning curves of every variant; return variant -> file name without ending."""
    epochs = store.read("epochs").table
    names: dict[str, str] = {}
    for variant, settings in table.job["variants"].items():
        own = epochs.filter(pa.compute.equal(epochs["condition_id"], settings["condition_id"])).to_pylist()
        if own:
            names[variant] = _file_name(variant, set(names.values()))
            _draw(folder, names[variant], plots.learning_curves(str(table.job["name"]), variant, own))
    return names


def _file_name(variant: str, taken: set[str]) -> str:
    """Return a plain file name for a variant, unlike those taken."""
    plain = "curves-" + (re.sub(r"[^a-z0-9]+", "-", variant.lower()).strip("-") or "variant")
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    return name


def _markdown(table: JobTable, curves: Mapping[str, str], *, has_runs: bool, has_differences: bool) -> str:
    job = table.job
    parts = [f"# {_plain(str(job['name']))}", *_about(table), *_summary(table)]
    if has_runs:
        parts.append(f"![{plots.axis_label(table.metric)} of every run](box.png)")
    if len(table.rows) > 1:
        parts += _differences(table)
    if has_differences:
        parts.append("![paired differences](differences.png)")
    if curves:
        parts.append("## Learning curves")
        parts.append(
            "Train blue, validation orange. Train values are averaged over each epoch while it trains, with "
            "augmentation and dropout on; losses are cross-entropy without weight decay's share."
        )
        parts += [f"![learning curves of {_plain(name)}]({file}.png)" for name, file in curves.items()]
    parts += _files(curves)
    return "\n\n".join(parts) + "\n"


def _about(table: JobTable) -> list[str]:
    job = table.job
    repeats = f"{job['repeats']} repeats"
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
        f"{what[0].upper() + what[1:]} at the final epoch. SD: standard deviation over the runs, ddof=1. "
        "95% CI: t interval of the mean over new repeats on these same test images"
    )
    if table.job["protocol"]["folds"]:
        text += ", corrected for the training rows that folds share (Nadeau and Bengio, 2003)"
    return [f"## {what.split(' (', maxsplit=1)[0].capitalize()}", markdown_table(header, rows), text + "."]


def _differences(table: JobTable) -> list[str]:
    header, rows = tables.difference_cells(table)
    return [
        f"## Paired differences to {_plain(table.reference)}",
        markdown_table(header, rows),
        "Each repeat has the same seeds in every variant, so runs are compared in pairs"
        + (", in percentage points" if table.is_accuracy else "")
        + f". The intervals are not corrected for there being {len(rows)} of them.",
    ]


def _files(curves: Mapping[str, str]) -> list[str]:
    names = ["summary.csv", "differences.csv", "runs.csv", "box.svg", "differences.svg"]
    names += [f"{name}.svg" for name in curves.values()]
    return ["## Files", "Beside this file: " + ", ".join(names) + ". The runs themselves: ../trials/*.parquet."]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table in Markdown; numbers to the right."""
    lines = ["| " + " | ".join(_plain(str(cell)) for cell in header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(_plain(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_<>|#\[\]])", r"\\\1", text) if re.search(r"[`*<>|#\\]", text) else text
