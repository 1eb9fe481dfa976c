"""What happened in each epoch of a trial, and how fast."""

import math
from typing import Any

from cnnjobs.spec.metric_names import metric_of
from cnnjobs.spec.metrics import CURVE_COLUMNS, EPOCH_COLUMNS, OBJECTIVE, TABLE, TRAIN, WATCHED, column_of, part_of

CALL_SECONDS = 0.5
"""How long one graph call should last: progress is told, and a stop heeded, between calls."""

FINAL = {name: name if part_of(name) else column_of(TRAIN, name) for name in (*EPOCH_COLUMNS, OBJECTIVE.name)}
"""Column of `epochs` -> column of `trials`."""


class EpochLog:
    """The columns of `epochs`, one value for each epoch that is done."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {"epoch": []}
        self.inherited = 0
        """Epochs that another trial has trained: this one went on from there."""

    @property
    def epochs(self) -> int:
        """Epochs finished."""
        return len(self.columns["epoch"])

    def add(self, **values: float | None) -> None:
        """Append one epoch."""
        self.columns["epoch"].append(self.epochs + 1)
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the last epoch; those that are watched and not defined as nan.

        Without validation rows they are those of the training rows.
        """
        watched = self._watched() or {}
        return self._stored() | {name: math.nan if value is None else value for name, value in watched.items()}

    def curves(self) -> dict[str, float]:
        """Return what learning curves show of the last epoch; without what there is not, as without validation rows."""
        last = {name: self.columns[name][-1] for name in CURVE_COLUMNS}
        return {name: value for name, value in last.items() if value is not None}

    def _watched(self) -> dict[str, float | None] | None:
        """Return what is watched of the last epoch; None of a variant that watches nothing."""
        return self.columns[WATCHED][-1] if WATCHED in self.columns else None

    def _stored(self) -> dict[str, float]:
        return {name: self.columns[name][-1] for name in FINAL if self.columns[name][-1] is not None}

    def finite(self) -> bool:
        """Say whether the losses of the last epoch are finite, and what was minimised."""
        ends = {OBJECTIVE.name, *(name for name, metric in TABLE.items() if metric.ends_training)}
        return all(math.isfinite(value) for name, value in self._stored().items() if metric_of(name).name in ends)

    def final(self) -> dict[str, Any]:
        """Return the last epoch's metrics and the sums of seconds, as columns of `trials`."""
        sums = {name: sum(self.columns[name][self.inherited :]) for name in ("train_seconds", "validation_seconds")}
        own = {FINAL[name]: value for name, value in self._stored().items()}
        return own | {WATCHED: self._watched(), "epochs_done": self.epochs} | sums


class Pace:
    """Chooses how many blocks a graph call takes, so that it lasts about `CALL_SECONDS`."""

    def __init__(self) -> None:
        self.blocks = 1

    def learn(self, blocks: int, seconds: float) -> None:
        """Take in how long a call took; grows at most tenfold, because the first call traces."""
        fitting = int(CALL_SECONDS * blocks / max(seconds, 1e-6))
        self.blocks = max(1, min(fitting, 10 * self.blocks))
