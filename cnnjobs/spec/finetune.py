"""Fine-tuning as a value: layers that are frozen at first, trained from some epoch on."""

from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, whole

ALL = "all"
"""Names every layer."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Finetune:
    """Train what the network has not frozen for some epochs, then more of its layers, at another learning rate.

    The two phases are those of Keras's guide to transfer learning and fine-tuning, each with an optimizer that begins
    anew and a schedule laid over its own epochs. The network comes with frozen layers: `application(...)`,
    `vgg16(...)`, or a function of yours that sets `layer.trainable = False`.

    - Batch normalisation that the network has frozen goes on normalising with its stored statistics, and never changes
      them, as with `base(x, training=False)` in Keras's guide; its scale and shift are trained like other weights.
    - `EarlyStopping` ends the second phase only, and its patience begins there; what is best is looked for over both
      phases, also by `BestWeights`. `ReduceLROnPlateau` begins anew, from `learning_rate`.

    Args:
        after: epochs of the first phase, at least 1 and fewer than `epochs` of the variant.
        learning_rate: of the second phase, above 0; a schedule's factor multiplies it.
        layers: what is trained in addition: "all"; how the names of layers begin, "block5" or ("conv4", "conv5");
            or a number of layers, the last of those with weights that are frozen. Layers of a network inside the
            network are found by their own names too, also as "base/block5". A digit at the end is not followed by
            another: "block_1" is not "block_16".

    Raises:
        SpecError: for a value out of range. Names that no layer of the network has are refused before anything is
            trained.

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
        epochs: how many it has.
        learning_rate: that it begins with; None for that of the variant's optimizer.
    """

    first: int
    epochs: int
    learning_rate: float | None = None


def phases_of(finetune: Finetune | None, epochs: int) -> tuple[Phase, ...]:
    """Return the phases of so many epochs."""
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
