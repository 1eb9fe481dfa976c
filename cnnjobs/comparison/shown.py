"""The comparison of a job's variants as it is shown to a person or a program, which the store keeps as a look."""

from dataclasses import replace

from cnnjobs.comparison.table import JobTable, job_table
from cnnjobs.errors import StoreError
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import ALPHA
from cnnjobs.store.looks import write_look
from cnnjobs.store.reading import OnProgress
from cnnjobs.store.store import Store
from cnnjobs.wording.sentences import clause


def shown_table(
    store: Store,
    metric: Metric | None = None,
    reference: str | None = None,
    alpha: float = ALPHA,
    margin: float | None = None,
    on_progress: OnProgress | None = None,
) -> JobTable:
    """Return the comparison of `job_table`, and keep that it was looked at; a note says where that cannot be kept.

    Args:
        store: the job's folder.
        metric: as for `job_table`.
        reference: as for `job_table`.
        alpha: as for `job_table`.
        margin: as for `job_table`.
        on_progress: as for `job_table`.

    Raises:
        StoreError: as `job_table`.
        UserError: as `job_table`.
    """
    table = job_table(store, metric, reference, alpha, margin, on_progress)
    if table.looked.present is None:
        return table
    try:
        write_look(store.files, table.looked.present)
    except StoreError as error:  # results that cannot be written may be read all the same
        return replace(table, notes=(*table.notes, f"This look at the results could not be recorded: {clause(error)}"))
    return table
