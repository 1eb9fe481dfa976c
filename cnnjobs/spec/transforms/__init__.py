"""Transforms of training images as values, one module per family."""

from cnnjobs.spec.transforms.affine import Augment
from cnnjobs.spec.transforms.colours import ColorJitter, Grayscale
from cnnjobs.spec.transforms.crops import Flip, PadCrop, RandomResizedCrop
from cnnjobs.spec.transforms.filters import GaussianBlur, GaussianNoise
from cnnjobs.spec.transforms.occlusion import Cutout, RandomErasing
from cnnjobs.spec.transforms.own import OwnTransform, transform
from cnnjobs.spec.transforms.policies import RandAugment, TrivialAugment

Transform = (
    Augment
    | ColorJitter
    | Cutout
    | Flip
    | GaussianBlur
    | GaussianNoise
    | Grayscale
    | OwnTransform
    | PadCrop
    | RandAugment
    | RandomErasing
    | RandomResizedCrop
    | TrivialAugment
)
"""A transform that is applied to each training image on its own."""

TRANSFORMS: tuple[type, ...] = (
    Augment,
    Flip,
    PadCrop,
    RandomResizedCrop,
    ColorJitter,
    Grayscale,
    GaussianBlur,
    GaussianNoise,
    Cutout,
    RandomErasing,
    RandAugment,
    TrivialAugment,
    OwnTransform,
)
"""All kinds of transforms."""

__all__ = [
    "TRANSFORMS",
    "Augment",
    "ColorJitter",
    "Cutout",
    "Flip",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "OwnTransform",
    "PadCrop",
    "RandAugment",
    "RandomErasing",
    "RandomResizedCrop",
    "Transform",
    "TrivialAugment",
    "transform",
]
