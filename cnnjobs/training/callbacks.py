"""The callbacks of a trial: Keras's own, driven at the ends of epochs, with state that a checkpoint can keep."""

import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnjobs.planning.trials import Trial
from cnnjobs.spec import BestWeights, CallbackSpec, CustomCallback, EarlyStopping, OwnMetric, ReduceLROnPlateau
from cnnjobs.spec.metric_names import known_metric, metric_of
from cnnjobs.spec.metrics import VALIDATION, column_of, part_of
from cnnjobs.spec.watching import Watched, form_of_watched, monitored

NEVER = 10**9
"""More epochs than any run has."""

BATCH_HOOKS = tuple(
    f"on_{phase}batch_{edge}" for phase in ("", "train_", "test_", "predict_") for edge in ("begin", "end")
)

KERAS_OWN = ("params", "_model", "model")
"""Attributes that Keras gives every callback."""

Monitoring = EarlyStopping | BestWeights | ReduceLROnPlateau
"""Callbacks that look at a metric."""

CallbackState = dict[str, Any]


class UnknownState(Exception):
    """A callback remembers something that a checkpoint cannot keep."""


class TrialCallbacks:
    """The callbacks of one trial.

    Args:
        trial: whose.
        model: the network they look at; has its optimizer as `model.optimizer`.
        steps: an epoch.

    Raises:
        ValueError: for a callback that wants to be called at every batch, that keeps checkpoints of its
            own, or that sets the learning rate where a schedule does.
    """

    def __init__(self, trial: Trial, model: keras.Model, steps: int) -> None:
        self._model = model
        self._callbacks = [_made(spec, trial) for spec in trial.spec.callbacks]
        for callback in self._callbacks:
            _refuse_batches(callback)
            monitor = str(getattr(callback, "monitor", ""))
            if getattr(callback, "mode", None) == "auto" and _higher_is_better(monitor, trial.spec.watched):
                callback.mode = "max"  # Keras would look it up among the metrics of `compile`
                if getattr(callback, "monitor_op", None) is np.less:
                    callback.monitor_op, callback.best = np.greater, -np.inf
            if isinstance(callback, keras.callbacks.BackupAndRestore):
                raise ValueError("keras.callbacks.BackupAndRestore is not needed: checkpoints are kept of every trial.")
            if trial.spec.schedule is not None and isinstance(callback, keras.callbacks.LearningRateScheduler):
                raise ValueError("`schedule` and keras.callbacks.LearningRateScheduler exclude each other.")
        self._patience = {id(one): one.patience for one in self._stopping}
        if trial.spec.finetune is not None:  # the first phase has all its epochs
            for callback in self._stopping:
                callback.patience = NEVER
        self._list = keras.callbacks.CallbackList(
            self._callbacks, model=model, epochs=trial.spec.epochs, steps=steps, verbose=0
        )

    @property
    def _stopping(self) -> list[keras.callbacks.EarlyStopping]:
        return [callback for callback in self._callbacks if isinstance(callback, keras.callbacks.EarlyStopping)]

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._callbacks)

    def begin(self, states: list[CallbackState] | None = None) -> None:
        """Training begins, or goes on with what the callbacks remembered."""
        self._model.stop_training = False
        for callback in self._callbacks if states else ():
            if isinstance(callback, keras.callbacks.CSVLogger):
                callback.append = True  # its file has the epochs that are done
        self._list.on_train_begin()
        for callback, state in zip(self._callbacks, states or [], strict=bool(states)):
            if isinstance(callback, keras.callbacks.CSVLogger):
                continue  # what it remembers is in its file
            if getattr(callback, "monitor_op", False) is None:
                # else Keras does it at the next epoch, and turns the sign of min_delta again
                callback._set_monitor_op()
            for name, value in state.items():
                setattr(callback, name, value)

    def phase_began(self) -> None:
        """The second phase begins: from now on training may be stopped, and plateaus are looked for anew."""
        for callback in self._stopping:
            callback.patience, callback.wait = self._patience[id(callback)], 0
        for callback in self._callbacks:
            if isinstance(callback, keras.callbacks.ReduceLROnPlateau):
                callback.on_train_begin()

    def epoch_began(self, epoch: int) -> None:
        """Epoch `epoch`, counted from 0, begins."""
        self._list.on_epoch_begin(epoch)

    def epoch_ended(self, epoch: int, logs: Mapping[str, float]) -> bool:
        """Tell the metrics of an epoch, counted from 0; return whether training is to stop."""
        self._list.on_test_begin()
        prefix = column_of(VALIDATION, "")
        self._list.on_test_end({name.removeprefix(prefix): logs[name] for name in logs if part_of(name) == VALIDATION})
        self._list.on_epoch_end(epoch, dict(logs))
        return bool(self._model.stop_training)

    def end(self) -> int | None:
        """Training ends; return the epoch, counted from 1, that weights were restored from, if they were."""
        self._list.on_train_end()
        restored = [
            stopping
            for stopping in self._stopping
            if stopping.restore_best_weights and stopping.best_weights is not None
        ]
        return int(restored[-1].best_epoch) + 1 if restored else None

    def abandon(self) -> None:
        """Training is broken off: let the callbacks close their files."""
        with contextlib.suppress(Exception):
            self._list.on_train_end()

    def state(self) -> list[CallbackState]:
        """Return what each callback remembers: its attributes that are numbers, text, arrays or made of these.

        Raises:
            UnknownState: if a callback of the user's has others.
        """
        for callback in self._callbacks:
            if not type(callback).__module__.startswith("keras."):
                odd = [name for name, value in vars(callback).items() if _is_odd(name, value)]
                if odd:
                    raise UnknownState(
                        f"{type(callback).__name__}.{odd[0]} is no number, text, array, or made of these"
                    )
        return [
            {name: value for name, value in vars(callback).items() if _keeps(name, value)}
            for callback in self._callbacks
        ]


def _made(spec: CallbackSpec, trial: Trial) -> keras.callbacks.Callback:
    if isinstance(spec, EarlyStopping):
        return _stopping(spec, spec.patience, spec.min_delta, spec.restore_best)
    if isinstance(spec, BestWeights):
        return _stopping(spec, NEVER, 0.0, True)
    if isinstance(spec, ReduceLROnPlateau):
        return _Plateau(
            monitor=monitored(spec),
            factor=spec.factor,
            patience=spec.patience,
            mode=_mode(spec),
            min_delta=spec.min_delta,
            cooldown=spec.cooldown,
            min_lr=spec.min_learning_rate,
        )
    return _custom(spec, trial)


def _stopping(spec: Monitoring, patience: int, min_delta: float, restore: bool) -> keras.callbacks.Callback:
    return _Stopping(
        monitor=monitored(spec), patience=patience, min_delta=min_delta, mode=_mode(spec), restore_best_weights=restore
    )


class _NanIsWorst:
    """A callback of Keras's to which a value that is not defined is none: it takes the first for the best so far."""

    monitor: str
    mode: str

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """See an epoch without a value as the worst there can be, so that any other is an improvement."""
        value = logs.get(self.monitor)
        undefined = value is not None and np.isnan(value)
        if undefined:
            logs[self.monitor] = -np.inf if self.mode == "max" else np.inf
        super().on_epoch_end(epoch, logs)  # type: ignore[misc]
        if undefined:
            logs[self.monitor] = value


class _Stopping(_NanIsWorst, keras.callbacks.EarlyStopping):
    """Early stopping, and best weights."""


class _Plateau(_NanIsWorst, keras.callbacks.ReduceLROnPlateau):
    """A lower learning rate on a plateau."""


def _mode(spec: Monitoring) -> str:
    own = spec.monitor
    better = own.higher_is_better if isinstance(own, OwnMetric) else metric_of(own).higher_is_better
    return "max" if better else "min"


def _higher_is_better(monitor: str, watched: Mapping[str, Watched]) -> bool:
    """Say which way a monitored value improves; one that a callback of the user's logs, by its name as in Keras."""
    metric = form_of_watched(watched[monitor]) if monitor in watched else known_metric(monitor)
    return monitor.endswith("accuracy") if metric is None else metric.higher_is_better


def _custom(spec: CustomCallback, trial: Trial) -> keras.callbacks.Callback:
    made = spec.function(trial, **spec.options)
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(f"{spec.function.__name__}() must return a keras.callbacks.Callback. Received: {made!r}.")
    return made


def _refuse_batches(callback: keras.callbacks.Callback) -> None:
    """Raise if the callback counts on being called at every batch: a whole epoch is one call of a graph."""
    kind = type(callback)
    own = [part for part in kind.__mro__ if not part.__module__.startswith(("keras.", "builtins"))]
    wants = [name for name in BATCH_HOOKS if name in vars(callback) or any(name in vars(part) for part in own)]
    every = {getattr(callback, name, "epoch") for name in ("update_freq", "save_freq")} - {"epoch"}
    wants += [f"every {one} batches" for one in every]
    if wants:
        raise ValueError(
            f"A callback is called at the ends of epochs only. Received: {kind.__name__}, which wants {wants[0]}. "
            "Use on_epoch_begin, on_epoch_end, on_train_begin or on_train_end."
        )


def _keeps(name: str, value: Any) -> bool:
    return name not in KERAS_OWN and _is_plain(value)


def _is_odd(name: str, value: Any) -> bool:
    """Say whether an attribute may hold what a checkpoint cannot keep: not a function, a path or a logger."""
    return not (name in KERAS_OWN or _is_plain(value) or callable(value) or isinstance(value, Path | logging.Logger))


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return type(value) is dict and all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return value is None or isinstance(value, bool | int | float | str)
