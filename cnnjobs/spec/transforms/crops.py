"""Crops and flips of images."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, as_range, one_of, whole
from cnnjobs.spec.transforms.affine import FILLS

DIRECTIONS = ("horizontal", "vertical", "both")


@arguments_named
@dataclass(frozen=True)
class Flip:
    """Mirror images; no pixel is interpolated.

    Args:
        direction: "horizontal" (left and right are swapped), "vertical", or "both", each independently.
        probability: probability that an image is mirrored in a direction, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Flip, PadCrop, Variant, vgg
        >>> Variant(model=vgg(), augment=(PadCrop(4), Flip("horizontal"))).augment[1]
        Flip(direction='horizontal', probability=0.5)
        >>> Flip("left")
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `Flip.direction` must be one of 'horizontal', 'vertical', 'both'. Received: ...
    """

    kind: ClassVar[str] = "Flip"

    direction: str = "horizontal"
    _: KW_ONLY
    probability: float = 0.5

    def __post_init__(self) -> None:
        one_of("Flip.direction", self.direction, DIRECTIONS)
        as_float(self, "probability", above=0, most=1)


@arguments_named
@dataclass(frozen=True)
class PadCrop:
    """Pad images on all sides and crop them to their original size at a random place: a shift by whole pixels.

    Source: He et al. (2016), who pad CIFAR's images by 4; as `torchvision.transforms.RandomCrop(32, padding=4)`. The
    two shifts are drawn uniformly and independently from -padding to padding.

    Args:
        padding: number of pixels on each side, at least 1; less than height and width of the images.
        fill: content of the padding: "constant" is 0 (black), "reflect" mirrors the image, including its border pixels,
            "nearest" repeats the border, "wrap" continues on the opposite side.
        probability: probability that an image is padded and cropped, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range. A job refuses padding that is not smaller than its images.

    Example:
        >>> from cnnjobs import PadCrop
        >>> PadCrop(4)
        PadCrop(padding=4, fill='constant', probability=1.0)
        >>> PadCrop(padding=0.1)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `PadCrop.padding` must be a whole number of at least 1. Received: padding=0.1. ...
    """

    kind: ClassVar[str] = "PadCrop"

    padding: int = 4
    _: KW_ONLY
    fill: str = "constant"
    probability: float = 1.0

    def __post_init__(self) -> None:
        hint = "It is in pixels; `Augment(shift=0.1)` shifts by a fraction of the image."
        padding = whole("PadCrop.padding", self.padding, least=1, most=10_000, hint=hint)
        object.__setattr__(self, "padding", padding)
        one_of("PadCrop.fill", self.fill, FILLS)
        as_float(self, "probability", above=0, most=1)

    def refusal(self, image_shape: tuple[int, int, int]) -> str | None:
        """Return why images of this shape (height, width, channels) cannot be transformed; None if they can."""
        least = min(image_shape[:2])
        if self.padding < least:
            return None
        return f"`PadCrop.padding` must be less than {least} pixels, their smaller side. Received: {self.padding}"


@arguments_named
@dataclass(frozen=True, kw_only=True)
class RandomResizedCrop:
    """Crop a part of random area and aspect ratio, and resize it to the image's size with bilinear interpolation.

    Source: Szegedy et al. (2015), as `torchvision.transforms.RandomResizedCrop`: area and logarithm of the aspect ratio
    are drawn uniformly, up to ten times until the part fits into the image; otherwise the largest central part whose
    aspect ratio is in `ratio` is used.

    Args:
        scale: smallest and largest area of the part, as a fraction of the image's area, in (0, 1].
        ratio: smallest and largest aspect ratio, width divided by height, in pixels of the image.
        probability: probability that an image is cropped, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import RandomResizedCrop
        >>> RandomResizedCrop(scale=(0.25, 1)).scale
        (0.25, 1.0)
        >>> RandomResizedCrop(scale=0.5)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `RandomResizedCrop.scale` must be two numbers (low, high), ... Received: scale=0.5.
    """

    kind: ClassVar[str] = "RandomResizedCrop"

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    probability: float = 1.0

    def __post_init__(self) -> None:
        as_range(self, "scale", above=0, most=1)
        as_range(self, "ratio", least=0.01, most=100)
        as_float(self, "probability", above=0, most=1)
