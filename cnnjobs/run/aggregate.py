"""Shows and reports the comparisons of stored jobs, for `aggregate` and the end of `submit`."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnjobs.comparison.across_datasets import compare_over_datasets, dataset_of
from cnnjobs.comparison.table import JobTable, job_table
from cnnjobs.errors import StoreError
from cnnjobs.report.build import ReportOptions, job_document
from cnnjobs.report.overlay import choose, overlay_chart, read_histories
from cnnjobs.report.render.comparison_text import grid_text, section_text, table_lines
from cnnjobs.report.sections.across_datasets import across_datasets_document
from cnnjobs.report.write import PAGES, Written, chart_files, is_report, write_document
from cnnjobs.run.calling_machine import EVENTS
from cnnjobs.run.progress import Waiting
from cnnjobs.run.verify import refuse_damaged
from cnnjobs.store.files import Files
from cnnjobs.store.results import open_stores
from cnnjobs.store.store import Store
from cnnjobs.wording.sentences import clause, sentences
from cnnjobs.wording.terminal import echo, note

ACROSS_DATASETS_SHOWN = ("ranks", "pairs")
"""Tables of several data sets that the terminal shows."""


@dataclass(frozen=True)
class Aggregation:
    """Tables of results, shown as they are read.

    Args:
        results: a job's folder or a folder of jobs.
        options: what to show.
        output: folder or URI where reports go; None for the folder of each job.
    """

    results: str
    options: ReportOptions
    output: str | None = None

    def run(self, overlay: Sequence[str] = ()) -> None:
        """Print the tables of every job, write its report, then that over data sets.

        Args:
            overlay: JOB:VARIANT of models whose curves are drawn in one figure.

        Raises:
            StoreError: for what cannot be read or written; at the end, for one of several jobs.
            DamagedResults: at the end, if files of the results could not be read.
        """
        place = Files(self.output or self.results)
        if self.output is not None:
            _check_output(place)
        damaged: list[str] = []
        if overlay:
            damaged += _show_overlay(self.results, overlay, self.options.curves, place.below("overlay"))
        stores, broken = open_stores(self.results)
        options = self.options.among([store.job for store in stores if store.job is not None])
        folders = self._folders(stores)
        if self.output is not None:
            for folder in (*folders, place.below("report")):
                _check_output(folder)
        shown = []
        for store, folder in zip(stores, folders, strict=True):
            try:
                shown.append(show_comparison(store, options, folder))
            except StoreError as error:  # one that cannot be read does not hide the others
                broken.append(error)
        _show_together([one.table for one in shown], place.below("report"))
        if broken:
            raise StoreError("\n".join(map(str, broken))) from broken[0]
        refuse_damaged(list(dict.fromkeys([*damaged, *(file for one in shown for file in one.damaged)])))

    def _folders(self, stores: Sequence[Store]) -> list[Files]:
        """Return where the report of each job goes."""
        if self.output is None:
            return [store.files.below("report") for store in stores]
        folder = Files(self.output)
        if Store(Files(self.results)).job is not None:  # the results are those of one job
            return [folder]
        return [folder.below(store.files.name) for store in stores]


@dataclass(frozen=True)
class Shown:
    """A comparison that was shown.

    Args:
        table: the comparison.
        damaged: files of the results that could not be read; what they hold is missing in it.
    """

    table: JobTable
    damaged: tuple[str, ...]


def show_comparison(
    store: Store, options: ReportOptions, folder: Files | None = None, *, page_or_note: bool = False
) -> Shown:
    """Print a job's tables, write its report, print where it is, and return the comparison.

    Args:
        store: the job's.
        options: what to show.
        folder: of the report; None for the store's own.
        page_or_note: say so in a line if the report cannot be written.

    Raises:
        StoreError: if results cannot be read, or the report not be written.
    """
    waiting = Waiting()
    table = job_table(store, options.metric, options.reference, options.alpha, options.margin, on_progress=waiting)
    for line in table_lines(table):
        echo(line, styled=True)
    document = job_document(store, table, waiting, options)
    for section in document.sections:
        for line in section_text(section):
            echo(line, styled=True)
    shown = Shown(table, tuple(dict.fromkeys((*table.damaged, *document.damaged))))
    try:
        written = write_document(folder or store.files.below("report"), document, waiting)
    except StoreError as error:
        if not page_or_note:
            raise StoreError(sentences(error, "`output=DIR` is where the report goes instead.")) from error
        note(sentences(f"no report: {error}", "`cnnjobs aggregate --output DIR` writes it elsewhere."))
        return shown
    if os.environ.get(EVENTS) and store.files.is_local:
        return shown  # it is read on another machine, where these paths lead nowhere
    for line in _places(written):
        echo(line)
    if not options.with_predictions:
        echo(f"classes:  cnnjobs aggregate {shlex.quote(store.files.address)}")
    return shown


def _show_together(tables: Sequence[JobTable], folder: Files) -> None:
    """Write the report of several jobs on several data sets, and print where it is, or why there is none.

    Args:
        tables: one a job.
        folder: of the report.
    """
    tables = [table for table in tables if table.job.audit is None]
    if len({dataset_of(table) for table in tables}) < 2:
        return
    across = compare_over_datasets(tables)
    echo()
    if isinstance(across, str):
        echo(f"note: not compared over data sets: {clause(across)}")
        return
    document = across_datasets_document(across)
    for report_table in document.tables:
        if report_table.name in ACROSS_DATASETS_SHOWN:
            echo(grid_text(report_table), styled=True)
    for line in _places(write_document(folder, document, Waiting())):
        echo(line)


def _places(written: Written) -> Iterator[str]:
    """Say where a report is, and what it could not read."""
    for name in written.damaged:
        yield f"note: not readable, missing in the figures: {name}"
    if written.box_plot:
        yield f"box plot: {written.box_plot}"
    yield f"report:   {written.page}"


def _show_overlay(results: str, names: Sequence[str], curves: Sequence[str], folder: Files) -> Sequence[str]:
    """Write the figure of several models into a folder, and print where it is; return files that are damaged.

    Raises:
        StoreError: for a name that is no model.
    """
    stores, _ = open_stores(results)
    histories, damaged = read_histories(choose(stores, names))
    chart = overlay_chart(histories, curves)
    folder.write_all(chart_files(chart))
    for name in damaged:
        echo(f"note: not readable, missing in the overlay: {name}")
    echo(f"overlay:  {folder.location}/{chart.name}.png")
    return damaged


def _check_output(folder: Files) -> None:
    """Refuse a folder in which a report would write over what is not one.

    Raises:
        StoreError: if it is a job's, has pages that are no report's, or cannot be written.
    """
    names = set(folder.names())
    taken = sorted(names & {"job.json", *(() if is_report(folder) else PAGES)})
    if taken:
        raise StoreError(
            f"`output` must be a folder of its own for the report. Received: {folder.location}, which holds "
            f"{' and '.join(taken)} of something else. Name another, such as {folder.location.rstrip('/')}/report."
        )
    folder.check_writable()
