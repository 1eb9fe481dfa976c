"""Repeat CNN variants over seeds and folds, in parallel, and see how much of a difference is chance.

A job file defines `job`, and the command `cnnjobs submit FILE` trains it:

    from cnnjobs import Adam, Augment, Job, Variant, vgg

    baseline = Variant(model=vgg(blocks=2, filters=16), optimizer=Adam(0.001), epochs=12)
    shifted = baseline.but(augment=Augment(shift=0.1))
    job = Job(name="shift", dataset="digits", repeats=3, variants={"baseline": baseline, "shifted": shifted})

Names for job files:

    the job          Job, Variant, grid, Decide
    data             Npz, ImageFolder, PictureTable, ParquetPictures, TFRecordPictures, FromFunction
    networks         vgg, small_cnn, cnn, mlp, resnet, wide_resnet, smaller_vgg, vgg16, application, custom
    optimizers       SGD, Adam, AdamW, Nadam, RMSprop, Adagrad, Adamax, Lion, Muon, optimizer
    learning rates   TimeDecay, StepDecay, ExponentialDecay, PolynomialDecay, CosineDecay, CosineRestarts, OneCycle,
                     Cyclical, Warmup, ReduceLROnPlateau, schedule
    pictures         Augment, Flip, PadCrop, RandomResizedCrop, ColorJitter, Grayscale, GaussianBlur, GaussianNoise,
                     Cutout, RandomErasing, RandAugment, TrivialAugment, MixUp, CutMix, transform, tta
    training         CrossEntropy, Focal, loss, metric, EarlyStopping, BestWeights, callback, Finetune

Functions that run jobs and read results, for scripts and notebooks:

    plan, submit, status, verify, clean, gate    the commands of these names
    fit, predict                                 train a final model, and predict pictures with it
    load_results, compare, statistics            data frames, comparisons, and the underlying statistics

`cnnjobs examples` lists example jobs; `cnnjobs new NAME` writes a job file for your own data.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnjobs.spec import (
    SGD,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Augment,
    BestWeights,
    ColorJitter,
    CosineDecay,
    CosineRestarts,
    CrossEntropy,
    CutMix,
    Cutout,
    Cyclical,
    Decide,
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
    Lion,
    MixUp,
    Muon,
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
    optimizer,
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
    from cnnjobs.run.api import clean, gate, plan, status, submit, verify
    from cnnjobs.run.model_api import fit, predict
    from cnnjobs.store.results import load_results

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Augment",
    "BestWeights",
    "ColorJitter",
    "CosineDecay",
    "CosineRestarts",
    "CrossEntropy",
    "CutMix",
    "Cutout",
    "Cyclical",
    "Decide",
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
    "Lion",
    "MixUp",
    "Muon",
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
    "clean",
    "cnn",
    "compare",
    "custom",
    "fit",
    "gate",
    "grid",
    "load_results",
    "loss",
    "metric",
    "mlp",
    "optimizer",
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
    **{name: ("cnnjobs.run.api", name) for name in ("clean", "gate", "plan", "status", "submit", "verify")},
    **{name: ("cnnjobs.run.model_api", name) for name in ("fit", "predict")},
    "compare": ("cnnjobs.report.frames", "compare"),
    "load_results": ("cnnjobs.store.results", "load_results"),
    "statistics": ("cnnjobs.stats", None),
}
"""Maps functions that train or read results to their module and their name there; None for the module itself."""


def __getattr__(name: str) -> Any:
    """Import functions that train or read results on first use, so that job files and `--help` stay fast."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own = _LATE[name]
    imported = import_module(module)
    return imported if own is None else getattr(imported, own)


def __dir__() -> list[str]:
    """Return the public names and the standard attributes of a module."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
