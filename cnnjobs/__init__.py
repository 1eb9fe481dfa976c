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
    Npz,
    ReduceLROnPlateau,
    TimeDecay,
    Variant,
    Warmup,
    callback,
    custom,
    grid,
    small_cnn,
    vgg,
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
    "Npz",
    "ReduceLROnPlateau",
    "TimeDecay",
    "Variant",
    "Warmup",
    "callback",
    "custom",
    "grid",
    "load_results",
    "small_cnn",
    "vgg",
]


def __getattr__(name: str) -> Any:
    """Import what reads results only when it is asked for: job files and `--help` stay light."""
    if name == "load_results":
        from cnnjobs.store.results import load_results  # noqa: PLC0415

        return load_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
