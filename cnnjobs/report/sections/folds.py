"""The report's section on repeats x folds: variance between folds, and between repeats of a fold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cnnjobs.comparison.design import Key
from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import fold_components
from cnnjobs.stats.outcomes import Reals

TITLE = "Folds and repeats"

HOW_TO_READ = (
    "If the SD between folds is the larger one, the choice of rows matters more than the seed, and further repeats of "
    "the same folds help little."
)


COLUMNS = ("variant", "repeats", "folds", "fold_variance", "repeat_in_fold_variance", "why")

ABOUT = (
    "SDs over runs, taken apart by a one-way analysis of variance with random effects: between folds, which differ in "
    "their rows, and between repeats of the same fold, which differ in their seeds. They are the components of one "
    "run; a variance may come out negative, which means not resolved. Only repeats that have all folds are counted."
)

ONE_REPEAT = "One repeat: what differs between folds and what differs between repeats cannot be told apart."

DRAWN_ANEW = "Every repeat draws its own folds: there are no repeats of the same fold to tell apart."


def fold_components_section(table: JobTable) -> Section | None:
    """Return the components of variance of each variant, or the sentence why there are none; None without folds.

    Args:
        table: the comparison of a job.
    """
    folds = table.job.protocol.folds
    if not folds:
        return None
    if not any(row.design.same_folds for row in table.rows):
        repeated = any(repeat > 0 for row in table.rows for repeat, _ in row.values)
        return Section(TITLE, (Text(DRAWN_ANEW if repeated else ONE_REPEAT),))
    rows = [_row(row, folds) for row in table.rows]
    title = f"Components of the spread of {table.metric.words} over repeats and folds"
    return Section(
        TITLE,
        (ReportTable("fold-components", title, COLUMNS, rows, _shown(table)), Text(ABOUT)),
        how_to_read=HOW_TO_READ,
    )


def _row(row: VariantRow, folds: int) -> dict[str, Any]:
    values = _whole_repeats(row.values, folds)
    components = fold_components(values) if len(values) and row.design.same_folds else None
    about = {"variant": row.name, "repeats": len(values), "folds": folds}
    if components is None:
        why = "fewer than 2 repeats that have all folds" if row.design.same_folds else "each repeat draws its own folds"
        return about | {"fold_variance": None, "repeat_in_fold_variance": None, "why": why}
    return about | {"fold_variance": components.fold, "repeat_in_fold_variance": components.repeat_in_fold, "why": ""}


def _whole_repeats(values: Mapping[Key, float], folds: int) -> Reals:
    """Return the runs of the repeats that have all folds, (repeats, folds)."""
    repeats = sorted({repeat for repeat, _ in values})
    whole = [repeat for repeat in repeats if all((repeat, fold) in values for fold in range(folds))]
    return np.array([[values[repeat, fold] for fold in range(folds)] for repeat in whole])


def _shown(table: JobTable) -> tuple[DisplayColumn, ...]:
    return (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("repeats", lambda row: str(row["repeats"]), "repeats"),
        DisplayColumn("folds", lambda row: str(row["folds"]), "folds"),
        DisplayColumn("SD between folds", lambda row: _sd(table.metric, row, "fold_variance"), "fold_variance"),
        DisplayColumn(
            "SD between repeats of a fold",
            lambda row: _sd(table.metric, row, "repeat_in_fold_variance"),
            "repeat_in_fold_variance",
        ),
    )


def _sd(metric: Metric, row: Row, name: str) -> str:
    variance = row[name]
    if variance is None:
        return str(row["why"])
    return show(metric, float(np.sqrt(variance))) if variance >= 0 else "not resolved (negative variance)"
