"""Mixing of training images in pairs, as a value: MixUp and CutMix."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float


@arguments_named
@dataclass(frozen=True)
class MixUp:
    """Blend training images, and their labels in the same proportion, with others (Zhang et al., 2018).

    An image and its label have the share s, those of its partner 1 - s, with s from Beta(alpha, alpha). Each image has
    its own share, and is the partner of one other image in every epoch. Partners come from the whole epoch and have
    passed through the preceding transforms; pictures that are decoded as needed are then decoded for both. The
    reference implementation draws one share per batch, and partners from the batch. The loss is that of the mixed
    label. For accuracy on the training rows, a mixed image counts with the share of the predicted label.

    Args:
        alpha: parameter of the Beta distribution, above 0 and at most 1000: below 1, most images are nearly one of the
            two; 1 is uniform; above 1, most images are about half of each. Zhang et al. use 0.1 to 0.4 on ImageNet and
            1 on CIFAR-10.
        probability: probability that an image is mixed, above 0 and at most 1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Augment, CutMix, MixUp, Variant, vgg
        >>> baseline = Variant(model=vgg(), augment=(Augment(flip="horizontal"), MixUp(alpha=0.2)))
        >>> either = (MixUp(alpha=0.8, probability=0.5), CutMix(probability=0.5))  # one of both, as timm does
        >>> baseline.but(augment=either).mixings[1].alpha
        1.0
        >>> MixUp(alpha=0)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `MixUp.alpha` must be a number above 0 and at most 1000. Received: alpha=0.
    """

    kind: ClassVar[str] = "MixUp"

    alpha: float = 0.2
    _: KW_ONLY
    probability: float = 1.0

    def __post_init__(self) -> None:
        _check(self)


@arguments_named
@dataclass(frozen=True)
class CutMix:
    """Replace a box in training images by another image's pixels, and mix labels by area (Yun et al., 2019).

    The box has the aspect ratio of the image and sqrt(1 - s) times its sides, with s from Beta(alpha, alpha). Its
    centre may be anywhere, and the part beyond the border is cut off. The share of the image's own label is the
    fraction of pixels that are its own. Partners, loss and accuracy are as in `MixUp`.

    Args:
        alpha: parameter of the Beta distribution, above 0 and at most 1000; 1 is uniform, as Yun et al. use it.
        probability: probability that an image is mixed, above 0 and at most 1; Yun et al. use 0.5 on CIFAR and 1 on
            ImageNet.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import CutMix
        >>> CutMix(probability=0.5)
        CutMix(alpha=1.0, probability=0.5)
    """

    kind: ClassVar[str] = "CutMix"

    alpha: float = 1.0
    _: KW_ONLY
    probability: float = 1.0

    def __post_init__(self) -> None:
        _check(self)


MIXINGS = (MixUp, CutMix)
"""All transforms that mix training images with others."""

Mixing = MixUp | CutMix


def check_mixings(augment: tuple[Any, ...]) -> None:
    """Refuse invalid combinations of transforms that mix images.

    Args:
        augment: transforms, including those that mix images, in the given order.

    Raises:
        SpecError: if they are not last, if there are two of a kind, or if their probabilities add up to more than 1.
    """
    mixings = [one for one in augment if isinstance(one, MIXINGS)]
    early = next((one for one in augment[: len(augment) - len(mixings)] if isinstance(one, MIXINGS)), None)
    if early is not None:
        mixing, after = type(early).__name__, augment[augment.index(early) + 1 :]
        transform = next(type(one).__name__ for one in after if not isinstance(one, MIXINGS))
        raise SpecError(
            f"`augment`: what mixes images stands last, because transforms are of single images. Received: {mixing} "
            f"before {transform}. Use `augment=({transform}(...), {mixing}(...))`."
        )
    kinds = [type(one).__name__ for one in mixings]
    if len(set(kinds)) < len(kinds):
        raise SpecError(f"`augment` takes one {kinds[0]} at most. Received: {len(kinds)} of {mixings!r}.")
    if sum(one.probability for one in mixings) > 1:
        given = " and ".join(f"{type(one).__name__}(probability={one.probability:g})" for one in mixings)
        raise SpecError(
            "`augment`: an image is mixed in one way, so the probabilities of MixUp and CutMix add to at most 1. "
            f"Received: {given}. Use `probability=0.5` for each."
        )


def check_weights(variant: str, mixings: tuple[Mixing, ...], *, weighted: bool) -> None:
    """Refuse to mix images that have sample weights.

    Args:
        variant: name of the variant, for the message.
        mixings: transforms of the variant that mix images.
        weighted: whether the data set has weights of its training pictures.

    Raises:
        SpecError: if there are both.
    """
    if weighted and mixings:
        mixing = type(mixings[0]).__name__
        raise SpecError(
            f"Variant {variant!r}: {mixing} and weights of pictures exclude each other: a mixed image is of two "
            f"pictures, which count differently. Received: {mixings[0]!r} and a data set with weights. Leave one of "
            "them out."
        )


def _check(spec: Any) -> None:
    as_float(spec, "alpha", above=0, most=1000)
    as_float(spec, "probability", above=0, most=1)
