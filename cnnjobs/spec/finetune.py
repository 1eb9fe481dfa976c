"""Fine-tuning as a value: layers that are frozen at first and trained from a given epoch on."""

from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, whole

ALL = "all"
"""Stands for every layer."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Train a network with frozen layers for some epochs, then train more of its layers at another learning rate.

    The two phases are those of Keras's guide to transfer learning and fine-tuning. Each phase has a new optimizer and a
    schedule over its own epochs. The network must come with frozen layers: `application(...)`, `vgg16(...)`, or a
    function of your own that sets `layer.trainable = False`.

    - Frozen batch normalisation layers keep normalising with their stored statistics, which never change, as with
      `base(x, training=False)` in Keras's guide; their scale and shift are trained like other weights.
    - `EarlyStopping` can end only the second phase, and its patience starts there; the best epoch, also that of
      `BestWeights`, is sought in both phases. `ReduceLROnPlateau` starts anew, from `learning_rate`.

    Args:
        after: number of epochs of the first phase, at least 1 and fewer than `epochs` of the variant.
        learning_rate: learning rate of the second phase, above 0; it is multiplied by the schedule's factor.
        layers: layers that are trained in addition: "all"; prefixes of layer names, "block5" or ("conv4", "conv5"); or
            a number of layers, counted from the last among the frozen layers with weights. Layers of a network inside
            the network are also found by their own names, and as "base/block5". A prefix that ends in a digit does not
            match a longer number: "block_1" does not match "block_16".

    Raises:
        SpecError: for a value out of range. Names that match no layer of the network are refused before training
            starts.

    Example:
        >>> from cnnjobs import Adam, Finetune, Variant, vgg16
        >>> finetune = Finetune(after=5, learning_rate=1e-5, layers="block5")
        >>> Variant(model=vgg16(), optimizer=Adam(0.001), epochs=20, finetune=finetune).epochs
        20
        >>> Variant(model=vgg16(), epochs=5, finetune=finetune)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `Finetune.after` must be less than `epochs`. Received: after=5 with epochs=5. ...
    """

    kind: ClassVar[str] = "Finetune"

    after: int
    learning_rate: float = 1e-5
    layers: str | tuple[str, ...] | int = ALL

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", whole("Finetune.after", self.after, least=1, most=1_000_000))
        as_float(self, "learning_rate", above=0)
        object.__setattr__(self, "layers", _checked_layers(self.layers))


@dataclass(frozen=True)
class Phase:
    """A part of training in which the same weights are trained.

    Args:
        first: its first epoch, counted from 0.
        epochs: its number of epochs.
        learning_rate: its initial learning rate; None for that of the variant's optimizer.
    """

    first: int
    epochs: int
    learning_rate: float | None = None


def phases_of(finetune: Finetune | None, epochs: int) -> tuple[Phase, ...]:
    """Return the phases of a training with this number of epochs."""
    if finetune is None:
        return (Phase(0, epochs),)
    after = finetune.after
    return Phase(0, after), Phase(after, epochs - after, finetune.learning_rate)


def check_length(finetune: Finetune | None, epochs: int) -> None:
    """Refuse a first phase that leaves no epoch for the second.

    Raises:
        SpecError: if it does.
    """
    if finetune is not None and finetune.after >= epochs:
        raise SpecError(
            f"`Finetune.after` must be less than `epochs`. Received: after={finetune.after} with epochs={epochs}. "
            f"Train for more epochs, at least {finetune.after + 1}, or fine-tune after fewer."
        )


def _checked_layers(layers: Any) -> str | tuple[str, ...] | int:
    """Return one name as it is, so that a tuple of one is the same setting."""
    if isinstance(layers, str | list | tuple):
        several = (layers,) if isinstance(layers, str) else tuple(layers)
        if several and all(isinstance(one, str) and one.strip() for one in several):
            return several[0] if len(several) == 1 else ALL if ALL in several else several
    elif not isinstance(layers, bool | float | None):
        return whole("Finetune.layers", layers, least=1, most=1_000_000)
    raise SpecError(
        '`Finetune.layers` must be "all", how the names of layers begin, such as "block5" or ("conv4", "conv5"), or a '
        f"number of last layers. Received: layers={layers!r}."
    )
