"""Random shift, rotation, zoom, shear and flip."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, one_of
from cnnjobs.spec.fields import later_field

FLIPS = (None, "horizontal", "vertical", "both")
FILLS = ("nearest", "reflect", "wrap", "constant")


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Augment:
    """Apply random affine transforms to training images, drawn uniformly for each image and epoch.

    Ranges and order (rotation, shear, zoom) are those of Keras's `ImageDataGenerator`; interpolation is bilinear.

    Args:
        flip: "horizontal", "vertical", "both" or None; each flip has the probability 1/2.
        shift: largest shift as a fraction of height and width, in [0, 1); two independent draws from +-shift.
        rotation: largest angle in either direction, in degrees in [0, 180].
        zoom: largest relative change of scale, in [0, 1); independent draws from 1 +- zoom for height and width.
        shear: largest shear angle in either direction, in degrees in [0, 90).
        fill: values beyond the border: "nearest" repeats the border, "reflect" mirrors the image, "wrap" continues on
            the opposite side, "constant" is 0.
        probability: probability that an image is transformed, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range, or if nothing would change.

    Example:
        >>> from cnnjobs import Augment
        >>> Augment(flip="horizontal", shift=0.1).rotation
        0.0
        >>> Augment(shift=12)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `Augment.shift` must be a number at least 0 and below 1. Received: shift=12.
    """

    kind: ClassVar[str] = "Augment"

    flip: str | None = None
    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    fill: str = "nearest"
    probability: float = later_field(1.0)

    def __post_init__(self) -> None:
        one_of("Augment.flip", self.flip, FLIPS)
        one_of("Augment.fill", self.fill, FILLS)
        as_float(self, "shift", least=0, below=1)
        as_float(self, "rotation", least=0, most=180)
        as_float(self, "zoom", least=0, below=1)
        as_float(self, "shear", least=0, below=90)
        as_float(self, "probability", above=0, most=1)
        if not (self.flip or self.shift or self.rotation or self.zoom or self.shear):
            raise SpecError(
                "`Augment` must change something: give at least one of flip, shift, rotation, zoom, shear. "
                "Received: none of them. Use `augment=None` for no augmentation."
            )
