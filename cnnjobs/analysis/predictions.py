"""Reads the stored predictions of runs: classifies each, and finds the examples on which it errs."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.analysis.classification import Classification, classify
from cnnjobs.store.store import Store

Wrong = np.ndarray[tuple[int], np.dtype[np.bool_]]
"""(examples,) whether a run is wrong on each."""

Errors = dict[tuple[int, int], Wrong]
"""(repeat, fold) -> (examples,) whether the run is wrong on each."""


def classify_runs(
    store: Store, trials: Sequence[str], classes: int
) -> tuple[tuple[Classification, ...], tuple[str, ...]]:
    """Return the classification of each of those runs that has predictions, and what could not be read.

    Args:
        store: the job's.
        trials: identities of the runs.
        classes: of the data set.
    """
    stored = store.read("predictions", trials)
    runs, damaged = [], list(stored.damaged)
    for trial in stored.table["trial_id"].unique():
        rows = stored.table.filter(pc.equal(stored.table["trial_id"], trial))
        reason = _why_not(rows, classes)
        if reason is None:
            runs.append(_classified(rows, classes))
        else:
            damaged.append(f"{store.files.location}/predictions/{trial}.parquet ({reason})")
    return tuple(runs), tuple(damaged)


def errors_of_runs(store: Store, trials: Sequence[str]) -> Errors:
    """Return on which examples each run errs, of runs whose predictions are of the same labels as the first's.

    One run is held in memory at a time. What cannot be read is left out; `classify_runs` names it.

    Args:
        store: the job's.
        trials: identities of the runs.
    """
    found: Errors = {}
    first = None
    for trial in trials:
        rows = store.read("predictions", [trial]).table
        if not rows.num_rows or rows["label"].null_count or rows["predicted"].null_count:
            continue
        labels = rows["label"].to_numpy()
        first = labels if first is None else first
        if np.array_equal(labels, first):
            found[rows["repeat"][0].as_py(), rows["fold"][0].as_py()] = labels != rows["predicted"].to_numpy()
    return dict(sorted(found.items()))


def _why_not(rows: pa.Table, classes: int) -> str | None:
    """Say what keeps the predictions of a run from being classified; None if nothing does."""
    if any(rows[name].null_count for name in ("label", "predicted", "probabilities")):
        return "lacks a label or a prediction"
    found = np.unique(np.concatenate([rows["label"].to_numpy(), rows["predicted"].to_numpy()]))
    widths = pc.unique(pc.list_value_length(rows["probabilities"])).to_pylist()
    if found[0] < 0 or found[-1] >= classes or widths != [classes]:
        return f"is not of the {classes} classes of job.json"
    if not np.isfinite(_probabilities(rows)).all():
        return "holds probabilities that are not finite"
    return None


def _classified(rows: pa.Table, classes: int) -> Classification:
    labels, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
    return classify(labels, predicted, _probabilities(rows).reshape(len(labels), classes))


def _probabilities(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the probabilities of all rows, one after the other, (rows * classes,)."""
    flat: np.ndarray[tuple[int], np.dtype[np.float32]] = pc.list_flatten(rows["probabilities"]).to_numpy()
    return flat
