"""Shows and reports the comparisons of stored jobs, for `aggregate` and the end of `submit`."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnjobs.comparison.across_datasets import AcrossDatasets, compare_over_datasets, dataset_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.errors import StoreError
from cnnjobs.report.build import figures_expected, job_document
from cnnjobs.report.drawing import Helpers, chart_files
from cnnjobs.report.figure_files import NAMED
from cnnjobs.report.model import Document
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.overlay import choose, overlay_chart, read_histories
from cnnjobs.report.render.comparison_text import grid_text, section_text
from cnnjobs.report.sections.across_datasets import across_datasets_document
from cnnjobs.report.write import PAGES, Written, is_report, write_document
from cnnjobs.run.calling_machine import EVENTS
from cnnjobs.run.progress import Waiting, while_doing
from cnnjobs.run.tables import Say, show_table
from cnnjobs.run.verify import refuse_damaged
from cnnjobs.store.files import Files
from cnnjobs.store.results import open_stores
from cnnjobs.store.store import Store
from cnnjobs.wording.sentences import clause, sentences
from cnnjobs.wording.terminal import echo, note, unsaid

DRAWING = "drawing figures"

ACROSS_DATASETS_SHOWN = ("ranks", "pairs")
"""Tables of several data sets that the terminal shows."""


@dataclass(frozen=True)
class Aggregation:
    """Tables of results, shown as they are read.

    Args:
        results: a job's folder or a folder of jobs.
        options: what to show.
        output: folder or URI where reports go; None for the folder of each job.
        say: shows a line.
        formats: what every figure is written as beside SVG; None for what the report that is there has.
    """

    results: str
    options: ReportOptions
    output: str | None = None
    say: Say = echo
    formats: Sequence[str] | None = None

    def run(self, overlay: Sequence[str] = ()) -> "Aggregated":
        """Show the tables of every job, write its report, then that over data sets.

        Args:
            overlay: JOB:VARIANT of models whose curves are drawn in one figure.

        Raises:
            StoreError: for what cannot be read or written, other than one of several jobs.
        """
        place = Files(self.output or self.results)
        if self.output is not None:
            _check_output(place)
        overlaid = None
        if overlay:
            overlaid = self._overlay(overlay, place.below("overlay"))
        stores, broken = open_stores(self.results)
        options = self.options.among([store.job for store in stores if store.job is not None])
        folders = self._folders(stores)
        if self.output is not None:
            for folder in (*folders, place.below("report")):
                _check_output(folder)
        shown = []
        with Helpers(figures_expected(options.others, options)) as helpers:
            for store, folder in zip(stores, folders, strict=True):
                try:
                    shown.append(
                        show_comparison(store, options, folder, say=self.say, formats=self.formats, helpers=helpers)
                    )
                except StoreError as error:  # one that cannot be read does not hide the others
                    broken.append(error)
        together = self._show_together([one.table for one in shown], place.below("report"))
        return Aggregated(place.location, tuple(shown), tuple(broken), together, overlaid)

    def _folders(self, stores: Sequence[Store]) -> list[Files]:
        """Return where the report of each job goes."""
        if self.output is None:
            return [store.files.below("report") for store in stores]
        folder = Files(self.output)
        if Store(Files(self.results)).job is not None:  # the results are those of one job
            return [folder]
        return [folder.below(store.files.name) for store in stores]

    def _overlay(self, names: Sequence[str], folder: Files) -> "Overlaid":
        """Write the figure of several models into a folder, and show where it is.

        Raises:
            StoreError: for a name that is no model.
        """
        stores, _ = open_stores(self.results)
        histories, damaged = read_histories(choose(stores, names))
        chart = overlay_chart(histories, self.options.curves)
        folder.write_all(chart_files(chart, (NAMED["box"], *(self.formats or ()))))
        figure = f"{folder.location}/{chart.name}.{NAMED['box']}"
        for name in damaged:
            self.say(f"note: {name} cannot be read and is missing in the overlay")
        self.say(f"overlay:  {figure}")
        return Overlaid(figure, tuple(damaged))

    def _show_together(self, tables: Sequence[JobTable], folder: Files) -> "Together | None":
        """Write the report of several jobs on several data sets, and show where it is, or why there is none.

        Args:
            tables: one per job.
            folder: of the report.
        """
        tables = [table for table in tables if table.job.audit is None]
        if len({dataset_of(table) for table in tables}) < 2:
            return None
        across = compare_over_datasets(tables)
        self.say()
        if isinstance(across, str):
            self.say(f"note: There is no comparison over data sets: {clause(across)}")
            return Together(across)
        document = across_datasets_document(across)
        for report_table in document.tables:
            if report_table.name in ACROSS_DATASETS_SHOWN:
                self.say(grid_text(report_table), styled=True)
        written = write_document(folder, document, Waiting(), self.formats)
        for line in _places(written):
            self.say(line)
        return Together(across, document, written)


@dataclass(frozen=True)
class Shown:
    """A comparison that was shown.

    Args:
        table: the comparison.
        document: its report.
        results: folder or URI of the results.
        written: where the report lies; None if it could not be written, or lies on another machine.
        damaged: files of the results that could not be read; what they hold is missing in it.
    """

    table: JobTable
    document: Document
    results: str
    written: Written | None
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Together:
    """The comparison of several jobs over data sets.

    Args:
        across: it, or why there is none.
        document: its report; None without it.
        written: where that lies.
    """

    across: AcrossDatasets | str
    document: Document | None = None
    written: Written | None = None


@dataclass(frozen=True)
class Overlaid:
    """The curves of several models in one figure.

    Args:
        figure: the PNG file.
        damaged: files of the results that could not be read.
    """

    figure: str
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Aggregated:
    """What was shown of results.

    Args:
        results: folder or URI.
        shown: one per job.
        broken: the errors of jobs that cannot be read.
        together: over data sets; None for jobs on one.
        overlaid: curves of several models; None if none was asked for.
    """

    results: str
    shown: tuple[Shown, ...]
    broken: tuple[StoreError, ...]
    together: Together | None
    overlaid: Overlaid | None

    def refuse_incomplete(self) -> None:
        """Say at the end that what was shown is not all.

        Raises:
            StoreError: if a job could not be read.
            DamagedResults: if files of the results could not be read.
        """
        if self.broken:
            raise StoreError("\n".join(map(str, self.broken))) from self.broken[0]
        damaged = [
            *(self.overlaid.damaged if self.overlaid else ()),
            *(file for one in self.shown for file in one.damaged),
        ]
        refuse_damaged(list(dict.fromkeys(damaged)))


def show_comparison(
    store: Store,
    options: ReportOptions,
    folder: Files | None = None,
    *,
    table: JobTable | None = None,
    page_or_note: bool = False,
    say: Say = echo,
    formats: Sequence[str] | None = None,
    helpers: Helpers | None = None,
) -> Shown:
    """Show a job's tables, write its report, say where it is, and return the comparison.

    Args:
        store: the job's.
        options: what to show.
        folder: of the report; None for the store's own.
        table: the comparison, if its tables were shown already.
        page_or_note: say so in a line if the report cannot be written.
        say: shows a line.
        formats: what every figure is written as beside SVG; None for what the report that is there has.
        helpers: draw figures beside this process; None for as many as pay.

    Raises:
        StoreError: if results cannot be read, or the report not be written.
    """
    table, waiting = table or show_table(store, options, say), Waiting()
    quiet = say is unsaid
    with while_doing(DRAWING, quiet=quiet):
        document = job_document(store, table, waiting, options)
    for section in document.sections:
        for line in section_text(section):
            say(line, styled=True)
    try:
        place = folder or store.files.below("report")
        with while_doing(DRAWING, quiet=quiet):
            written: Written | None = write_document(place, document, waiting, formats, helpers)
    except StoreError as error:
        if not page_or_note:
            raise StoreError(sentences(error, "Use `output=DIR` to write the report elsewhere.")) from error
        note(sentences(f"No report was written: {error}", "`cnnjobs aggregate --output DIR` writes it elsewhere."))
        written = None
    damaged = tuple(dict.fromkeys((*table.damaged, *document.damaged)))
    if os.environ.get(EVENTS) and store.files.is_local:
        written = None  # it is read on another machine, where these paths lead nowhere
    if written is not None:
        for line in _places(written):
            say(line)
        if not options.with_predictions:
            say(f"classes:  cnnjobs aggregate {shlex.quote(store.files.address)}")
    return Shown(table, document, store.files.location, written, damaged)


def _places(written: Written) -> Iterator[str]:
    """Say where a report is, and what it could not read."""
    for name in written.damaged:
        yield f"note: {name} cannot be read and is missing in the figures"
    if written.decisions:
        yield f"decision: {written.decisions}"
    if written.box_plot:
        yield f"box plot: {written.box_plot}"
    yield f"report:   {written.page}"


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
