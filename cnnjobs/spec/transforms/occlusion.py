"""Boxes that hide a part of an image."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, as_range, number, whole

FILLS = ("mean", "noise")
"""Names of fills; a box may also be filled with a value."""


@arguments_named
@dataclass(frozen=True)
class Cutout:
    """Hide a square in each image, centred at a uniformly drawn pixel; part of the square may lie outside.

    Source: DeVries and Taylor (2017), who use 16 pixels for CIFAR-10 and 8 for CIFAR-100, and fill the square with the
    mean of the training images: about 0.5 for photos.

    Args:
        size: side of the square in pixels, at least 1; at most the smaller side of the images.
        fill: content of the square: a number in [0, 1] from black to white, "mean" of each channel of the image, or
            "noise", uniform for each pixel and channel.
        probability: probability that a square is hidden, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range. A job refuses a size that is larger than its images.

    Example:
        >>> from cnnjobs import Cutout
        >>> Cutout(16)
        Cutout(size=16, fill=0.0, probability=1.0)
        >>> Cutout(0.5)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `Cutout.size` must be a whole number of at least 1. Received: size=0.5. ...
    """

    kind: ClassVar[str] = "Cutout"

    size: int = 16
    _: KW_ONLY
    fill: float | str = 0.0
    probability: float = 1.0

    def __post_init__(self) -> None:
        hint = "It is in pixels; `RandomErasing(scale=(low, high))` takes fractions of the image's area."
        object.__setattr__(self, "size", whole("Cutout.size", self.size, least=1, most=10_000, hint=hint))
        _check_fill(self)
        as_float(self, "probability", above=0, most=1)

    def refusal(self, image_shape: tuple[int, int, int]) -> str | None:
        """Return why images of this shape (height, width, channels) cannot be transformed; None if they can."""
        least = min(image_shape[:2])
        if self.size <= least:
            return None
        return f"`Cutout.size` must be at most {least} pixels, their smaller side. Received: {self.size}"


@arguments_named
@dataclass(frozen=True, kw_only=True)
class RandomErasing:
    """Hide a box of random area and aspect ratio in some images.

    Source: Zhong et al. (2020), with area and aspect ratio drawn as in `torchvision.transforms.RandomErasing`: area and
    logarithm of the aspect ratio are drawn uniformly, up to ten times until the box is smaller than the image;
    otherwise nothing is hidden. The box lies within the image.

    Args:
        scale: smallest and largest area of the box, as a fraction of the image's area, above 0 and below 1.
        ratio: smallest and largest aspect ratio, height divided by width.
        fill: content of the box: "noise", uniform for each pixel and channel, as Zhong et al. advise; a number in [0,
            1] from black to white; or "mean" of each channel of the image.
        probability: probability that a box is hidden, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import RandomErasing
        >>> RandomErasing(fill=0.5)
        RandomErasing(scale=(0.02, 0.33), ratio=(0.3, 3.3), fill=0.5, probability=0.5)
        >>> RandomErasing(fill=128)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `RandomErasing.fill` must be a number at least 0 and at most 1. Received: fill=128.
    """

    kind: ClassVar[str] = "RandomErasing"

    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    fill: float | str = "noise"
    probability: float = 0.5

    def __post_init__(self) -> None:
        as_range(self, "scale", above=0, below=1)
        as_range(self, "ratio", least=0.01, most=100)
        _check_fill(self)
        as_float(self, "probability", above=0, most=1)


def _check_fill(spec: Any) -> None:
    """Refuse what a box cannot hold, and make a number a float."""
    name = f"{type(spec).__name__}.fill"
    if isinstance(spec.fill, str):
        if spec.fill not in FILLS:
            raise SpecError(
                f"`{name}` must be a number from 0 (black) to 1 (white), 'mean' or 'noise'. Received: "
                f"fill={spec.fill!r}."
            )
        return
    object.__setattr__(spec, "fill", number(name, spec.fill, "", least=0, most=1))
