"""Shows the tables of a comparison, without what only its report needs: Matplotlib, templates of pages."""

from collections.abc import Collection
from typing import Protocol

from cnnjobs.comparison.shown import shown_table
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.run.progress import Waiting
from cnnjobs.store.store import Store
from cnnjobs.wording.terminal import echo


class Say(Protocol):
    """Shows a line to a person, or to nobody."""

    def __call__(self, text: object = "", /, *, styled: bool = False) -> None:
        """Show it."""
        ...


def show_table(store: Store, options: ReportOptions, say: Say = echo, only: Collection[str] = ()) -> JobTable:
    """Show a job's tables, and return its comparison.

    Args:
        store: the job's.
        options: what to show.
        say: shows a line.
        only: variants that are shown, beside the reference where it has runs; empty for all.

    Raises:
        StoreError: if results cannot be read.
    """
    table = shown_table(store, options.metric, options.reference, options.alpha, options.margin, on_progress=Waiting())
    for line in table_lines(table, only):
        say(line, styled=True)
    return table
