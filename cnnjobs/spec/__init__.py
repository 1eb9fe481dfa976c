"""The words of a job file: jobs, variants and their parts, as frozen dataclasses that validate themselves."""

from cnnjobs.spec.augment import Augment, Transform
from cnnjobs.spec.callbacks import (
    BestWeights,
    CallbackSpec,
    CustomCallback,
    EarlyStopping,
    ReduceLROnPlateau,
    callback,
)
from cnnjobs.spec.data import BuiltinDataset, DatasetSpec, ImageFolder, Npz, PictureTable
from cnnjobs.spec.from_function import FromFunction
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.job import SOURCES, Job, grid
from cnnjobs.spec.mixing import CutMix, Mixing, MixUp
from cnnjobs.spec.models import CustomModel, Model, WeightsFile, custom
from cnnjobs.spec.networks import cnn, mlp, small_cnn, smaller_vgg, vgg, vgg16
from cnnjobs.spec.optimizers import SGD, Adam, Nadam, Optimizer, RMSprop
from cnnjobs.spec.records import ParquetPictures, TFRecordPictures
from cnnjobs.spec.residual import resnet, wide_resnet
from cnnjobs.spec.schedules import CosineDecay, Cyclical, ExponentialDecay, Run, Schedule, TimeDecay, Warmup
from cnnjobs.spec.variant import Variant
from cnnjobs.spec.views import OwnViews, tta

__all__ = [
    "SGD",
    "SOURCES",
    "Adam",
    "Augment",
    "BestWeights",
    "BuiltinDataset",
    "CallbackSpec",
    "CosineDecay",
    "CustomCallback",
    "CustomModel",
    "CutMix",
    "Cyclical",
    "DatasetSpec",
    "EarlyStopping",
    "ExponentialDecay",
    "FromFunction",
    "ImageFolder",
    "Job",
    "MixUp",
    "Mixing",
    "Model",
    "Nadam",
    "Npz",
    "Optimizer",
    "OwnViews",
    "ParquetPictures",
    "PictureTable",
    "RMSprop",
    "ReduceLROnPlateau",
    "Run",
    "Schedule",
    "TFRecordPictures",
    "TimeDecay",
    "Transform",
    "UserFunction",
    "Variant",
    "Warmup",
    "WeightsFile",
    "callback",
    "cnn",
    "custom",
    "grid",
    "mlp",
    "resnet",
    "small_cnn",
    "smaller_vgg",
    "tta",
    "vgg",
    "vgg16",
    "wide_resnet",
]
