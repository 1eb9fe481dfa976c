"""A stored trial as experiment trackers take it: settings, a curve a metric, results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cnnjobs.spec.metrics import OBJECTIVE_COLUMNS, TRIAL_COLUMNS, WATCHED
from cnnjobs.wording.labels import run_label

WHICH = ("trial_id", "condition_id", "status", "repeat", "fold", "folds")
"""Columns of `trials` that name a run."""

RESULTS = (*TRIAL_COLUMNS, OBJECTIVE_COLUMNS[1], "epochs_done", "best_epoch", "parameters", "seconds")
"""Columns of `trials` that are results."""

ABOUT = (
    *("job", "dataset", "dataset_fingerprint", "validation", "limit_train", "train_rows", "validation_rows"),
    *("test_rows", "device", "replicas", "cnnjobs_version", "tensorflow_version", "keras_version", "commit"),
    *("seed_split", "seed_init", "seed_order", "seed_augment", "seed_dropout"),
)
"""Columns of `trials` that say what a run was trained on, with which seeds and versions."""

FINAL = "final_"
"""Before the name of a result where a curve has it already: of the weights that came out, be it of an earlier epoch."""

_NO_CURVE = {"trial_id", "condition_id", "job", "variant", "repeat", "fold", "epoch", WATCHED}


@dataclass(frozen=True)
class RunName:
    """Which run it is.

    Args:
        trial_id: identity.
        condition_id: of its variant.
        variant: its name in the job.
        repeat: counted from 1, as all that people read.
        fold: counted from 1; None without folds.
    """

    trial_id: str
    condition_id: str
    variant: str
    repeat: int
    fold: int | None

    @property
    def label(self) -> str:
        """Its name for people: "vgg, repeat 3, fold 2"."""
        return run_label(self.variant, self.repeat - 1, None if self.fold is None else self.fold - 1)

    @classmethod
    def of(cls, row: Mapping[str, Any], variant: str) -> RunName:
        """Return the name of a row of `trials`.

        Args:
            row: with the columns `WHICH`.
            variant: the name that its condition has in the job now.
        """
        fold = None if row["folds"] is None else row["fold"] + 1
        return cls(row["trial_id"], row["condition_id"], variant, row["repeat"] + 1, fold)


@dataclass(frozen=True)
class TrackedRun:
    """A finished trial.

    Args:
        name: which.
        status: completed or diverged.
        settings: the resolved variant, nested.
        about: data, seeds, versions: column -> value.
        results: metric -> value, of the weights that came out, as fractions, nats and seconds.
        curves: a mapping an epoch: metric -> value.
        times_s: when each epoch ended, in seconds since 1970, as far as is known.
        started_s: when it began.
        finished_s: when it was stored.
    """

    name: RunName
    status: str
    settings: Mapping[str, Any]
    about: Mapping[str, Any]
    results: Mapping[str, float]
    curves: Sequence[Mapping[str, float]]
    times_s: Sequence[float]
    started_s: float
    finished_s: float

    @classmethod
    def of(cls, name: RunName, row: Mapping[str, Any], epochs: Sequence[Mapping[str, Any]]) -> TrackedRun:
        """Return a trial by its stored rows.

        Args:
            name: which it is.
            row: of `trials`.
            epochs: its rows of `epochs`, in their order.
        """
        curves = [_curve(one) for one in epochs]
        drawn = set().union(*curves)
        results = {column: row[column] for column in RESULTS if row[column] is not None}
        results |= {metric: value for metric, value in dict(row[WATCHED] or ()).items() if value is not None}
        started = _seconds(row["started_at"])
        return cls(
            name,
            row["status"],
            json.loads(row["settings"] or "{}"),
            {column: row[column] for column in ABOUT if row[column] is not None},
            {FINAL + metric if metric in drawn else metric: float(value) for metric, value in results.items()},
            curves,
            _times(started + (row["setup_seconds"] or 0.0), epochs),
            started,
            _seconds(row["finished_at"]),
        )

    @property
    def parameters(self) -> dict[str, str]:
        """The settings, flattened: "optimizer.learning_rate" -> "0.001"; those that are not set are left out."""
        return dict(_flat(self.settings))


def _curve(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of an epoch."""
    values = {name: value for name, value in row.items() if name not in _NO_CURVE} | dict(row[WATCHED] or ())
    return {name: float(value) for name, value in values.items() if value is not None}


def _seconds(when: datetime | None) -> float:
    return 0.0 if when is None else when.timestamp()


def _times(begin: float, epochs: Sequence[Mapping[str, Any]]) -> list[float]:
    times = []
    for row in epochs:
        begin += (row["train_seconds"] or 0.0) + (row["validation_seconds"] or 0.0)
        times.append(begin)
    return times


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested settings; the `kind` of a part stands under the part's own name."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield path, value if isinstance(value, str) else json.dumps(value)
        return
    for name, part in value.items():
        if name != "kind":
            yield from _flat(part, f"{path}.{name}" if path else name)
        elif path:
            yield path, str(part)
