"""Models as values: the name of a builder and its options, or the user's own function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, number, one_of, whole
from cnnjobs.spec.functions import UserFunction

MOST_UNITS = 100_000
"""More filters or units than any layer here should have: a slip of the keyboard."""


@dataclass(frozen=True)
class Model:
    """A network the package knows how to build; made by `vgg()`, `small_cnn()`.

    Args:
        builder: name of the builder in `cnnjobs.models`.
        options: its hyperparameters, all of them, defaults included.
    """

    builder: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        one_of("Model.builder", self.builder, ("vgg", "small_cnn"))


@dataclass(frozen=True)
class CustomModel(UserFunction):
    """A network built by a function of the user's; made by `custom()`.

    Args:
        function: called as `function(input_shape, classes, **options)`, returns a `keras.Model`
            whose last layer is softmax or linear (logits).
        options: hyperparameters for the function; part of the trial's identity.
    """

    maker: ClassVar[str] = "custom"
    role: ClassVar[str] = "model"
    arguments: ClassVar[tuple[str, ...]] = ("input_shape", "classes")


def custom(function: Callable[..., Any], **options: Any) -> CustomModel:
    """Describe a network of your own: `custom(my_network, width=64)`."""
    return CustomModel(function, options)


def vgg(
    *,
    blocks: int = 3,
    filters: int = 32,
    dense: int = 128,
    dropout: float | tuple[float, ...] = 0.0,
    weight_decay: float = 0.0,
    batch_norm: bool = False,
) -> Model:
    """Describe a VGG-like network: blocks of two 3 x 3 convolutions and 2 x 2 max pooling.

    Args:
        blocks: number of blocks; filters double from block to block.
        filters: filters of the first block.
        dense: units of the hidden dense layer.
        dropout: one rate after every pooling and after the dense layer, or `blocks + 1` rates:
            one a block, the last for the dense layer.
        weight_decay: L2 factor on every kernel but the output's.
        batch_norm: normalise after every convolution and after the dense layer.
    """
    whole("vgg.blocks", blocks, least=1, most=10)
    whole("vgg.filters", filters, least=1, most=MOST_UNITS)
    whole("vgg.dense", dense, least=1, most=MOST_UNITS)
    flag("vgg.batch_norm", batch_norm)
    number("vgg.weight_decay", weight_decay, least=0)
    return Model(
        "vgg",
        {
            "blocks": blocks,
            "filters": filters,
            "dense": dense,
            "dropout": _dropout_rates(dropout, blocks),
            "weight_decay": float(weight_decay),
            "batch_norm": batch_norm,
        },
    )


def small_cnn(*, filters: tuple[int, ...] = (32, 64, 64), dense: int = 64, dropout: float = 0.0) -> Model:
    """Describe a small unpadded CNN with logits: 3 x 3 convolutions with pooling between them.

    Args:
        filters: filters of each convolution; all but the last are followed by 2 x 2 max pooling.
        dense: units of the hidden dense layer.
        dropout: rate before the flatten layer.
    """
    if not isinstance(filters, tuple | list) or not filters:
        raise SpecError(
            "`small_cnn.filters` must name the filters of at least one convolution, such as (32, 64, 64). "
            f"Received: filters={filters!r}."
        )
    for size in filters:
        whole("small_cnn.filters", size, least=1, most=MOST_UNITS)
    whole("small_cnn.dense", dense, least=1, most=MOST_UNITS)
    number("small_cnn.dropout", dropout, least=0, below=1)
    return Model("small_cnn", {"filters": tuple(filters), "dense": dense, "dropout": float(dropout)})


def _dropout_rates(dropout: float | tuple[float, ...], blocks: int) -> tuple[float, ...]:
    """Return one rate a block and one for the dense layer."""
    rates = tuple(dropout) if isinstance(dropout, tuple | list) else (dropout,) * (blocks + 1)
    if len(rates) != blocks + 1:
        raise SpecError(
            f"`vgg.dropout` must be one rate, or {blocks + 1} rates for {blocks} blocks and the dense layer. "
            f"Received: dropout={dropout!r}."
        )
    return tuple(number("vgg.dropout", rate, least=0, below=1) for rate in rates)
