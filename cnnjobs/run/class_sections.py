"""Whether the report at the end of a submit has what stored predictions say, or leaves it to `cnnjobs aggregate`."""

from cnnjobs.comparison.table import JobTable
from cnnjobs.errors import StoreError
from cnnjobs.report.write import has_class_sections
from cnnjobs.store.store import Store
from cnnjobs.wording.times import duration

QUICK_S = 10
"""Seconds of a core that a submit takes for them without being asked."""

VARIANT_S = 0.5
"""Seconds of a core for the figures of a variant: two confusion matrices and ROC curves. This and the others are
measured on an AMD EPYC, with 10, 100 and 1,000 classes."""

CLASS_S = 0.015
"""Seconds more of a variant's figures for each class."""

RUN_S = 0.003
"""Seconds for a run, to find and open its predictions."""

PROBABILITY_S = 2.5e-7
"""Seconds to read and count a predicted probability, of which a run has as many as test images times classes."""

OTHERS_S = 0.5
"""Seconds for the figures of all variants together: calibration, hardest images."""


def class_seconds(table: JobTable) -> float:
    """Return about how many seconds of a core the sections take that are made of stored predictions.

    Args:
        table: the comparison.
    """
    data, runs = table.job.dataset, [len(row.completed) for row in table.rows]
    figures = sum(1 for count in runs if count) * (VARIANT_S + data.classes * CLASS_S)
    return OTHERS_S + figures + sum(runs) * (RUN_S + data.test_rows * data.classes * PROBABILITY_S)


def with_classes(store: Store, table: JobTable) -> tuple[bool, str]:
    """Say whether the report at the end of a submit has what is made of stored predictions, and what to tell of it.

    It has them where they are made quickly, and where the report that it replaces had them: whoever asked for them
    once does not lose them by adding repeats, and reads nothing in them of other runs than in the rest of the report.

    Args:
        store: the job's.
        table: the comparison.
    """
    seconds = class_seconds(table)
    if _had_them(store):
        again = (
            f"The sections on classes of the earlier report are made again, in about {duration(seconds)} on one core"
        )
        return True, again if seconds > QUICK_S else ""
    return store.files.is_local and seconds <= QUICK_S, ""


def _had_them(store: Store) -> bool:
    try:
        return has_class_sections(store.files.below("report"))
    except StoreError:  # writing the report says so
        return False
