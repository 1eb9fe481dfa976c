"""The contents of a job file: jobs, variants and their parts, as frozen dataclasses that validate themselves."""

from cnnjobs.spec.callbacks import (
    BestWeights,
    CallbackSpec,
    CustomCallback,
    EarlyStopping,
    ReduceLROnPlateau,
    callback,
)
from cnnjobs.spec.data import BuiltinDataset, DatasetSpec, ImageFolder, Npz, PictureTable
from cnnjobs.spec.decayed import AdamW, Lion, Muon
from cnnjobs.spec.decide import Decide
from cnnjobs.spec.finetune import Finetune, Phase
from cnnjobs.spec.from_function import FromFunction
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.grids import grid
from cnnjobs.spec.job import SOURCES, Job
from cnnjobs.spec.losses import CrossEntropy, Focal, Loss, LossFunction, loss
from cnnjobs.spec.mixing import CutMix, Mixing, MixUp
from cnnjobs.spec.models import CustomModel, Model, WeightsFile, custom
from cnnjobs.spec.networks import cnn, mlp, small_cnn, smaller_vgg, vgg
from cnnjobs.spec.optimizers import SGD, Adagrad, Adam, Adamax, Nadam, Optimizer, RMSprop
from cnnjobs.spec.own_metric import OwnMetric, metric
from cnnjobs.spec.own_optimizer import CustomOptimizer, optimizer
from cnnjobs.spec.pretrained import application, vgg16
from cnnjobs.spec.records import ParquetPictures, TFRecordPictures
from cnnjobs.spec.residual import resnet, wide_resnet
from cnnjobs.spec.schedules import (
    CosineDecay,
    CosineRestarts,
    CustomSchedule,
    Cyclical,
    ExponentialDecay,
    OneCycle,
    PolynomialDecay,
    Run,
    Schedule,
    StepDecay,
    TimeDecay,
    Warmup,
    schedule,
)
from cnnjobs.spec.transforms import (
    Augment,
    ColorJitter,
    Cutout,
    Flip,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    OwnTransform,
    PadCrop,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    Transform,
    TrivialAugment,
    transform,
)
from cnnjobs.spec.variant import Variant
from cnnjobs.spec.views import OwnViews, tta

__all__ = [
    "SGD",
    "SOURCES",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Augment",
    "BestWeights",
    "BuiltinDataset",
    "CallbackSpec",
    "ColorJitter",
    "CosineDecay",
    "CosineRestarts",
    "CrossEntropy",
    "CustomCallback",
    "CustomModel",
    "CustomOptimizer",
    "CustomSchedule",
    "CutMix",
    "Cutout",
    "Cyclical",
    "DatasetSpec",
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
    "Loss",
    "LossFunction",
    "MixUp",
    "Mixing",
    "Model",
    "Muon",
    "Nadam",
    "Npz",
    "OneCycle",
    "Optimizer",
    "OwnMetric",
    "OwnTransform",
    "OwnViews",
    "PadCrop",
    "ParquetPictures",
    "Phase",
    "PictureTable",
    "PolynomialDecay",
    "RMSprop",
    "RandAugment",
    "RandomErasing",
    "RandomResizedCrop",
    "ReduceLROnPlateau",
    "Run",
    "Schedule",
    "StepDecay",
    "TFRecordPictures",
    "TimeDecay",
    "Transform",
    "TrivialAugment",
    "UserFunction",
    "Variant",
    "Warmup",
    "WeightsFile",
    "application",
    "callback",
    "cnn",
    "custom",
    "grid",
    "loss",
    "metric",
    "mlp",
    "optimizer",
    "resnet",
    "schedule",
    "small_cnn",
    "smaller_vgg",
    "transform",
    "tta",
    "vgg",
    "vgg16",
    "wide_resnet",
]
