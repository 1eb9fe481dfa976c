"""What figures of learning curves as bands draw, as rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnjobs.comparison.table import JobTable
from cnnjobs.report.figures.bands import LINES, Model


def labels_of(table: JobTable) -> dict[str, str]:
    """Return what figures call each variant."""
    names = [row.name for row in table.rows]
    return {name: f"{name} (reference)" if name == table.reference and names[1:] else name for name in names}


BAND_COLUMNS = ("job", "variant", "metric", "rows", "epoch", "runs", "low", "median", "high")
"""One row per model, metric, kind of rows and epoch, from 1; values as people read them, accuracies in percent."""


def band_rows(which: tuple[str, str], model: Model, metrics: Sequence[str]) -> Iterator[list[Any]]:
    """Yield what is drawn of a model, in the order of `BAND_COLUMNS`.

    Args:
        which: names of its job and variant.
        model: what is drawn.
        metrics: names without a part.
    """
    for metric in metrics:
        for rows, _, _ in LINES:
            band = model.bands[metric, rows]
            points = zip(band.epochs.tolist(), band.runs.tolist(), *band.quantiles.tolist(), strict=True)
            for point in points:
                yield [*which, metric, rows, *point]
