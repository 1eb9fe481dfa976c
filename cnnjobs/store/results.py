"""Results of one job or of a folder of jobs, as data frames."""

from __future__ import annotations

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
    """What was stored, read when asked for.

    Args:
        stores: one a job.
    """

    stores: tuple[Store, ...]

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row a trial: identity, every setting, status, final metrics, seconds, versions."""
        return self._frame("trials")

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """A row a trial and epoch: loss, accuracy, val_loss, val_accuracy, learning rate, seconds."""
        return self._frame("epochs")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row a trial and test example: label, predicted, probabilities."""
        return self._frame("predictions")

    def _frame(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = pa.concat_tables([store.read(name).table for store in self.stores]).to_pandas()
        return frame


def load_results(path: str | Path) -> Results:
    """Return the results in a job's folder or in a folder of jobs.

    Args:
        path: `results/`, `results/<job>`, or the URI of either.

    Raises:
        StoreError: if there are none.

    Example:
        >>> trials = cnnjobs.load_results("results/").trials  # doctest: +SKIP
        >>> trials.groupby("variant").test_accuracy.agg(["mean", "std"])  # doctest: +SKIP
    """
    return Results(open_stores(path))


def open_stores(path: str | Path) -> tuple[Store, ...]:
    """Return the stores at `path`: the one it is, or those of its sub-folders.

    Raises:
        StoreError: if there are none, or one is of a newer version.
    """
    files = Files(path)
    if not files.exists():
        raise StoreError(f"There is no folder {files.location}.")
    own = Store(files)
    if own.job is not None:
        return (own,)
    stores = [Store(files.below(name)) for name in files.folders() if not name.startswith(".")]
    found = tuple(store for store in stores if store.job is not None)
    if not found:
        raise StoreError(
            f"{files.location} has no results: expected a job's folder with a job.json, or a folder of such folders. "
            "Run `cnnjobs submit JOB` first."
        )
    return found
