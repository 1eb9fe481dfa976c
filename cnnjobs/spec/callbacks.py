"""Callbacks as values: early stopping, best weights, learning rate on plateau, and users' own Keras callbacks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, flag, whole
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.own_metric import OwnMetric
from cnnjobs.spec.watching import checked_monitor


@arguments_named
@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when the monitored value has not improved for `patience` epochs; `keras.callbacks.EarlyStopping`.

    Args:
        patience: number of epochs without improvement, at least 1.
        monitor: a metric of the validation rows ("val_loss", "val_accuracy", "val_mse" or "val_top5_accuracy"), the
            same of the training rows ("loss" and so on), or "objective"; or any prediction metric, "val_macro_f1",
            "val_recall[cat]", or your own, made by `metric`, which is then watched as by `Variant.watch`. The direction
            follows from the metric: accuracies are maximised, losses minimised.
        min_delta: smallest change that counts as an improvement, at least 0, in the metric's unit.
        restore_best: whether training ends with the weights of the best epoch instead of the last.

    Raises:
        SpecError: for a value out of range, or an unknown metric.

    Example:
        >>> from cnnjobs import EarlyStopping
        >>> EarlyStopping(patience=5, restore_best=True).monitor
        'val_loss'
    """

    kind: ClassVar[str] = "EarlyStopping"

    patience: int = 10
    monitor: str | OwnMetric = "val_loss"
    min_delta: float = 0.0
    restore_best: bool = False

    def __post_init__(self) -> None:
        whole("EarlyStopping.patience", self.patience, least=1, most=1_000_000)
        object.__setattr__(self, "monitor", checked_monitor("EarlyStopping.monitor", self.monitor))
        as_float(self, "min_delta", least=0)
        flag("EarlyStopping.restore_best", self.restore_best)


@arguments_named
@dataclass(frozen=True, kw_only=True)
class BestWeights:
    """Train for all epochs, then restore the weights of the epoch with the best monitored value.

    Args:
        monitor: a metric of the validation rows ("val_loss", "val_accuracy", "val_mse" or "val_top5_accuracy"), the
            same of the training rows ("loss" and so on), or "objective"; or any prediction metric, "val_macro_f1",
            "val_recall[cat]", or your own, made by `metric`, which is then watched as by `Variant.watch`. The direction
            follows from the metric: accuracies are maximised, losses minimised.

    Raises:
        SpecError: for an unknown metric.

    Example:
        >>> from cnnjobs import BestWeights
        >>> BestWeights(monitor="val_f1")
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `BestWeights.monitor` must be one of 'val_loss', ... Received: monitor='val_f1'. ...
    """

    kind: ClassVar[str] = "BestWeights"

    monitor: str | OwnMetric = "val_loss"

    def __post_init__(self) -> None:
        object.__setattr__(self, "monitor", checked_monitor("BestWeights.monitor", self.monitor))


@arguments_named
@dataclass(frozen=True, kw_only=True)
class ReduceLROnPlateau:
    """Lower the learning rate when the monitored value has stopped improving; `keras.callbacks.ReduceLROnPlateau`.

    Args:
        factor: factor of each reduction of the learning rate, in (0, 1).
        patience: number of epochs without improvement, at least 1.
        monitor: a metric of the validation rows ("val_loss", "val_accuracy", "val_mse" or "val_top5_accuracy"), the
            same of the training rows ("loss" and so on), or "objective"; or any prediction metric, "val_macro_f1",
            "val_recall[cat]", or your own, made by `metric`, which is then watched as by `Variant.watch`. The direction
            follows from the metric: accuracies are maximised, losses minimised.
        min_delta: smallest change that counts as an improvement, at least 0, in the metric's unit.
        cooldown: number of epochs after a reduction that do not count for `patience`, at least 0.
        min_learning_rate: lower bound of the learning rate, at least 0.

    Raises:
        SpecError: for a value out of range, or an unknown metric. A variant cannot combine it with a schedule.

    Example:
        >>> from cnnjobs import ReduceLROnPlateau
        >>> ReduceLROnPlateau(factor=0.1, patience=10).min_delta
        0.0001
    """

    kind: ClassVar[str] = "ReduceLROnPlateau"

    factor: float = 0.5
    patience: int = 5
    monitor: str | OwnMetric = "val_loss"
    min_delta: float = 1e-4
    cooldown: int = 0
    min_learning_rate: float = 0.0

    def __post_init__(self) -> None:
        as_float(self, "factor", above=0, below=1)
        whole("ReduceLROnPlateau.patience", self.patience, least=1, most=1_000_000)
        object.__setattr__(self, "monitor", checked_monitor("ReduceLROnPlateau.monitor", self.monitor))
        as_float(self, "min_delta", least=0)
        whole("ReduceLROnPlateau.cooldown", self.cooldown, least=0, most=1_000_000)
        as_float(self, "min_learning_rate", least=0)


@dataclass(frozen=True)
class CustomCallback(UserFunction):
    """A `keras.callbacks.Callback` that is made by a user's function; made by `callback()`.

    Args:
        function: is called once per trial as `function(trial, **options)` and returns a `keras.callbacks.Callback`
            whose methods for epochs and for the whole training are called.
        options: hyperparameters of the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "CustomCallback"
    maker: ClassVar[str] = "callback"
    role: ClassVar[str] = "callback"
    arguments: ClassVar[tuple[str, ...]] = ("trial",)


@arguments_named
def callback(function: Callable[..., Any], **options: Any) -> CustomCallback:
    """Return a Keras callback of your own: `callback(tensorboard, folder="logs")`.

    Args:
        function: a `def` that is called once per trial as `function(trial, **options)` and returns a
            `keras.callbacks.Callback` without methods for batches. `trial.variant`, `trial.repeat` and `trial.fold`
            (both counted from 0) identify the trial. Import Keras inside the function.
        **options: hyperparameters of the function, by name. The function and its options are part of a trial's
            identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way.

    Example:
        >>> from cnnjobs import callback
        >>> def csv_log(trial, folder):
        ...     import keras
        ...     return keras.callbacks.CSVLogger(f"{folder}/{trial.variant}-{trial.repeat}.csv")
        >>> callback(csv_log, folder="/tmp/logs").options
        {'folder': '/tmp/logs'}
    """
    return CustomCallback(function, options)


CALLBACKS = (EarlyStopping, BestWeights, ReduceLROnPlateau, CustomCallback)
"""All of them."""

CallbackSpec = EarlyStopping | BestWeights | ReduceLROnPlateau | CustomCallback
