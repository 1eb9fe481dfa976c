"""Policies: the transform itself is drawn for each image."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, whole

MAGNITUDES = 30
"""The largest magnitude."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class RandAugment:
    """Apply `n` transforms to each image, each drawn from 14, all with the same magnitude.

    Source: Cubuk et al. (2020), with the transforms and strengths of `torchvision.transforms.RandAugment`. At magnitude
    30 these are: none; shear up to 0.3 and translation up to 150/331 of the side along either axis; rotation up to 30
    degrees (these with nearest-neighbour interpolation, and black beyond the border); brightness, colour, contrast and
    sharpness by a factor up to 1 +- 0.9; posterising to 4 bits; solarising above white to 0; autocontrast;
    equalisation. Directions are drawn. The definitions are those of Pillow for 8-bit values; other values are rounded
    to 8 bits only for posterising and equalisation. Equalisation does not change images of fewer than 256 pixels, and
    colour does not change images with one channel.

    Args:
        n: number of transforms per image, applied one after the other, 1 to 14; the same one may be drawn twice.
        magnitude: a whole number from 0 to 30; on the paper's scale of 0 to 10, the same magnitude is a third of it.
        probability: probability that an image is transformed, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import RandAugment
        >>> RandAugment(n=2, magnitude=9)
        RandAugment(n=2, magnitude=9, probability=1.0)
        >>> RandAugment(magnitude=40)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `RandAugment.magnitude` must be a whole number of at most 30. Received: magnitude=40.
    """

    kind: ClassVar[str] = "RandAugment"

    n: int = 2
    magnitude: int = 9
    probability: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", whole("RandAugment.n", self.n, least=1, most=14))
        magnitude = whole("RandAugment.magnitude", self.magnitude, least=0, most=MAGNITUDES)
        object.__setattr__(self, "magnitude", magnitude)
        as_float(self, "probability", above=0, most=1)


@arguments_named
@dataclass(frozen=True, kw_only=True)
class TrivialAugment:
    """Apply one transform to each image, drawn from the 14 of `RandAugment`, with a magnitude that is also drawn.

    Source: Müller and Hutter (2021), wide version, as `torchvision.transforms.TrivialAugmentWide`: magnitudes are 0 to
    30. At 30, shear is 0.99, translation 32 pixels (but at most the side of the image), rotation 135 degrees, the
    factor of brightness, colour, contrast and sharpness 1 +- 0.99, and posterising keeps 2 bits.

    Args:
        probability: probability that an image is transformed, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import TrivialAugment
        >>> TrivialAugment()
        TrivialAugment(probability=1.0)
    """

    kind: ClassVar[str] = "TrivialAugment"

    probability: float = 1.0

    def __post_init__(self) -> None:
        as_float(self, "probability", above=0, most=1)
