"""The report's look into stored predictions: what the finite test set adds to the spread, and to a difference."""

from collections.abc import Mapping

import numpy as np

from cnnjobs.analysis.cells import p_cell
from cnnjobs.analysis.csv_tables import csv_text
from cnnjobs.analysis.markdown import markdown_table
from cnnjobs.analysis.measures import show
from cnnjobs.analysis.predictions import Errors, Wrong, errors_of_runs
from cnnjobs.analysis.report_part import Part
from cnnjobs.analysis.statistics import Interval, Noise, mcnemar, mean_interval, new_examples_interval, noise
from cnnjobs.analysis.tables import JobTable
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

METRIC = "test_accuracy"
"""What predictions of the test set speak of, whichever metric is compared."""

TITLE = "## From stored predictions"

ABOUT = (
    "Test accuracy, in points. Observed: SD over repeats. Floor: what so many test images make of it even if all "
    "repeats were equally good. Distribution-wise: what a test set without end would leave (Jordan, arXiv 2304.01910); "
    "its variance may come out negative, which means not resolved. Cochran's Q: p that repeats do not differ."
)

ABOUT_DIFFERENCES = (
    "Mean difference in test accuracy to the reference, with the interval over new repeats on these test images, and "
    "the wider one over new repeats and new images like these. Neither is adjusted for there being several."
)

NOISE_HEADER = (
    "variant",
    "repeats",
    "images",
    "observed SD",
    "floor SD",
    "distribution-wise SD",
    "p (Cochran's Q)",
)
NOISE_CSV = ("variant", "repeats", "examples", "observed_variance", "floor_variance", "distribution_variance", "q", "p")
TWO_CSV = ("variant", "pairs", "mean", "repeats_low", "repeats_high", "both_low", "both_high")


def write_predictions(store: Store, folder: Files, table: JobTable) -> Part:
    """Write the section and its CSVs, `noise.csv` and `new_examples.csv`.

    Args:
        store: the job's.
        folder: of the report.
        table: the comparison.
    """
    if table.job["protocol"]["folds"]:
        why = "Runs of a cross-validation train on other rows each: their spread cannot be taken apart here."
        return Part((TITLE, why), (), ())
    errors = {row.name: errors_of_runs(store, row.trials) for row in table.rows}
    found = {name: noise(np.stack(list(own.values()))) if own else None for name, own in errors.items()}
    lines = [_noise_line(name, errors[name], one) for name, one in found.items()]
    folder.write("noise.csv", csv_text(NOISE_CSV, lines).encode())
    rows = [_noise_cells(name, errors[name], one) for name, one in found.items()]
    paragraphs, files = [TITLE, markdown_table(NOISE_HEADER, rows), ABOUT], ["noise.csv"]
    if table.comparisons:
        cells, intervals = _differences(table, errors)
        header = ("variant", "pairs", "difference", f"{table.level} CI, new repeats", "new repeats and images")
        folder.write("new_examples.csv", csv_text(TWO_CSV, intervals).encode())
        paragraphs += [markdown_table(header, cells), ABOUT_DIFFERENCES]
        files.append("new_examples.csv")
    return Part(tuple(paragraphs), tuple(files), ())


def _noise_line(name: str, errors: Errors, found: Noise | None) -> list[object]:
    counts = [name, len(errors), _examples(errors)]
    if found is None:
        return counts + [None] * 5
    return [*counts, found.observed, found.floor, found.distribution, found.q.statistic, found.q.p]


def _examples(errors: Errors) -> int:
    return len(next(iter(errors.values()))) if errors else 0


def _noise_cells(name: str, errors: Errors, found: Noise | None) -> tuple[str, ...]:
    counts = (name, str(len(errors)), str(_examples(errors)))
    if found is None:
        return (*counts, "fewer than 2 repeats or images with predictions", "", "", "")
    spread = show(METRIC, float(np.sqrt(found.observed))), show(METRIC, float(np.sqrt(found.floor)))
    return (*counts, *spread, _beyond(found.distribution), found.q.why or p_cell(found.q.p))


def _beyond(variance: float) -> str:
    """Return the distribution-wise SD, or the variance where it is negative."""
    if variance < 0:
        return f"not resolved (variance {1e4 * variance:.4f})"
    return show(METRIC, float(np.sqrt(variance)))


def _differences(table: JobTable, errors: Mapping[str, Errors]) -> tuple[list[tuple[str, ...]], list[list[object]]]:
    """Return rows of the two intervals of each comparison for people, and for the CSV."""
    cells: list[tuple[str, ...]] = []
    lines: list[list[object]] = []
    for name in table.comparisons:
        own, reference = errors[name], errors[table.reference]
        shared = [key for key in own if key in reference and len(own[key]) == len(reference[key])]
        if not shared:
            cells.append((name, "0", "no pairs with predictions", "", ""))
            continue
        d = np.stack([reference[key].astype(float) - own[key] for key in shared])
        repeats = Interval(*mean_interval(d.mean(axis=1).tolist(), confidence=1 - table.alpha))
        both, mean = new_examples_interval(d, 1 - table.alpha), float(d.mean())
        alone = _single(own[shared[0]], reference[shared[0]]) if len(shared) == 1 else "-"
        shown = (_shown(repeats) or alone, _shown(both) or both.why)
        cells.append((name, str(len(shared)), show(METRIC, mean, signed=True), *shown))
        lines.append([name, len(shared), mean, repeats.low, repeats.high, both.low, both.high])
    return cells, lines


def _single(own: Wrong, reference: Wrong) -> str:
    """Return McNemar's test of a single pair of models."""
    table = [
        [np.sum(~own & ~reference), np.sum(~own & reference)],
        [np.sum(own & ~reference), np.sum(own & reference)],
    ]
    found = mcnemar(table)
    return found.why if found.p is None else f"McNemar p {p_cell(found.p)} ({found.why})"


def _shown(interval: Interval) -> str | None:
    if interval.low is None:
        return None
    return f"[{show(METRIC, interval.low, signed=True)}, {show(METRIC, interval.high, signed=True)}]"
