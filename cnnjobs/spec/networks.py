"""The networks that this package can build, described by their hyperparameters."""

from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, number, one_of, whole
from cnnjobs.spec.models import Model, as_written

MOST_UNITS = 100_000
"""Largest number of filters or units of a layer; more is taken for a typing error."""

Rates = float | tuple[float, ...]
"""One dropout rate for all places, or one rate per place."""


@as_written
def cnn(
    *,
    blocks: tuple[tuple[int, ...], ...],
    dense: tuple[int, ...],
    pool: int | tuple[int, ...] = 2,
    padding: str = "valid",
    dropout: Rates = 0.0,
    weight_decay: float = 0.0,
    batch_norm: bool = False,
    initializer: str = "glorot_uniform",
    output: str = "softmax",
) -> Model:
    """Return a CNN: blocks of 3 x 3 ReLU convolutions and max pooling, then dense ReLU layers and the output layer.

    Args:
        blocks: number of filters of each convolution in each block, 1 to 100,000: `((32,), (64, 64))`. `()` makes an
            MLP.
        dense: number of units of each hidden dense layer, 1 to 100,000; `()` for no hidden layer.
        pool: side and stride in pixels of the max pooling after each block, from 1 (no pooling) to 100; one number for
            all blocks, or one per block.
        padding: padding of the convolutions: "valid" (each convolution makes the image two pixels smaller per
            dimension) or "same".
        dropout: dropout rate in [0, 1) after every block and every hidden dense layer (Srivastava et al., 2014); or one
            rate for each of these places.
        weight_decay: L2 factor of every kernel except that of the output layer, at least 0; the penalty is added to the
            loss.
        batch_norm: whether batch normalisation (Ioffe and Szegedy, 2015) follows every convolution and hidden dense
            layer.
        initializer: initializer of every kernel except that of the output layer: "glorot_uniform" (Glorot and Bengio,
            2010) or "he_uniform" (He et al., 2015).
        output: activation of the output layer: "softmax", or "logits" for none.

    Raises:
        SpecError: for a value out of range, or if the number of rates or pools does not match the number of places.
            Images that are too small for the blocks are refused when the job is planned.

    Example:
        >>> from cnnjobs import cnn
        >>> cnn(blocks=((32,), (64, 64)), dense=(100,), dropout=0.2).options["dropout"]
        (0.2, 0.2, 0.2)
        >>> cnn(blocks=((32,),), dense=(100,), dropout=(0.2, 0.3, 0.4))
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `cnn.dropout` must be one rate, or 2 rates for 1 blocks and the dense layer. ...
    """
    return _cnn("cnn", blocks, dense, pool, padding, dropout, weight_decay, batch_norm, initializer, output)


@as_written
def vgg(
    *,
    blocks: int = 3,
    filters: int = 32,
    dense: int = 128,
    dropout: Rates = 0.0,
    weight_decay: float = 0.0,
    batch_norm: bool = False,
) -> Model:
    """Return a VGG-like CNN: blocks of two same-padded 3 x 3 convolutions and 2 x 2 max pooling; He-uniform, softmax.

    Source: the blocks are those of Simonyan and Zisserman (2015), the initializer is that of He et al. (2015).

    Args:
        blocks: number of blocks, 1 to 10; the number of filters doubles from block to block, and each block halves the
            image.
        filters: number of filters in the first block, 1 to 100,000.
        dense: number of units of the hidden dense layer, 1 to 100,000.
        dropout: dropout rate in [0, 1) after every block and after the dense layer; or `blocks + 1` rates.
        weight_decay: L2 factor of every kernel except that of the output layer, at least 0; the penalty is added to the
            loss.
        batch_norm: whether batch normalisation follows every convolution and the dense layer.

    Raises:
        SpecError: for a value out of range, or if the number of rates does not match the number of places.

    Example:
        >>> from cnnjobs import vgg
        >>> vgg(blocks=3).options["blocks"]
        ((32, 32), (64, 64), (128, 128))
    """
    whole("vgg.blocks", blocks, least=1, most=10)
    whole("vgg.filters", filters, least=1, most=MOST_UNITS)
    pairs = tuple((filters * 2**block,) * 2 for block in range(blocks))
    return _cnn("vgg", pairs, (dense,), 2, "same", dropout, weight_decay, batch_norm, "he_uniform", "softmax")


@as_written
def small_cnn(*, filters: tuple[int, ...] = (32, 64, 64), dense: int = 64, dropout: float = 0.0) -> Model:
    """Return a small unpadded CNN: 3 x 3 convolutions with 2 x 2 max pooling between them; Glorot-uniform, logits.

    Args:
        filters: number of filters of each convolution, 1 to 100,000; pooling follows every convolution except the last.
        dense: number of units of the hidden dense layer, 1 to 100,000.
        dropout: dropout rate in [0, 1) before the dense layer.

    Raises:
        SpecError: for a value out of range, or if there is no convolution.

    Example:
        >>> from cnnjobs import small_cnn
        >>> small_cnn(dropout=0.4).options["pool"]
        (2, 2, 1)
    """
    sizes = _several("small_cnn.filters", filters, "the filters of at least one convolution, such as (32, 64, 64)")
    rate = number("small_cnn.dropout", dropout, least=0, below=1)
    pool = (2,) * (len(sizes) - 1) + (1,)
    places = (0.0,) * (len(sizes) - 1) + (rate, 0.0)
    singles = tuple((size,) for size in sizes)
    return _cnn("small_cnn", singles, (dense,), pool, "valid", places, 0.0, False, "glorot_uniform", "logits")


@as_written
def smaller_vgg(*, dense: int = 1024, dropout: Rates = (0.25, 0.25, 0.25, 0.5)) -> Model:
    """Return SmallerVGGNet, for pictures of about 96 x 96 pixels: 32, 64 64 and 128 128 filters, batch normalisation.

    Pooling is 3 x 3 after the first block and 2 x 2 after the others. Convolutions have same padding, the initializer
    is Glorot-uniform, and the output is softmax.

    Args:
        dense: number of units of the hidden dense layer, 1 to 100,000.
        dropout: dropout rate in [0, 1) after every block and after the dense layer; or four rates.

    Raises:
        SpecError: for a value out of range, or another number of rates than one or four.

    Example:
        >>> from cnnjobs import smaller_vgg
        >>> smaller_vgg(dense=512).options["dense"]
        (512,)
    """
    blocks = ((32,), (64, 64), (128, 128))
    return _cnn("smaller_vgg", blocks, (dense,), (3, 2, 2), "same", dropout, 0.0, True, "glorot_uniform", "softmax")


@as_written
def mlp(*, dense: tuple[int, ...] = (1000, 500), dropout: Rates = 0.0) -> Model:
    """Return a multilayer perceptron on the flattened pixels: dense ReLU layers; Glorot-uniform, softmax.

    Args:
        dense: number of units of each hidden layer, 1 to 100,000.
        dropout: dropout rate in [0, 1) after every hidden layer; or one rate per layer.

    Raises:
        SpecError: for a value out of range, if there is no layer, or if the number of rates does not match the number
            of layers.

    Example:
        >>> from cnnjobs import mlp
        >>> mlp(dense=(128,), dropout=0.5).options["dropout"]
        (0.5,)
    """
    _several("mlp.dense", dense, "the units of at least one layer, such as (1000, 500)")
    return _cnn("mlp", (), dense, 2, "valid", dropout, 0.0, False, "glorot_uniform", "softmax")


def _cnn(
    maker: str,
    blocks: Any,
    dense: Any,
    pool: Any,
    padding: str,
    dropout: Any,
    weight_decay: Any,
    batch_norm: bool,
    initializer: str,
    output: str,
) -> Model:
    """Return the model after checking all that `maker` was called with."""
    if not isinstance(blocks, tuple | list):
        raise SpecError(
            f"`{maker}.blocks` must name the filters of each block, such as ((32,), (64, 64)). "
            f"Received: blocks={blocks!r}."
        )
    filters = tuple(units(f"{maker}.blocks", block) for block in blocks)
    if not all(filters):
        raise SpecError(f"`{maker}.blocks` must have a convolution in each block. Received: blocks={blocks!r}.")
    hidden = units(f"{maker}.dense", dense)
    places = f"{len(filters) + len(hidden)} rates for {len(filters)} blocks and {_layers(len(hidden))}"
    pools = tuple(pool) if isinstance(pool, tuple | list) else (pool,) * len(filters)
    if len(pools) != len(filters):
        raise SpecError(
            f"`{maker}.pool` must be one side, or one for each of {len(filters)} blocks. Received: {pool!r}."
        )
    return Model(
        "cnn",
        {
            "blocks": filters,
            "dense": hidden,
            "pool": tuple(whole(f"{maker}.pool", side, least=1, most=100) for side in pools),
            "padding": one_of(f"{maker}.padding", padding, ("valid", "same")),
            "dropout": rates(f"{maker}.dropout", dropout, len(filters) + len(hidden), places),
            "weight_decay": number(f"{maker}.weight_decay", weight_decay, least=0),
            "batch_norm": flag(f"{maker}.batch_norm", batch_norm),
            "initializer": one_of(f"{maker}.initializer", initializer, ("glorot_uniform", "he_uniform")),
            "output": one_of(f"{maker}.output", output, ("softmax", "logits")),
        },
    )


def _layers(count: int) -> str:
    return "the dense layer" if count == 1 else f"{count} dense layers"


def _several(name: str, values: Any, expected: str) -> tuple[Any, ...]:
    """Return `values` if they are a sequence with something in it."""
    if not isinstance(values, tuple | list) or not values:
        leaf = name.rsplit(".", 1)[-1]
        raise SpecError(f"`{name}` must name {expected}. Received: {leaf}={values!r}.")
    return tuple(values)


def units(name: str, values: Any) -> tuple[int, ...]:
    """Return the number of units, or filters, of each of several layers."""
    if not isinstance(values, tuple | list):
        leaf = name.rsplit(".", 1)[-1]
        raise SpecError(f"`{name}` must be a tuple of whole numbers, such as (64, 64). Received: {leaf}={values!r}.")
    return tuple(whole(name, value, least=1, most=MOST_UNITS) for value in values)


def rates(name: str, dropout: Any, count: int, places: str) -> tuple[float, ...]:
    """Return one rate per place."""
    several = tuple(dropout) if isinstance(dropout, tuple | list) else (dropout,) * count
    if len(several) != count:
        raise SpecError(f"`{name}` must be one rate, or {places}. Received: dropout={dropout!r}.")
    return tuple(number(name, rate, least=0, below=1) for rate in several)
