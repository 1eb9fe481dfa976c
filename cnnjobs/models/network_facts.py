"""What is asked of a network before it is trained, and what there is to say of it; both travel between processes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.spec import Variant


@dataclass(frozen=True)
class Pictures:
    """A few pictures to look at a network with.

    Args:
        images: (n, height, width, channels) as stored, uint8 or float32 in [0, 1].
        labels: (n,) int32.
    """

    images: NDArray[np.generic]
    labels: NDArray[np.int32]


@dataclass(frozen=True)
class NetworkRequest:
    """A network that is to be looked at.

    Args:
        variant: whose network.
        classes: number of outputs.
        replicas: how many devices train it.
        pictures: some that it is to be trained on, or of their shape.
    """

    variant: Variant
    classes: int
    replicas: int
    pictures: Pictures

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.pictures.images.shape[1:]
        return height, width, channels


@dataclass(frozen=True)
class NetworkFacts:
    """What there is to say of a network without training it.

    Args:
        parameters: number of weights, trainable or not.
        summary: Keras's table of its layers, plain text.
        notes: what may be a mistake.
        compiled: what it was compiled with; empty for nothing.
        compile_settings: the same in full, to compare.
        digest: equal for two networks that a step of training leaves equal to the bit; empty if none was taken.
        one_unit: what a single unit, for two classes, says of the second: "the probability" or "the logit"; empty for
            an output a class.
    """

    parameters: int
    summary: str
    notes: tuple[str, ...] = ()
    compiled: str = ""
    compile_settings: str = ""
    digest: str = ""
    one_unit: str = ""


@dataclass(frozen=True)
class Unusable:
    """A network that no trial can train.

    Args:
        why: in words.
        built: whether it could be built: what it cannot do on cores it may do on a GPU.
    """

    why: str
    built: bool = False


def first_pictures(images: Any, labels: Any, count: int) -> Pictures:
    """Return some of the training pictures, spread over all of them."""
    rows = np.unique(np.linspace(0, len(labels) - 1, count).astype(np.int64))
    return Pictures(np.asarray(images[rows]), np.asarray(labels[rows], np.int32))
