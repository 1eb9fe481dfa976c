"""Mixing of training images in pairs, as a value: MixUp and CutMix."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float


@arguments_named
@dataclass(frozen=True)
class MixUp:
    """Training images blended with others, and their labels alike (Zhang et al., 2018).

    An image and its label get the share s, those of its partner 1 - s, with s from Beta(alpha, alpha). Each image has a
    share of its own and is once the partner of another in every epoch; partners come from the whole epoch, and have
    been through the transforms that stand before; pictures that are decoded as they are needed are decoded for both.
    The reference implementation draws one share a batch, and partners from the batch. The loss is that of the mixed
    label. Over the training rows, a mixed image counts in the accuracy by the share of the label that was predicted.

    Args:
        alpha: of the Beta distribution, above 0 and at most 1000: below 1 most images are nearly one of the two, 1 is
            uniform, above 1 most are about half of each. Zhang et al. use 0.1 to 0.4 on ImageNet, and 1 on CIFAR-10.
        probability: with which an image is mixed, above 0 and at most 1.

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
    """Training images with a box of another's pixels, and labels by area (Yun et al., 2019).

    The box has the image's shape, the side sqrt(1 - s) of it with s from Beta(alpha, alpha), and its centre anywhere:
    what lies beyond the border is cut off. The label of the image has the share of the pixels that are its own.
    Partners, loss and accuracy are as `MixUp` has them.

    Args:
        alpha: of the Beta distribution, above 0 and at most 1000; 1 is uniform, which Yun et al. use.
        probability: with which an image is mixed, above 0 and at most 1; Yun et al. use 0.5 on CIFAR and 1 on ImageNet.

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
"""All that mixes training images with others."""

Mixing = MixUp | CutMix


def check_mixings(augment: tuple[Any, ...]) -> None:
    """Refuse what cannot be mixed so.

    Args:
        augment: transforms and mixings, in the order in which they were given.

    Raises:
        SpecError: for mixings that do not stand last, two of a kind, or probabilities that add to more than 1.
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
    """Refuse to mix images that count by weights of their own.

    Args:
        variant: name, for the message.
        mixings: of the variant.
        weighted: whether the data set has weights of its training pictures.

    Raises:
        SpecError: if both are there.
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
