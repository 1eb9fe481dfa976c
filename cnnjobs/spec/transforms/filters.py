"""Blur and noise."""

from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, as_range


@arguments_named
@dataclass(frozen=True, kw_only=True)
class GaussianBlur:
    """Blur images with a Gaussian whose width is drawn uniformly for each image.

    The kernel is truncated at three times the largest sigma, rounded up, and images are mirrored beyond their border,
    including the border pixels (`mode="reflect"` of `scipy.ndimage.gaussian_filter`).

    Args:
        sigma: standard deviation of the Gaussian in pixels: a range from low to high, or one number for all images;
            above 0 and at most 100.
        probability: probability that an image is blurred, above 0 and at most 1; Chen et al. (2020) use 0.5.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import GaussianBlur
        >>> GaussianBlur(sigma=(0.1, 1), probability=0.5).sigma
        (0.1, 1.0)
        >>> GaussianBlur(sigma=0.5).sigma
        (0.5, 0.5)
    """

    kind: ClassVar[str] = "GaussianBlur"

    sigma: tuple[float, float] = (0.1, 2.0)
    probability: float = 1.0

    def __post_init__(self) -> None:
        given: Any = self.sigma
        if isinstance(given, Real):
            object.__setattr__(self, "sigma", (given, given))
        as_range(self, "sigma", above=0, most=100)
        as_float(self, "probability", above=0, most=1)


@arguments_named
@dataclass(frozen=True)
class GaussianNoise:
    """Add normal noise to images, drawn for each pixel and channel; values are clipped to black and white.

    Args:
        sd: standard deviation of the noise, as a fraction of white, above 0 and at most 1: 0.1 is 25.5 of 255.
        probability: probability that noise is added to an image, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import GaussianNoise
        >>> GaussianNoise(0.05)
        GaussianNoise(sd=0.05, probability=1.0)
        >>> GaussianNoise(sd=10)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `GaussianNoise.sd` must be a number above 0 and at most 1. Received: sd=10.
    """

    kind: ClassVar[str] = "GaussianNoise"

    sd: float = 0.05
    _: KW_ONLY
    probability: float = 1.0

    def __post_init__(self) -> None:
        as_float(self, "sd", above=0, most=1)
        as_float(self, "probability", above=0, most=1)
