"""Writes a report: every table as CSV, LaTeX and Parquet, every figure as PNG, SVG and PDF with its values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnnjobs.report.figures.style import render
from cnnjobs.report.model import Chart, Document, ReportTable
from cnnjobs.report.render.csv import csv_text, table_csv
from cnnjobs.report.render.html import html_report
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.render.parquet import table_parquet
from cnnjobs.store.files import Files

OnProgress = Callable[[str, int, int], None]
"""Is told (what is going on, done, total)."""

KINDS = ("svg", "png", "pdf")
"""Every figure is written as each of these."""


MANIFEST = ".cnnjobs-report.json"
"""Lists what a report wrote, so that the next one removes that and nothing of anybody else's."""

PAGES = ("report.md", "index.html")
"""Removed before anything else is written, and written last: a report that was cut off does not show old numbers."""


@dataclass(frozen=True)
class Written:
    """Where a report lies.

    Args:
        page: the HTML file.
        box_plot: the PNG of the box plot; None without one.
        damaged: stored files that could not be read; what they hold is missing in the report.
        decisions: the PNG of how a rule came to its decisions; None without one for all variants.
    """

    page: str
    box_plot: str | None
    damaged: tuple[str, ...]
    decisions: str | None = None


def write_document(folder: Files, document: Document, on_progress: OnProgress) -> Written:
    """Write a report; of other files in the folder those are removed that an earlier report wrote.

    Everything is drawn before anything is written.

    Args:
        folder: of the report.
        document: what to write.
        on_progress: is told how many figures are drawn.

    Raises:
        StoreError: if it cannot be written.
    """
    charts = document.charts
    files: dict[str, bytes] = {}
    for done, chart in enumerate(charts):
        on_progress("drawing figures", done, len(charts))
        files |= {f"figures/{name}": content for name, content in chart_files(chart).items()}
    on_progress("drawing figures", len(charts), len(charts))
    for report_table in document.tables:
        files |= {f"tables/{name}": content for name, content in _table_files(report_table).items()}
    pictures = {chart.name: files[f"figures/{chart.name}.svg"] for chart in charts}
    pages = (markdown_report(document), html_report(document, pictures))
    _replace(folder, files, dict(zip(PAGES, (page.encode() for page in pages), strict=True)))
    pngs = (f"figures/{name}.png" for name in ("box", "decisions"))
    box_plot, decisions = (f"{folder.location}/{png}" if png in files else None for png in pngs)
    return Written(f"{folder.location}/index.html", box_plot, document.damaged, decisions)


def is_report(folder: Files) -> bool:
    """Whether a report was written into a folder."""
    return folder.read(MANIFEST) is not None


def _replace(folder: Files, files: Mapping[str, bytes], pages: Mapping[str, bytes]) -> None:
    """Write the files, and the pages last; remove what an earlier report left."""
    earlier = _earlier(folder)
    folder.remove_all(PAGES)
    folder.remove_all(file for file in earlier if file not in files)
    folder.write(MANIFEST, json.dumps({"files": sorted({*earlier, *files})}).encode())
    folder.write_all(files)
    for name, content in pages.items():
        folder.write(name, content)
    folder.write(MANIFEST, json.dumps({"files": sorted(files)}).encode())


def _earlier(folder: Files) -> list[str]:
    """Return what the manifest lists; nothing if it is not one."""
    try:
        names = json.loads(folder.read(MANIFEST) or b"{}").get("files", [])
    except (ValueError, AttributeError):
        return []
    return [name for name in names if isinstance(name, str) and name.count("/") == 1 and ".." not in name]


def _table_files(report_table: ReportTable) -> dict[str, bytes]:
    texts = {"csv": table_csv(report_table), "tex": latex_table(report_table)}
    files = {f"{report_table.name}.{kind}": text.encode() for kind, text in texts.items()}
    return files | {f"{report_table.name}.parquet": table_parquet(report_table)}


def chart_files(chart: Chart) -> dict[str, bytes]:
    """Return a figure as files, with its values: name -> content."""
    figure = chart.draw()
    drawn = {f"{chart.name}.{kind}": render(figure, kind) for kind in KINDS}
    return drawn | {f"{chart.name}.csv": csv_text(chart.columns, chart.rows()).encode()}
