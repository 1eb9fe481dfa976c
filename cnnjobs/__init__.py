"""Repeat CNN variants over seeds and folds, in parallel, and see how much of a difference is chance."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnjobs.spec import (
    SGD,
    Adam,
    Augment,
    BestWeights,
    ColorJitter,
    CosineDecay,
    CosineRestarts,
    CrossEntropy,
    CutMix,
    Cutout,
    Cyclical,
    EarlyStopping,
    ExponentialDecay,
    Finetune,
    Flip,
    Focal,
    FromFunction,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    ImageFolder,
    Job,
    MixUp,
    Nadam,
    Npz,
    OneCycle,
    PadCrop,
    ParquetPictures,
    PictureTable,
    PolynomialDecay,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    ReduceLROnPlateau,
    RMSprop,
    StepDecay,
    TFRecordPictures,
    TimeDecay,
    TrivialAugment,
    Variant,
    Warmup,
    application,
    callback,
    cnn,
    custom,
    grid,
    loss,
    metric,
    mlp,
    resnet,
    schedule,
    small_cnn,
    smaller_vgg,
    transform,
    tta,
    vgg,
    vgg16,
    wide_resnet,
)

if TYPE_CHECKING:
    from cnnjobs import stats as statistics
    from cnnjobs.report.frames import compare
    from cnnjobs.run.api import plan, status, submit, verify
    from cnnjobs.run.model_api import fit, predict
    from cnnjobs.store.results import load_results

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "Augment",
    "BestWeights",
    "ColorJitter",
    "CosineDecay",
    "CosineRestarts",
    "CrossEntropy",
    "CutMix",
    "Cutout",
    "Cyclical",
    "EarlyStopping",
    "ExponentialDecay",
    "Finetune",
    "Flip",
    "Focal",
    "FromFunction",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "ImageFolder",
    "Job",
    "MixUp",
    "Nadam",
    "Npz",
    "OneCycle",
    "PadCrop",
    "ParquetPictures",
    "PictureTable",
    "PolynomialDecay",
    "RMSprop",
    "RandAugment",
    "RandomErasing",
    "RandomResizedCrop",
    "ReduceLROnPlateau",
    "StepDecay",
    "TFRecordPictures",
    "TimeDecay",
    "TrivialAugment",
    "Variant",
    "Warmup",
    "application",
    "callback",
    "cnn",
    "compare",
    "custom",
    "fit",
    "grid",
    "load_results",
    "loss",
    "metric",
    "mlp",
    "plan",
    "predict",
    "resnet",
    "schedule",
    "small_cnn",
    "smaller_vgg",
    "statistics",
    "status",
    "submit",
    "transform",
    "tta",
    "verify",
    "vgg",
    "vgg16",
    "wide_resnet",
]


_LATE = {
    **{name: ("cnnjobs.run.api", name) for name in ("plan", "status", "submit", "verify")},
    **{name: ("cnnjobs.run.model_api", name) for name in ("fit", "predict")},
    "compare": ("cnnjobs.report.frames", "compare"),
    "load_results": ("cnnjobs.store.results", "load_results"),
    "statistics": ("cnnjobs.stats", None),
}
"""What trains or reads results -> its module, and its name there; None for the module itself."""


def __getattr__(name: str) -> Any:
    """Import what trains or reads results only when it is asked for: job files and `--help` stay light."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own = _LATE[name]
    imported = import_module(module)
    return imported if own is None else getattr(imported, own)
