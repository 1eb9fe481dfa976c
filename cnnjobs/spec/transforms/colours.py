"""Random changes of colours."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float

MOST = 10
"""Largest change of brightness, contrast and saturation."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class ColorJitter:
    """Change brightness, contrast, saturation and hue randomly, in this order; `torchvision.transforms.ColorJitter`.

    Each factor is drawn uniformly for each image, and values are clipped to black and white after each change.
    Torchvision also draws the order of the four changes; here, a tuple gives another order: `(ColorJitter(hue=0.1),
    ColorJitter(brightness=0.4))`. Grey is 0.299 red + 0.587 green + 0.114 blue. In grey images (one channel),
    saturation and hue change nothing.

    Args:
        brightness: pixels are multiplied by a factor from max(0, 1 - brightness) to 1 + brightness; at least 0.
        contrast: the pixels' difference from the mean grey of the image is multiplied by such a factor; at least 0.
        saturation: the pixels' difference from their own grey is multiplied by such a factor; at least 0.
        hue: largest change of hue in either direction, as a fraction of the colour circle, in [0, 0.5].
        probability: probability that the colours of an image are changed, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range, or if nothing would change. A job refuses saturation and hue alone for grey
            images, and this transform for images with other than one or three channels.

    Example:
        >>> from cnnjobs import ColorJitter
        >>> ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, probability=0.8).hue
        0.1
        >>> ColorJitter(hue=18)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `ColorJitter.hue` must be a number at least 0 and at most 0.5. Received: hue=18.
    """

    kind: ClassVar[str] = "ColorJitter"

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    probability: float = 1.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            as_float(self, name, least=0, most=MOST)
        as_float(self, "hue", least=0, most=0.5)
        as_float(self, "probability", above=0, most=1)
        if not (self.brightness or self.contrast or self.saturation or self.hue):
            raise SpecError(
                "`ColorJitter` must change something: give at least one of brightness, contrast, saturation, hue. "
                "Received: none of them. Use `augment=None` for no augmentation."
            )

    def refusal(self, image_shape: tuple[int, int, int]) -> str | None:
        """Return why images of this shape (height, width, channels) cannot be transformed; None if they can."""
        coloured = self.saturation or self.hue
        if image_shape[2] == 1 and not (self.brightness or self.contrast):
            return "saturation and hue of grey-scale images mean nothing. Use brightness and contrast"
        if image_shape[2] not in (1, 3) and coloured:
            return f"saturation and hue need red, green and blue. Received: {image_shape[2]} channels"
        return None


@arguments_named
@dataclass(frozen=True)
class Grayscale:
    """Convert images to grey with three equal channels, as `torchvision.transforms.RandomGrayscale`.

    Grey is 0.299 red + 0.587 green + 0.114 blue.

    Args:
        probability: probability that an image becomes grey, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range. A job refuses it for images with other than three channels.

    Example:
        >>> from cnnjobs import Grayscale
        >>> Grayscale(probability=0.2)
        Grayscale(probability=0.2)
    """

    kind: ClassVar[str] = "Grayscale"

    _: KW_ONLY
    probability: float = 0.1

    def __post_init__(self) -> None:
        as_float(self, "probability", above=0, most=1)

    def refusal(self, image_shape: tuple[int, int, int]) -> str | None:
        """Return why images of this shape (height, width, channels) cannot be transformed; None if they can."""
        if image_shape[2] == 3:
            return None
        kind = "grey-scale images are grey" if image_shape[2] == 1 else "grey is made of red, green and blue"
        return f"{kind}, and `Grayscale` would change nothing. Received: {image_shape[2]} channels"
