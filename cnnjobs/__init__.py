"""Repeat CNN variants over seeds and folds, in parallel, and see how much of a difference is chance."""

from typing import TYPE_CHECKING, Any

from cnnjobs.spec import (
    SGD,
    Adam,
    Augment,
    BestWeights,
    CosineDecay,
    Cyclical,
    EarlyStopping,
    ExponentialDecay,
    ImageFolder,
    Job,
    Nadam,
    Npz,
    ReduceLROnPlateau,
    RMSprop,
    TimeDecay,
    Variant,
    Warmup,
    callback,
    cnn,
    custom,
    grid,
    mlp,
    small_cnn,
    smaller_vgg,
    vgg,
    vgg16,
)

if TYPE_CHECKING:
    from cnnjobs.store.results import load_results

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "Augment",
    "BestWeights",
    "CosineDecay",
    "Cyclical",
    "EarlyStopping",
    "ExponentialDecay",
    "ImageFolder",
    "Job",
    "Nadam",
    "Npz",
    "RMSprop",
    "ReduceLROnPlateau",
    "TimeDecay",
    "Variant",
    "Warmup",
    "callback",
    "cnn",
    "custom",
    "grid",
    "load_results",
    "mlp",
    "small_cnn",
    "smaller_vgg",
    "vgg",
    "vgg16",
]


def __getattr__(name: str) -> Any:
    """Import what reads results only when it is asked for: job files and `--help` stay light."""
    if name == "load_results":
        from cnnjobs.store.results import load_results  # noqa: PLC0415

        return load_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
