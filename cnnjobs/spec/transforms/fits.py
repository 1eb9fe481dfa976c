"""Checks that the images of a job can be transformed as requested."""

from collections.abc import Iterable

from cnnjobs.errors import SpecError
from cnnjobs.spec.transforms import Transform
from cnnjobs.wording.sentences import clause


def check_transforms(variant: str, transforms: Iterable[Transform], image_shape: tuple[int, int, int]) -> None:
    """Refuse transforms that would leave nothing of the images of a job, or change nothing.

    Args:
        variant: name of the variant, for the message.
        transforms: transforms of the variant.
        image_shape: (height, width, channels).

    Raises:
        SpecError: for the first such transform.
    """
    for one in transforms:
        refusal = getattr(one, "refusal", None)
        why = refusal(image_shape) if refusal is not None else None
        if why is not None:
            height, width, channels = image_shape
            raise SpecError(f"Variant {variant!r}, whose images are {height} x {width} x {channels}: {clause(why)}.")
