"""Results of one job or of a folder of jobs, as data frames."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from cnnjobs.errors import StoreError
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """What was stored, as data frames that are read when asked for, each trial once a job.

    Accuracies are fractions in [0, 1], losses nats, times seconds of wall clock; `repeat` and `fold` count from 0,
    `epoch` from 1. `variant`, `repeat` and `fold` pair trials: the same repeat has the same seeds in every variant.
    Files that cannot be read are named in a warning and left out. Ordered by job, and within a job by trial.

    Args:
        stores: one a job.
    """

    stores: tuple[Store, ...]

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row a trial: identity, every setting, status, final metrics, seconds, versions.

        `status` is completed, diverged or failed. `test_accuracy`, `test_loss` and so on are those of the weights that
        came out, `val_*` of the same on the validation rows, `train_*` of the last epoch; missing ones are NaN.
        `settings` is the variant as JSON; `started_at` and `finished_at` are UTC.
        """
        return self._frame("trials")

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """A row a trial and epoch: loss, accuracy, val_loss, val_accuracy, learning rate, seconds."""
        return self._frame("epochs")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row a trial and test example: its row in the test set, label, predicted class, probabilities.

        `probabilities` holds an array a row, (classes,) float32 in [0, 1]. All of them are held in memory: some 200
        bytes a row. Of many trials, read `<job>/predictions/*.parquet` with DuckDB or Polars instead.
        """
        return self._frame("predictions")

    def _frame(self, name: str) -> pd.DataFrame:
        stored = [store.read(name) for store in self.stores]
        for damaged in (place for rows in stored for place in rows.damaged):
            warnings.warn(f"not readable, left out: {damaged}", stacklevel=4)
        frame: pd.DataFrame = pa.concat_tables([rows.table for rows in stored]).to_pandas()
        return frame


def load_results(path: str | Path) -> Results:
    """Return the results in a job's folder or in a folder of jobs, as data frames.

    A trial that several jobs hold, as an audit and the job it is of, is there once a job, in every frame; of `trials`,
    `drop_duplicates("trial_id")` keeps one row of each.

    Args:
        path: `results/`, `results/<job>`, or the URI of either.

    Returns:
        `.trials`, `.epochs` and `.predictions`: frames that are read when asked for.

    Raises:
        StoreError: if there are none, a job cannot be read, or (when a frame is asked for) two files hold the same
            trial with different results.

    Example:
        >>> trials = cnnjobs.load_results("results/").trials  # doctest: +SKIP
        >>> trials.groupby("variant").test_accuracy.agg(["mean", "std"])  # doctest: +SKIP
    """
    stores, broken = open_stores(path)
    if broken:
        raise broken[0]
    return Results(stores)


def open_stores(path: str | Path) -> tuple[tuple[Store, ...], list[StoreError]]:
    """Return the stores at `path`, the one it is or those of its sub-folders, and why others cannot be read.

    Raises:
        StoreError: if there is none that can be read.
    """
    files = Files(path)
    if not files.exists():
        raise StoreError(f"There is no folder {files.location}.")
    own = Store(files)
    if own.job is not None:
        return (own,), []
    stores, broken = [], []
    for name in files.folders():
        if name.startswith("."):
            continue
        try:
            store = Store(files.below(name))
        except StoreError as error:
            broken.append(error)
            continue
        if store.job is not None:
            stores.append(store)
    if not stores and broken:
        raise broken[0]
    if not stores:
        raise StoreError(
            f"{files.location} has no results: expected a job's folder with a job.json, or a folder of such folders. "
            "Run `cnnjobs submit JOB` first."
        )
    return tuple(stores), broken
