"""Reads the stored predictions of a job in one pass, repeat by repeat, each file once for all variants."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.comparison.design import Key
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.tallies import PairTally, Tally
from cnnjobs.parallel import each
from cnnjobs.scoring.classification import classify
from cnnjobs.scoring.predicted import COLUMNS, Predicted, predicted_of
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredDataset
from cnnjobs.wording.sentences import clause

OnProgress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total)."""

OTHER_LABELS = "is of other labels than the other runs' test set"


@dataclass(frozen=True)
class Findings:
    """Statistics of the stored predictions of a job.

    Args:
        labels: (examples,) int32, the truth; empty if no run has predictions.
        variants: name -> tally of its runs with predictions; of each variant.
        pairs: name -> tally of its pairs with the reference; of each variant but the reference.
        completed: name -> runs that completed, and so should have predictions.
        left_out: name -> files that could not be used, with the reason.
        groups: how many groups the examples are in, which are the units then; None where they are taken one by one.
    """

    labels: NDArray[np.int32]
    variants: Mapping[str, Tally]
    pairs: Mapping[str, PairTally]
    completed: Mapping[str, int]
    left_out: Mapping[str, tuple[str, ...]]
    groups: int | None = None


def read_predictions(store: Store, table: JobTable, on_progress: OnProgress) -> Findings:
    """Return what the predictions of the completed runs come to.

    The runs of one repeat and fold are in memory at a time. The labels are those of most runs of the first repeat that
    has any; runs with others are left out.

    Args:
        store: the job's.
        table: the comparison, whose runs are read.
        on_progress: called with ("reading predictions", runs read, runs in all).
    """
    reading = _Reading(store, table, on_progress)
    for key in sorted({key for row in table.rows for key in row.completed}):
        reading.take(key)
    return reading.findings()


class _Reading:
    """A pass under way."""

    def __init__(self, store: Store, table: JobTable, on_progress: OnProgress) -> None:
        self._store, self._table, self._on_progress = store, table, on_progress
        self._classes = table.job.dataset.classes
        self._total = sum(len(row.completed) for row in table.rows)
        self._done, self._at_once = 0, store.files.at_once
        self._labels = np.empty(0, np.int32)
        self._left_out: dict[str, list[str]] = {row.name: [] for row in table.rows}
        self._tallies: dict[str, Tally] = {}
        self._pairs: dict[str, PairTally] = {}
        self._begin(self._labels)

    def _begin(self, labels: NDArray[np.int32]) -> None:
        """Make the tallies, as soon as the labels are known."""
        self._labels = labels
        names = [row.name for row in self._table.rows]
        self._groups = _test_groups(self._table.job.dataset, len(labels))
        self._tallies = {name: Tally(labels, self._classes, self._groups) for name in names}
        self._pairs = {name: PairTally(len(labels), self._groups) for name in names if name != self._table.reference}

    def take(self, key: Key) -> None:
        """Read the runs of a repeat and fold."""
        runs = dict(self._read(key))
        if not self._labels.size and runs:
            self._begin(_most_common_labels(runs))
        for name in [name for name, run in runs.items() if not np.array_equal(run.labels, self._labels)]:
            del runs[name]
            self._leave_out(name, key, OTHER_LABELS)
        for name, run in runs.items():
            self._tallies[name].add(run, classify(run.labels, run.classes, run.probabilities))
        reference = runs.pop(self._table.reference, None)
        if reference is not None:
            for name, run in runs.items():
                self._pairs[name].add(run, reference)

    def _read(self, key: Key) -> Iterator[tuple[str, Predicted]]:
        """Yield name and predictions of the runs that have them; what cannot be used is noted."""
        rows = [row for row in self._table.rows if key in row.completed]
        read = each(lambda row: self._store.read("predictions", [row.completed[key]], COLUMNS), rows, self._at_once)
        for row, stored in zip(rows, read, strict=True):
            self._left_out[row.name] += stored.damaged
            if stored.table.num_rows:
                predicted = predicted_of(stored.table, self._classes)
                if isinstance(predicted, Predicted):
                    yield row.name, predicted
                else:
                    self._leave_out(row.name, key, predicted)
            self._done += 1
            self._on_progress("reading predictions", self._done, self._total)

    def _leave_out(self, name: str, key: Key, reason: str) -> None:
        trial = next(row.completed[key] for row in self._table.rows if row.name == name)
        self._left_out[name].append(f"{self._store.files.location}/predictions/{trial}.parquet ({clause(reason)})")

    def findings(self) -> Findings:
        """Return what was found."""
        completed = {row.name: len(row.completed) for row in self._table.rows}
        left_out = {name: tuple(files) for name, files in self._left_out.items()}
        groups = None if self._groups is None else len(np.unique(self._groups))
        return Findings(self._labels, self._tallies, self._pairs, completed, left_out, groups)


def _test_groups(dataset: StoredDataset, examples: int) -> NDArray[np.int32] | None:
    """Return the group of each test image; None where none are known, or each is one of its own."""
    groups = dataset.test_groups
    if groups is None or len(groups) != examples or len(set(groups)) == examples:
        return None
    return np.array(groups, np.int32)


def _most_common_labels(runs: Mapping[str, Predicted]) -> NDArray[np.int32]:
    counts = Counter(run.labels.tobytes() for run in runs.values())
    return np.frombuffer(counts.most_common(1)[0][0], np.int32)
