"""Writes a report: every table as CSV, LaTeX and Parquet, every figure as PNG, SVG and PDF with its values."""

from collections.abc import Callable
from dataclasses import dataclass

from cnnjobs.analysis.csv_tables import csv_text, grid_csv
from cnnjobs.analysis.document import Chart, Document, Grid
from cnnjobs.analysis.drawing import render
from cnnjobs.analysis.html import html_report
from cnnjobs.analysis.latex import latex_table
from cnnjobs.analysis.markdown import markdown_report
from cnnjobs.analysis.parquet_tables import grid_parquet
from cnnjobs.store.files import Files

OnProgress = Callable[[str, int, int], None]
"""Is told (what is going on, done, total)."""

KINDS = ("svg", "png", "pdf")
"""Every figure is written as each of these."""


@dataclass(frozen=True)
class Written:
    """Where a report lies.

    Args:
        page: the HTML file.
        box_plot: the PNG of the box plot; None without one.
        damaged: stored files that could not be read; what they hold is missing in the report.
    """

    page: str
    box_plot: str | None
    damaged: tuple[str, ...]


def write_document(folder: Files, document: Document, on_progress: OnProgress) -> Written:
    """Write a report into a folder that is its own: other files in its `figures/` and `tables/` are removed.

    Args:
        folder: of the report.
        document: what to write.
        on_progress: is told how many figures are drawn.

    Raises:
        StoreError: if it cannot be written.
    """
    tables, pictures = folder.below("tables"), folder.below("figures")
    for grid in document.grids:
        _write_grid(tables, grid)
    figures = {}
    for done, chart in enumerate(document.charts):
        on_progress("drawing figures", done, len(document.charts))
        figures[chart.name] = write_chart(pictures, chart)
    on_progress("drawing figures", len(figures), len(figures))
    folder.write("report.md", markdown_report(document).encode())
    folder.write("index.html", html_report(document, figures).encode())
    _sweep(tables, {grid.name for grid in document.grids})
    _sweep(pictures, set(figures))
    box_plot = f"{pictures.location}/box.png" if "box" in figures else None
    return Written(f"{folder.location}/index.html", box_plot, document.damaged)


def _write_grid(folder: Files, grid: Grid) -> None:
    folder.write(f"{grid.name}.csv", grid_csv(grid).encode())
    folder.write(f"{grid.name}.tex", latex_table(grid).encode())
    folder.write(f"{grid.name}.parquet", grid_parquet(grid))


def write_chart(folder: Files, chart: Chart) -> bytes:
    """Write a figure and its values; return it as SVG."""
    figure = chart.draw()
    drawn = {kind: render(figure, kind) for kind in KINDS}
    for kind, content in drawn.items():
        folder.write(f"{chart.name}.{kind}", content)
    folder.write(f"{chart.name}.csv", csv_text(chart.columns, chart.rows()).encode())
    return drawn["svg"]


def _sweep(folder: Files, names: set[str]) -> None:
    """Remove what an earlier report wrote and this one did not: of a variant that has another name now, say."""
    for file in folder.names():
        if file.rsplit(".", 1)[0] not in names:
            folder.remove(file)
