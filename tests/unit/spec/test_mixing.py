"""MixUp and CutMix in a variant: what stands last, and what cannot be combined."""

import pytest

from cnnjobs import Augment, CutMix, Flip, MixUp, Variant, vgg
from cnnjobs.errors import SpecError

BASE = Variant(model=vgg())


def test_transforms_of_single_images_are_told_from_mixings():
    both = BASE.but(augment=[Augment(shift=0.1), MixUp(probability=0.5), CutMix(probability=0.5)])
    assert both.transforms == (Augment(shift=0.1),)
    assert both.mixings == (MixUp(probability=0.5), CutMix(probability=0.5))
    assert BASE.but(augment=MixUp()).transforms == ()
    assert BASE.mixings == ()


def test_a_tuple_of_one_is_the_same_setting():
    assert BASE.but(augment=(MixUp(),)) == BASE.but(augment=MixUp())


def test_whole_numbers_are_the_same_setting():
    assert repr(MixUp(1, probability=1)) == repr(MixUp(alpha=1.0))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MixUp(alpha=0), r"`MixUp.alpha` must be a number above 0 and at most 1000. Received: alpha=0."),
        (lambda: CutMix(alpha=-1), r"`CutMix.alpha`.*Received: alpha=-1"),
        (lambda: MixUp(alpha=float("inf")), "Received: alpha=inf"),
        (lambda: MixUp(alpha="0.2"), "Received: alpha='0.2'"),
        (lambda: MixUp(alpha=True), "Received: alpha=True"),
        (lambda: CutMix(probability=0), r"`CutMix.probability` must be a number above 0 and at most 1"),
        (lambda: MixUp(probability=1.5), "Received: probability=1.5"),
        (
            lambda: BASE.but(augment=(MixUp(), Augment(shift=0.1))),
            r"stands last, because transforms are of single images. Received: MixUp before Augment. "
            r"Use `augment=\(Augment\(\.\.\.\), MixUp\(\.\.\.\)\)`",
        ),
        (
            lambda: BASE.but(augment=(MixUp(0.2, probability=0.5), Flip(), CutMix(probability=0.5))),
            "Received: MixUp before Flip",
        ),
        (lambda: BASE.but(augment=(Flip(), (MixUp(), CutMix()))), "Put all of them into one tuple"),
        (
            lambda: BASE.but(augment=(MixUp(), CutMix())),
            r"add to at most 1. Received: MixUp\(probability=1\) and CutMix\(probability=1\). Use `probability=0.5`",
        ),
        (
            lambda: BASE.but(augment=(MixUp(probability=0.1), MixUp(probability=0.1))),
            "takes one MixUp at most. Received: 2",
        ),
        (
            lambda: BASE.but(augment=MixUp),
            r"`augment` must be a transform such as Augment\(\.\.\.\).*Received: augment=<class",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(make, said):
    with pytest.raises(SpecError, match=said):
        make()
