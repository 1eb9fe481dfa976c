"""What happens at the end of an epoch, as values: stop, keep the best weights, lower the rate, or your own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.spec.checks import as_float, flag, one_of, whole
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.metrics import MONITORS


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when the monitored value has not improved for `patience` epochs; `keras.callbacks.EarlyStopping`.

    Args:
        patience: epochs without improvement.
        monitor: "val_loss", "val_accuracy", "val_mse", "val_top5_accuracy", or these of the training rows: "loss", ...
        min_delta: smaller changes are no improvement.
        restore_best: end with the weights of the best epoch instead of the last.
    """

    kind: ClassVar[str] = "EarlyStopping"

    patience: int = 10
    monitor: str = "val_loss"
    min_delta: float = 0.0
    restore_best: bool = False

    def __post_init__(self) -> None:
        whole("EarlyStopping.patience", self.patience, least=1, most=1_000_000)
        one_of("EarlyStopping.monitor", self.monitor, MONITORS)
        as_float(self, "min_delta", least=0)
        flag("EarlyStopping.restore_best", self.restore_best)


@dataclass(frozen=True, kw_only=True)
class BestWeights:
    """Train to the end, then go back to the weights of the epoch with the best monitored value.

    Args:
        monitor: "val_loss", "val_accuracy", "val_mse", "val_top5_accuracy", or these of the training rows: "loss", ...
    """

    kind: ClassVar[str] = "BestWeights"

    monitor: str = "val_loss"

    def __post_init__(self) -> None:
        one_of("BestWeights.monitor", self.monitor, MONITORS)


@dataclass(frozen=True, kw_only=True)
class ReduceLROnPlateau:
    """Lower the learning rate when the monitored value has stopped improving; `keras.callbacks.ReduceLROnPlateau`.

    Args:
        factor: the rate is multiplied by it; 0.5 halves.
        patience: epochs without improvement.
        monitor: "val_loss", "val_accuracy", "val_mse", "val_top5_accuracy", or these of the training rows: "loss", ...
        min_delta: smaller changes are no improvement.
        cooldown: epochs to wait after lowering before watching again.
        min_learning_rate: never go below.
    """

    kind: ClassVar[str] = "ReduceLROnPlateau"

    factor: float = 0.5
    patience: int = 5
    monitor: str = "val_loss"
    min_delta: float = 1e-4
    cooldown: int = 0
    min_learning_rate: float = 0.0

    def __post_init__(self) -> None:
        as_float(self, "factor", above=0, below=1)
        whole("ReduceLROnPlateau.patience", self.patience, least=1, most=1_000_000)
        one_of("ReduceLROnPlateau.monitor", self.monitor, MONITORS)
        as_float(self, "min_delta", least=0)
        whole("ReduceLROnPlateau.cooldown", self.cooldown, least=0, most=1_000_000)
        as_float(self, "min_learning_rate", least=0)


@dataclass(frozen=True)
class CustomCallback(UserFunction):
    """A `keras.callbacks.Callback` made by a function of the user's; made by `callback()`.

    Args:
        function: called once a trial as `function(trial, **options)`; returns a
            `keras.callbacks.Callback` whose methods for epochs and for the whole training are called.
        options: hyperparameters for the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "CustomCallback"
    maker: ClassVar[str] = "callback"
    role: ClassVar[str] = "callback"
    arguments: ClassVar[tuple[str, ...]] = ("trial",)


def callback(function: Callable[..., Any], **options: Any) -> CustomCallback:
    """Describe a Keras callback: `callback(tensorboard, folder="logs")`.

    The function is called as `function(trial, **options)`; `trial.variant`, `trial.repeat` and
    `trial.fold` tell which trial it is for. Import Keras inside it.
    """
    return CustomCallback(function, options)


CALLBACKS = (EarlyStopping, BestWeights, ReduceLROnPlateau, CustomCallback)
"""All of them."""

CallbackSpec = EarlyStopping | BestWeights | ReduceLROnPlateau | CustomCallback
