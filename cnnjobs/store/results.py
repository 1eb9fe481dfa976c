"""Results of one job or of a folder of jobs, as data frames."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.errors import StoreError
from cnnjobs.messages import Status
from cnnjobs.scoring.prediction_metrics import chosen_metrics
from cnnjobs.scoring.run_scores import scores_of
from cnnjobs.scoring.scorer import PredictionMetric
from cnnjobs.spec import OwnMetric
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.store.class_names import classes_of, with_names
from cnnjobs.store.expectation import current, marked, on_same_data
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store
from cnnjobs.store.watched import with_watched
from cnnjobs.wording.sentences import clause

if TYPE_CHECKING:
    import pandas as pd


OTHER_DATA = "of a data set that the job no longer has"

WHICH = ("trial_id", "condition_id", "dataset_fingerprint")
"""Columns of `trials` that tell which rows of another table are the job's."""


@dataclass(frozen=True)
class Results:
    """Stored results as data frames, which are read on first use; each trial appears once per job.

    Accuracies are fractions in [0, 1], losses are in nats, times in seconds of wall clock; `repeat` and `fold` count
    from 0, `epoch` from 1. Trials are paired by `variant`, `repeat` and `fold`: the same repeat has the same seeds in
    every variant. `variant` is the name in the job as last submitted; `stale` is true if the job no longer requests the
    row. Files that cannot be read are named in a warning and left out. Rows are ordered by job, and within a job by
    trial.

    Args:
        stores: one per job.
        with_stale: whether the frames contain stale rows.
        metrics: columns of `trials` that are computed from stored predictions.
    """

    stores: tuple[Store, ...]
    with_stale: bool = False
    metrics: tuple[PredictionMetric, ...] = ()

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial: identity, every setting, status, final metrics, seconds, versions.

        `status` is completed, diverged or failed. `test_accuracy`, `test_loss` and so on are metrics of the final
        weights, `val_*` are those of the same weights on the validation rows, and `train_*` those of the last epoch;
        missing values are NaN. Metrics that variants watch are columns like these: `val_macro_f1`. `settings` is the
        variant as JSON; `started_at` and `finished_at` are in UTC.
        """
        return self._frame("trials")

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """One row per trial and epoch: loss, accuracy, val_loss, val_accuracy, learning rate, seconds.

        Metrics that variants watch are also columns, such as `val_macro_f1`; they are NaN for variants that do not
        watch them.
        """
        return self._frame("epochs")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per trial and test example: its row in the test set, label, predicted class, probabilities.

        `label` and `predicted` are numbers of classes, counted from 0 in the order of `classes`; `label_name` and
        `predicted_name` are their names: class 1 of folders 1 to 12 is called "10". The names are null in stale rows of
        a data set that the job no longer uses.

        `probabilities` holds one array per row, (classes,) float32 in [0, 1]. The whole frame is held in memory, at
        about 200 bytes per row. For many trials, read the files `<job>/predictions/<trial>.parquet` of the trials in
        `trials` one by one instead.
        """
        return self._frame("predictions")

    @cached_property
    def classes(self) -> pd.DataFrame:
        """One row per job and class: its number in `predictions`, counted from 0, and its name."""
        tables = [classes_of(store.kept_job()) for store in self.stores]
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        return frame

    def _frame(self, name: str) -> pd.DataFrame:
        tables: list[pa.Table] = []
        damaged: list[str] = []
        for store in self.stores:
            job = store.kept_job()
            trials = store.read("trials", columns=None if name == "trials" else list(WHICH))
            rows = trials.table if self.with_stale else current(job, trials.table)
            damaged += trials.damaged
            if name == "trials":
                rows = self._with_metrics(store, with_watched(rows))
            else:
                stored = store.read(name, rows["trial_id"].to_pylist())
                damaged += stored.damaged
                if name == "predictions":
                    rows = with_names(job, stored.table, on_same_data(job, rows))
                else:
                    rows = with_watched(stored.table)
            tables.append(marked(job, rows))
        for place in damaged:
            warnings.warn(f"not readable, left out: {place}", stacklevel=4)
        frame: pd.DataFrame = pa.concat_tables(tables, promote_options="default").to_pandas()
        return frame

    def _with_metrics(self, store: Store, trials: pa.Table) -> pa.Table:
        """Return trials with the columns that are computed."""
        job = store.kept_job()
        completed = trials.filter(pc.equal(trials["status"], Status.COMPLETED))["trial_id"].to_pylist()
        known = set(on_same_data(job, trials))
        for metric in self.metrics:
            own = [trial for trial in completed if trial in known]
            scores = scores_of(store, metric, own, job.dataset.names_of_classes)
            whys = Counter(scores.missing.values()) + Counter({OTHER_DATA: len(completed) - len(own)})
            for why, runs in whys.items():
                said = f"{job.name}: no {metric.words} of {runs} of {len(completed)} completed runs: {clause(why)}"
                warnings.warn(said, stacklevel=5)
            values = [scores.values.get(trial) for trial in trials["trial_id"].to_pylist()]
            trials = trials.append_column(metric.column, pa.array(values, pa.float64()))
        return trials


@arguments_named
def load_results(path: str | Path, *, stale: bool = False, metrics: Sequence[str | OwnMetric] = ()) -> Results:
    """Return the results in the folder of a job or of several jobs, as data frames.

    Stale trials, whose variant, data or code has changed since, remain stored, so that they need not run again if a
    setting is changed back. They are left out of the frames unless `stale` is true; comparisons never use them.

    A trial that belongs to several jobs, such as an audit and its original job, appears once per job in every frame;
    `drop_duplicates("trial_id")` on `trials` keeps one row of each.

    Args:
        path: `results/`, `results/<job>`, or the URI of either.
        stale: whether stale rows are kept in the frames; the column `stale` marks them, so group by it as well.
        metrics: names of metrics such as "macro_f1" or "recall[cat]" (as for `compare`), or your own, made by
            `cnnjobs.metric`: `trials` gets one column for each, such as "test_macro_f1", computed from stored
            predictions. If a metric is undefined for a run, its value is NaN and a warning gives the reason.

    Returns:
        `.trials`, `.epochs`, `.predictions` and `.classes`: data frames that are read on first use.

    Raises:
        StoreError: if there are no results, a job cannot be read, or (on first use of a frame) two files hold the same
            trial with different results.
        ValueError: if one of `metrics` is not a metric.

    Example:
        >>> trials = cnnjobs.load_results("results/").trials  # doctest: +SKIP
        >>> trials.groupby(["job", "variant"]).test_accuracy.agg(["mean", "std"])  # doctest: +SKIP
    """
    chosen = chosen_metrics(metrics)
    stores, broken = open_stores(path)
    if broken:
        raise broken[0]
    return Results(stores, stale, chosen)


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
