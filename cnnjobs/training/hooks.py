"""The callbacks of a trial: Keras's own, driven at the ends of epochs, with state that a checkpoint can keep."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from cnnjobs.plan import Trial
from cnnjobs.spec import BestWeights, CallbackSpec, CustomCallback, EarlyStopping, ReduceLROnPlateau

NEVER = 10**9
"""More epochs than any run has."""

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

State = dict[str, Any]


class Hooks:
    """The callbacks of one trial.

    Args:
        trial: whose.
        model: the network they look at; has its optimizer as `model.optimizer`.

    Raises:
        ValueError: for a callback that wants to be called at every batch, or that sets the learning
            rate where a schedule does.
    """

    def __init__(self, trial: Trial, model: keras.Model) -> None:
        self._model = model
        self._callbacks = [_made(spec, trial) for spec in trial.spec.callbacks]
        for one in self._callbacks:
            _refuse_batches(one)
            if trial.spec.schedule is not None and isinstance(one, keras.callbacks.LearningRateScheduler):
                raise ValueError("`schedule` and keras.callbacks.LearningRateScheduler exclude each other.")
        self._list = keras.callbacks.CallbackList(self._callbacks, model=model, epochs=trial.spec.epochs, verbose=0)

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._callbacks)

    def begin(self) -> None:
        """Training begins."""
        self._model.stop_training = False
        self._list.on_train_begin()

    def epoch_began(self, epoch: int) -> None:
        """Epoch `epoch`, counted from 0, begins."""
        self._list.on_epoch_begin(epoch)

    def epoch_ended(self, epoch: int, logs: Mapping[str, float]) -> bool:
        """Tell the metrics of an epoch, counted from 0; return whether training is to stop."""
        self._list.on_epoch_end(epoch, dict(logs))
        return bool(self._model.stop_training)

    def end(self) -> int | None:
        """Training ends; return the epoch, counted from 1, that weights were restored from, if they were."""
        self._list.on_train_end()
        kept = [one for one in self._callbacks if isinstance(one, keras.callbacks.EarlyStopping)]
        restored = [one for one in kept if one.restore_best_weights and one.best_weights is not None]
        return int(restored[-1].best_epoch) + 1 if restored else None

    def state(self) -> list[State]:
        """Return what each callback remembers: its attributes that are numbers, text, arrays or made of these."""
        return [{name: value for name, value in vars(one).items() if _keeps(name, value)} for one in self._callbacks]

    def restore(self, states: list[State]) -> None:
        """Take up what the callbacks remembered; to be called after `begin`."""
        for one, state in zip(self._callbacks, states, strict=True):
            if getattr(one, "monitor_op", False) is None:
                one._set_monitor_op()  # else Keras does it at the next epoch, and turns the sign of min_delta again
            for name, value in state.items():
                setattr(one, name, value)


def _made(spec: CallbackSpec, trial: Trial) -> keras.callbacks.Callback:
    if isinstance(spec, EarlyStopping):
        return _stopping(spec.monitor, spec.patience, spec.min_delta, spec.restore_best)
    if isinstance(spec, BestWeights):
        return _stopping(spec.monitor, NEVER, 0.0, True)
    if isinstance(spec, ReduceLROnPlateau):
        return keras.callbacks.ReduceLROnPlateau(
            monitor=spec.monitor,
            factor=spec.factor,
            patience=spec.patience,
            mode=_mode(spec.monitor),
            min_delta=spec.min_delta,
            cooldown=spec.cooldown,
            min_lr=spec.min_learning_rate,
        )
    return _custom(spec, trial)


def _stopping(monitor: str, patience: int, min_delta: float, restore: bool) -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping(
        monitor=monitor, patience=patience, min_delta=min_delta, mode=_mode(monitor), restore_best_weights=restore
    )


def _mode(monitor: str) -> str:
    return "max" if monitor.endswith("accuracy") else "min"


def _custom(spec: CustomCallback, trial: Trial) -> keras.callbacks.Callback:
    made = spec.function(trial, **spec.options)
    if not isinstance(made, keras.callbacks.Callback):
        raise TypeError(f"{spec.function.__name__}() must return a keras.callbacks.Callback. Received: {made!r}.")
    return made


def _refuse_batches(callback: keras.callbacks.Callback) -> None:
    """Raise if the callback counts on being called at every batch: a whole epoch is one call of a graph."""
    kind = type(callback)
    if kind.__module__.startswith("keras."):
        every = {getattr(callback, name, "epoch") for name in ("update_freq", "save_freq")} - {"epoch"}
        lambdas = [name for name in BATCH_HOOKS if name in vars(callback)]
        wants = [f"every {one} batches" for one in every] + lambdas
    else:
        wants = [name for name in BATCH_HOOKS if getattr(kind, name) is not getattr(keras.callbacks.Callback, name)]
    if wants:
        raise ValueError(
            f"A callback is called at the ends of epochs only. Received: {kind.__name__}, which wants {wants[0]}. "
            "Use on_epoch_begin, on_epoch_end, on_train_begin or on_train_end."
        )


def _keeps(name: str, value: Any) -> bool:
    return name not in ("params", "_model", "model") and _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return value is None or isinstance(value, bool | int | float | str)
