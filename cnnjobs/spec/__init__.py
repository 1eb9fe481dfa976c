"""What a person writes: jobs, variants and their parts, as frozen values that check themselves."""

from cnnjobs.spec.augment import Augment
from cnnjobs.spec.data import DatasetSpec, ImageFolder, Named, Npz, dataset_spec
from cnnjobs.spec.job import SOURCES, Job, grid
from cnnjobs.spec.models import CustomModel, Model, custom, small_cnn, vgg
from cnnjobs.spec.optimizers import SGD, Adam, Optimizer
from cnnjobs.spec.variant import Variant

__all__ = [
    "SGD",
    "SOURCES",
    "Adam",
    "Augment",
    "CustomModel",
    "DatasetSpec",
    "ImageFolder",
    "Job",
    "Model",
    "Named",
    "Npz",
    "Optimizer",
    "Variant",
    "custom",
    "dataset_spec",
    "grid",
    "small_cnn",
    "vgg",
]
