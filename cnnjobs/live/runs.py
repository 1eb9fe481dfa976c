"""The runs of a store that have ended, read as they come: each file once."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.messages import FINISHED, Status
from cnnjobs.spec.metrics import CURVE_COLUMNS
from cnnjobs.store.files import Files
from cnnjobs.store.reading import COMPACT, TableFiles, VanishedError
from cnnjobs.store.schemas import TABLES

Curve = NDArray[np.float32]
"""(epochs, `CURVE_COLUMNS`) of a run, in the order of its epochs; nan where there is no value."""

COLUMNS = ("trial_id", "condition_id", "repeat", "fold", "status", "error", "log", "finished_at")
"""Of `trials` that are read, beside the metric."""

AT_ONCE = 300
"""So many files are read at most before the page is shown what there is."""


class FinishedRuns:
    """Rows and curves of runs that have ended.

    Args:
        files: the store's folder.
        metric: column of `trials` that variants are compared on.

    Attributes:
        rows: trial -> its row.
        curves: trial -> its curve, of those that finished.
        damaged: file -> why it cannot be read.
        changes: how often something came or went.
    """

    def __init__(self, files: Files, metric: str) -> None:
        self.metric = metric
        self._trials = TableFiles(files.below("trials"), "trials")
        self._epochs = TableFiles(files.below("epochs"), "epochs")
        self._seen: dict[str, tuple[int, int]] = {}
        self._held: dict[str, frozenset[str]] = {}
        self._without: set[str] = set()
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.curves: dict[str, Curve] = {}
        self.damaged: dict[str, str] = {}
        self.changes = 0

    def update(self, conditions: Collection[str]) -> bool:
        """Read what is new; say whether all is read that there is.

        Args:
            conditions: whose curves are wanted.

        Raises:
            StoreError: if the store cannot be reached, or a file is of a newer version.
        """
        return self._update_rows() and self._update_curves(conditions)

    def _update_rows(self) -> bool:
        stamps = self._trials.folder.stamps(".parquet")
        gone = self._seen.keys() - stamps.keys()
        new = [name for name, stamp in stamps.items() if self._seen.get(name) != stamp]
        columns = _in_order("trials", [*COLUMNS, self.metric])
        for name in new[:AT_ONCE]:
            try:
                table = self._trials.rows_or_damage(name, None, columns)
            except VanishedError:  # compacted meanwhile
                continue
            self.damaged.pop(name, None)
            self._seen[name] = stamps[name]
            if isinstance(table, str):
                self.damaged[name] = table
                continue
            rows = table.to_pylist()
            self._held[name] = frozenset(row["trial_id"] for row in rows)
            self._take(rows)
        for name in gone:
            self._seen.pop(name)
            self.damaged.pop(name, None)
        lost = [self._held.pop(name, None) for name in gone]
        if any(lost) and len(new) <= AT_ONCE:
            self._drop(self.rows.keys() - frozenset().union(*self._held.values()))
        return len(new) <= AT_ONCE

    def _take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            old = self.rows.get(row["trial_id"])
            if old == row or (old is not None and old["status"] in FINISHED and row["status"] == Status.FAILED):
                continue
            self.rows[row["trial_id"]] = row
            self.changes += 1

    def _drop(self, trials: Iterable[str]) -> None:
        for trial in list(trials):
            del self.rows[trial]
            self.curves.pop(trial, None)
            self.changes += 1

    def _update_curves(self, conditions: Collection[str]) -> bool:
        """Read the epochs of runs that have finished."""
        wanted = {
            trial
            for trial, row in self.rows.items()
            if row["status"] in FINISHED
            and row["condition_id"] in conditions
            and trial not in self.curves
            and trial not in self._without
        }
        if not wanted:
            return True
        names = self._epochs.folder.names(".parquet")
        large = [name for name in names if name.startswith(COMPACT)]
        single = [name for name in names if name.removesuffix(".parquet") in wanted]
        for name in (*single[:AT_ONCE], *large):
            if wanted:
                wanted -= self._read_curves(name, wanted)
        if len(single) <= AT_ONCE:
            self._without |= wanted  # they have no epochs, or lost them
            return True
        return False

    def _read_curves(self, name: str, wanted: Collection[str]) -> set[str]:
        """Take in the curves of a file; return whose they are."""
        columns = ["trial_id", "epoch", *CURVE_COLUMNS]
        try:
            table = self._epochs.rows_or_damage(name, frozenset(wanted), _in_order("epochs", columns))
        except VanishedError:
            return set()
        if isinstance(table, str):
            self.damaged[f"epochs/{name}"] = table
            return set()
        if not table.num_rows:
            return set()
        table = table.sort_by([("trial_id", "ascending"), ("epoch", "ascending")])
        values = np.stack([table[column].to_numpy().astype(np.float32) for column in CURVE_COLUMNS], axis=1)
        trials, first = np.unique(np.asarray(table["trial_id"].to_pylist()), return_index=True)
        for trial, curve in zip(trials.tolist(), np.split(values, first[1:]), strict=True):
            self.curves[trial] = curve
            self.changes += 1
        return set(trials.tolist())


def _in_order(table: str, columns: Iterable[str]) -> list[str]:
    """Return columns in the order of the schema of their table."""
    wanted = set(columns)
    return [name for name in TABLES[table].names if name in wanted]


QUANTILES = (0.1, 0.5, 0.9)
"""Lower end of the band over runs, median, upper end: as in the report."""


def bands(curves: Collection[Curve], most_points: int) -> dict[str, Any]:
    """Return the bands over some runs: `runs`, `epochs` from 1, and by column three lists of a value an epoch.

    Args:
        curves: of the runs, one or more.
        most_points: so many epochs are told at most, evenly chosen, the last among them.
    """
    longest = max(len(curve) for curve in curves)
    values = np.full((len(curves), longest, len(CURVE_COLUMNS)), np.nan, np.float32)
    for run, curve in enumerate(curves):
        values[run, : len(curve)] = np.where(np.isfinite(curve), curve, np.nan)
    count = min(longest, most_points)
    chosen = np.unique(np.linspace(0, longest - 1, count).round().astype(int))
    told: dict[str, Any] = {"runs": len(curves), "epochs": (chosen + 1).tolist()}
    for place, column in enumerate(CURVE_COLUMNS):
        own = values[:, chosen, place]
        if np.isfinite(own).any():
            told[column] = [_row(one) for one in _quantiles(own)]
    return told


def _quantiles(values: Curve) -> NDArray[np.float64]:
    """Return `QUANTILES` over runs, (3, epochs); nan where no run has a value."""
    there = np.isfinite(values).any(axis=0)
    found = np.full((len(QUANTILES), values.shape[1]), np.nan)
    if there.any():
        found[:, there] = np.nanquantile(values[:, there], QUANTILES, axis=0)
    return found


def _row(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values]
