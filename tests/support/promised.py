"""Settings of a variant for which the promises of training are tested, several at once where one cannot hide another.

A case takes some seconds: add to one that is there where that shows the same.
"""

from collections.abc import Mapping

from cnnjobs import SGD, Augment, CutMix, MixUp, Variant, resnet, small_cnn
from support.training_runs import digits

ROWS, BATCH = 129, 64
"""The last of three steps has a single row, so that one of two replicas has none."""

BASE = Variant(model=small_cnn(filters=(4, 4), dense=8), optimizer=SGD(0.05, momentum=0.9), epochs=2, batch_size=BATCH)

CASES: Mapping[str, Variant] = {
    "shift and flip": BASE.but(augment=Augment(flip="horizontal", shift=0.1)),
    "MixUp or CutMix of shifted images, test-time augmentation": BASE.but(
        augment=(Augment(shift=0.1), MixUp(alpha=1, probability=0.5), CutMix(probability=0.4)), tta="flip"
    ),
    "residual network": BASE.but(
        model=resnet(depth=8, filters=4, shortcut="projection", preactivation=True), optimizer=SGD(0.01)
    ),
}
"""Words -> variant, without dropout: masks of two replicas differ from those of one."""

LOOSER: Mapping[str, float] = {"residual network": 5e-4}
"""Case -> how far two replicas may be from one, relative to the largest value, where that is more than usual."""


def data():
    """What they are trained on."""
    return digits(ROWS)
