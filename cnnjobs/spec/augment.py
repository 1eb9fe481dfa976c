"""Augmentation as a value: how far training images may be moved, turned and stretched."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import as_float, one_of

FLIPS = (None, "horizontal", "vertical", "both")
FILLS = ("nearest", "reflect", "wrap", "constant")


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Random geometry for training images; each image of each epoch draws its own.

    The ranges are those of Keras's `ImageDataGenerator`, which the tutorials use.

    Args:
        flip: "horizontal", "vertical", "both" or None; each with probability one half.
        shift: largest shift as a fraction of height and width, drawn for each separately.
        rotation: largest angle in degrees, to either side.
        zoom: largest relative change of size, drawn for height and width separately.
        shear: largest shear angle in degrees, to either side.
        fill: what lies beyond the border: "nearest" repeats it, "reflect" mirrors, "wrap"
            continues on the other side, "constant" is black.
    """

    kind: ClassVar[str] = "Augment"

    flip: str | None = None
    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    fill: str = "nearest"

    def __post_init__(self) -> None:
        one_of("Augment.flip", self.flip, FLIPS)
        one_of("Augment.fill", self.fill, FILLS)
        as_float(self, "shift", least=0, below=1)
        as_float(self, "rotation", least=0, most=180)
        as_float(self, "zoom", least=0, below=1)
        as_float(self, "shear", least=0, below=90)
        if not (self.flip or self.shift or self.rotation or self.zoom or self.shear):
            raise SpecError(
                "`Augment` must change something: give at least one of flip, shift, rotation, zoom, shear. "
                "Received: none of them. Use `augment=None` for no augmentation."
            )
