"""Writes a report: tables (CSV, LaTeX, Parquet), figures (SVG, formats asked for, values), texts, and pages."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnjobs.report.drawing import Helpers, OnProgress
from cnnjobs.report.figure_files import FORMATS
from cnnjobs.report.model import Document, ReportTable
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.render.html import html_report
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.render.markdown import markdown_report
from cnnjobs.report.render.parquet import table_parquet
from cnnjobs.store.files import Files

MANIFEST = ".cnnjobs-report.json"
"""Lists what a report wrote, so that the next one removes that and nothing of anybody else's, and the formats."""

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


def write_document(
    folder: Files,
    document: Document,
    on_progress: OnProgress,
    formats: Sequence[str] | None = None,
    helpers: Helpers | None = None,
) -> Written:
    """Write a report; of other files in the folder those are removed that an earlier report wrote.

    Everything is drawn before anything is written.

    Args:
        folder: of the report.
        document: what to write.
        on_progress: is told how many figures are drawn.
        formats: of `FORMATS`, what every figure is written as beside SVG; None for those of the report that the folder
            has.
        helpers: draw figures beside this process; None for as many as pay.

    Raises:
        StoreError: if it cannot be written.
    """
    charts = document.charts
    earlier = _earlier(folder)
    formats = earlier.formats if formats is None else formats
    with Helpers(len(charts)) if helpers is None else contextlib.nullcontext(helpers) as drawing:
        drawn = drawing.draw(charts, formats, on_progress)
    files = {f"figures/{name}": content for name, content in drawn.items()}
    for report_table in document.tables:
        files |= {f"tables/{name}": content for name, content in _table_files(report_table).items()}
    files |= {f"text/{passage.file}": f"{passage.text}\n".encode() for passage in document.passages}
    pictures = {chart.name: files[f"figures/{chart.name}.svg"] for chart in charts}
    pages = (markdown_report(document), html_report(document, pictures, files))
    _replace(folder, earlier, _Manifest(tuple(files), tuple(formats)), files, [page.encode() for page in pages])
    pngs = (f"figures/{name}.png" for name in ("box", "decisions"))
    box_plot, decisions = (f"{folder.location}/{png}" if png in files else None for png in pngs)
    return Written(f"{folder.location}/index.html", box_plot, document.damaged, decisions)


def is_report(folder: Files) -> bool:
    """Whether a report was written into a folder."""
    return folder.read(MANIFEST) is not None


def has_class_sections(folder: Files) -> bool:
    """Whether the report in a folder has tables of classes, which are made of stored predictions."""
    return any(name.startswith("tables/classes-") for name in _earlier(folder).files)


@dataclass(frozen=True)
class _Manifest:
    """What a report wrote.

    Args:
        files: below its folder.
        formats: what every figure was written as beside SVG.
    """

    files: Sequence[str] = ()
    formats: Sequence[str] = ()

    def content(self) -> bytes:
        """Return it as a file."""
        return json.dumps({"files": sorted(self.files), "formats": list(self.formats)}).encode()


def _replace(
    folder: Files, earlier: _Manifest, manifest: _Manifest, files: Mapping[str, bytes], pages: Sequence[bytes]
) -> None:
    """Write the files, and the pages last; remove what an earlier report left."""
    folder.remove_all(PAGES)
    folder.remove_all(file for file in earlier.files if file not in files)
    folder.write(MANIFEST, replace(manifest, files=[*{*earlier.files, *files}]).content())
    folder.write_all(files)
    for name, content in zip(PAGES, pages, strict=True):
        folder.write(name, content)
    folder.write(MANIFEST, manifest.content())


def _earlier(folder: Files) -> _Manifest:
    """Return what the manifest of a folder says; nothing if it is not one."""
    try:
        found: Any = json.loads(folder.read(MANIFEST) or b"{}")
    except ValueError:
        return _Manifest()
    files, formats = (_texts(found, name) for name in ("files", "formats"))
    return _Manifest(
        [name for name in files if name.count("/") == 1 and ".." not in name],
        [name for name in FORMATS if name in formats],
    )


def _texts(found: Any, name: str) -> list[str]:
    """Return the texts in a list of a JSON object; none where it is another thing."""
    values = found.get(name) if isinstance(found, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _table_files(report_table: ReportTable) -> dict[str, bytes]:
    texts = {"csv": table_csv(report_table), "tex": latex_table(report_table)}
    files = {f"{report_table.name}.{kind}": text.encode() for kind, text in texts.items()}
    return files | {f"{report_table.name}.parquet": table_parquet(report_table)}
