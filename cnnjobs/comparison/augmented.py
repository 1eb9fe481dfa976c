"""What test-time augmentation adds to each variant that has it: its metric beside that of plain prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnjobs.comparison.design import design_of
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.table import JobTable
from cnnjobs.spec.metrics import HEADLINE, TABLE, TEST, TTA, Metric, column_of
from cnnjobs.stats import Difference, Summary
from cnnjobs.store.store import Store


@dataclass(frozen=True)
class AugmentedRow:
    """A variant with test-time augmentation.

    Args:
        variant: its name.
        runs: that have both values.
        views: from which pictures are predicted, in words.
        plain: of its runs that have both values, predicted plainly.
        augmented: of the same runs, with test-time augmentation.
        difference: augmented minus plain, in pairs: both of one run.
    """

    variant: str
    runs: int
    views: str
    plain: Summary
    augmented: Summary
    difference: Difference


def metric_of_both(table: JobTable) -> Metric:
    """Return what both are measured by, of the test rows: the metric of the comparison, if it is one that is stored."""
    name = table.metric.name if table.metric.name in TABLE else HEADLINE
    return metric_format(column_of(TEST, name))


def augmented_rows(store: Store, table: JobTable) -> list[AugmentedRow]:
    """Return the variants whose completed runs have both values.

    Args:
        store: the job's.
        table: the comparison.
    """
    name = metric_of_both(table).name
    plainly, augmented = column_of(TEST, name), column_of(TTA, name)
    stored = store.read("trials", columns=["trial_id", plainly, augmented]).table.to_pylist()
    of = {run["trial_id"]: run for run in stored if run[plainly] is not None and run[augmented] is not None}
    found = []
    for row in table.rows:
        runs = {key: of[trial] for key, trial in sorted(row.completed.items()) if trial in of}
        design = design_of(table.job, row.name, TEST, table.alpha, row.expected // (table.job.protocol.folds or 1))
        plain, other = ({key: run[column] for key, run in runs.items()} for column in (plainly, augmented))
        of_plain, of_other = design.summary(plain), design.summary(other)
        if of_plain is not None and of_other is not None:
            views = _in_words(table.job.variants[row.name].settings.get("tta"))
            found.append(AugmentedRow(row.name, len(runs), views, of_plain, of_other, design.difference(other, plain)))
    return found


def _in_words(views: Any) -> str:
    """Return the views as a job file has them: "flip", or "shifted(pixels=1)"."""
    if not isinstance(views, Mapping):
        return str(views)
    options = ", ".join(f"{name}={value!r}" for name, value in views.get("options", {}).items())
    return f"{views.get('function')}({options})"
