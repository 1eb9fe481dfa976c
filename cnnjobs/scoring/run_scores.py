"""Scores of stored runs by metrics of predictions, kept beside the store so that each is computed once."""

import json
import math
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent, digest_of, with_digest, without_digest
from cnnjobs.parallel import each
from cnnjobs.scoring.predicted import COLUMNS, predicted_of
from cnnjobs.scoring.scorer import PredictionMetric, Scorer
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.store.files import Files, plain_name
from cnnjobs.store.reading import OnProgress
from cnnjobs.store.store import SCORES, Store

NOT_STORED = "no stored predictions"


@dataclass(frozen=True)
class RunScores:
    """The scores of runs by one metric.

    Args:
        values: trial -> its score, of those that have one.
        missing: trial -> why it has none.
        remarks: what to know of scores -> how many runs it is of.
        damaged: files of predictions that could not be read, with the reason.
    """

    values: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, int] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()

    def finite(self) -> "RunScores":
        """Return the scores without those that are not finite."""
        return replace(self, values={trial: value for trial, value in self.values.items() if math.isfinite(value)})


def scores_of(
    store: Store, metric: PredictionMetric, trials: Sequence[str], names: Names, on_progress: OnProgress | None = None
) -> RunScores:
    """Return the scores of completed runs; one run is in memory at a time, with object storage as many as are read.

    Args:
        store: the job's.
        metric: of predictions.
        trials: identities of the runs.
        names: of the classes.
        on_progress: is told ("computing test macro F1", runs done, runs in all).

    Raises:
        StoreError: if the metric is of a class that there is not.
        UserError: if a function of the user's fails.
    """
    reading = _Scoring(store, metric.scorer(names), _Kept(store.files.below(SCORES), metric, names), len(names))
    found: dict[str, Score] = {}
    try:
        for trial, score in zip(trials, each(reading.score, trials, store.files.at_once), strict=True):
            found[trial] = score
            if on_progress is not None:
                on_progress(f"computing {metric.words}", len(found), len(trials))
    finally:
        reading.kept.keep()
    return RunScores(
        values={trial: score.value for trial, score in found.items() if score.value is not None},
        missing={trial: score.remark for trial, score in found.items() if score.value is None},
        remarks=Counter(score.remark for score in found.values() if score.value is not None and score.remark),
        damaged=tuple(reading.damaged),
    )


class _Scoring:
    """A pass over runs."""

    def __init__(self, store: Store, scorer: Scorer, kept: "_Kept", classes: int) -> None:
        self.kept, self.damaged = kept, list[str]()
        self._store, self._scorer, self._classes = store, scorer, classes
        self._one_at_a_time = threading.Lock()  # a function of the user's may not stand several threads

    def score(self, trial: str) -> Score:
        """Return the score of a run, kept or computed."""
        digest = self._store.files_of("predictions").digest_in(f"{trial}.parquet") if self.kept.kept else None
        known = self.kept.of(digest)
        if known is not None:
            return known
        stored = self._store.read("predictions", [trial], COLUMNS)
        if stored.damaged:
            self.damaged += stored.damaged
            return Score(None, f"damaged predictions: {', '.join(stored.damaged)}")
        if not stored.table.num_rows:
            return Score(None, NOT_STORED)
        run = predicted_of(stored.table, self._classes)
        if isinstance(run, str):
            return Score(None, f"what is stored {run}")
        with self._one_at_a_time:
            score = self._scorer(run)
        self.kept.take(digest, score)
        return score


class _Kept:
    """Scores by one metric that were computed before, by the digest of the predictions they are of.

    Args:
        folder: where they lie.
        metric: which.
        names: of the classes, by which a metric may go.
    """

    def __init__(self, folder: Files, metric: PredictionMetric, names: Names) -> None:
        about = json.dumps([metric.name, metric.version, names]).encode()
        self.kept = metric.version is not None
        self._folder, self._name = folder, f"{plain_name(metric.name)[:60]}-{digest_of(about)[:16]}.json"
        self._scores = self._read() if self.kept else {}
        self._new = False

    def of(self, digest: str | None) -> Score | None:
        """Return the score of predictions with this digest, if it is known."""
        return None if digest is None else self._scores.get(digest)

    def take(self, digest: str | None, score: Score) -> None:
        """Take in a score."""
        if digest is not None:
            self._scores[digest] = score
            self._new = True

    def keep(self) -> None:
        """Write what is new; not where nothing can be written."""
        if self._new:
            content = json.dumps({digest: list(score) for digest, score in sorted(self._scores.items())}).encode()
            try:
                self._folder.write(self._name, with_digest(content, self._name))
            except StoreError:
                return  # of a person who may only read; it is computed again

    def _read(self) -> dict[str, Score]:
        try:
            content = self._folder.read(self._name)
            found = {} if content is None else json.loads(without_digest(content, self._name))
        except (StoreError, DamagedContent):
            return {}
        return {digest: Score(value, remark) for digest, (value, remark) in found.items()}
