"""Residual networks for small pictures, described by their hyperparameters."""

from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, number, one_of, whole
from cnnjobs.spec.models import Model, as_written
from cnnjobs.spec.networks import MOST_UNITS

STEM = 16
"""Filters of the first convolution of wide residual networks."""

STAGES = 3
MOST_DEPTH = 1202
"""Layers of the deepest network of the paper."""

FOR_IMAGENET = (18, 34, 50, 101, 152)
"""Depths of the residual networks for pictures of 224 x 224 pixels (He et al., 2016, table 1)."""


@as_written
def resnet(
    *,
    depth: int = 20,
    filters: int = STEM,
    shortcut: str = "identity",
    preactivation: bool = False,
    dropout: float = 0.0,
    weight_decay: float = 0.0,
) -> Model:
    """Return a residual network for small pictures, with three stages of 3 x 3 convolutions; He-normal, logits.

    From stage to stage, the number of filters doubles and the sides of the feature maps halve. Because of global
    average pooling, pictures may have any size. Every convolution is batch normalised, with momentum 0.9 and epsilon
    1e-5. For 32 x 32 colour pictures and 10 classes, the network has 0.27 million parameters with depth 20, 0.46 with
    32, 0.66 with 44, 0.85 with 56 and 1.7 with 110, as published.

    Source: He et al. (2016), "Deep residual learning for image recognition", section 4.2, and for `preactivation`
    "Identity mappings in deep residual networks", figure 4 e.

    Args:
        depth: number of layers with kernels, 6n + 2 for n blocks of two convolutions per stage: 8, 14, 20, 26, 32, 44,
            56, 110, at most 1202. The depths of the networks for ImageNet (18, 34, 50, 101, 152) are refused.
        filters: number of filters in the first stage, 1 to 100,000.
        shortcut: shortcut where the number of filters doubles: "identity" (every second pixel, zeros in the new
            filters: the paper's option A) or "projection" (a 1 x 1 convolution: option B).
        preactivation: whether batch normalisation and ReLU come before each convolution (version 2) or after it
            (version 1).
        dropout: dropout rate in [0, 1) between the two convolutions of every block; the paper uses none.
        weight_decay: L2 factor of every kernel, at least 0; the penalty is added to the loss. The paper's 0.0001 is the
            factor of the weights in the gradient, which corresponds to 0.00005 here.

    Raises:
        SpecError: for a value out of range, or a depth that is not 6n + 2.

    Example:
        >>> from cnnjobs import resnet
        >>> resnet(depth=20).options["blocks"]
        (3, 3, 3)
        >>> resnet(depth=18)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `resnet.depth` must be 6n + 2, such as 20, 32, 44, 56 or 110. Received: depth=18. ...
    """
    name = "resnet.filters"
    return Model(
        "resnet",
        {
            "blocks": (_blocks("resnet", depth, 2, "20, 32, 44, 56 or 110"),) * STAGES,
            "filters": _doubled(whole(name, filters, least=1, most=MOST_UNITS)),
            "stem": int(filters),
            "shortcut": one_of("resnet.shortcut", shortcut, ("identity", "projection")),
            "preactivation": flag("resnet.preactivation", preactivation),
            "dropout": number("resnet.dropout", dropout, least=0, below=1),
            "weight_decay": number("resnet.weight_decay", weight_decay, least=0),
        },
    )


@as_written
def wide_resnet(*, depth: int = 28, width: int = 10, dropout: float = 0.0, weight_decay: float = 0.0) -> Model:
    """Return a wide residual network for small pictures, WRN-depth-width; He-normal, logits.

    It is `resnet` with `preactivation` and projections, and with `width` times as many filters after the first
    convolution. For 32 x 32 colour pictures and 10 classes, it has 36.5 million parameters as WRN-28-10, 2.7 as
    WRN-16-4 and 8.9 as WRN-40-4, as published.

    Source: Zagoruyko and Komodakis (2016), "Wide residual networks".

    Args:
        depth: number of layers with kernels, 6n + 4 for n blocks of two convolutions per stage: 10, 16, 22, 28, 40, at
            most 1202.
        width: factor of the number of filters, which is 16 in the first stage, from 1 to 6,250.
        dropout: dropout rate in [0, 1) between the two convolutions of every block; the paper uses 0.3.
        weight_decay: L2 factor of every kernel, at least 0; the penalty is added to the loss. The paper's 0.0005 is the
            factor of the weights in the gradient, which corresponds to 0.00025 here.

    Raises:
        SpecError: for a value out of range, or a depth that is not 6n + 4.

    Example:
        >>> from cnnjobs import wide_resnet
        >>> wide_resnet(depth=16, width=4).options["filters"]
        (64, 128, 256)
    """
    factor = whole("wide_resnet.width", width, least=1, most=MOST_UNITS // STEM)
    return Model(
        "resnet",
        {
            "blocks": (_blocks("wide_resnet", depth, 4, "16, 22, 28 or 40"),) * STAGES,
            "filters": _doubled(STEM * factor),
            "stem": STEM,
            "shortcut": "projection",
            "preactivation": True,
            "dropout": number("wide_resnet.dropout", dropout, least=0, below=1),
            "weight_decay": number("wide_resnet.weight_decay", weight_decay, least=0),
        },
    )


def _blocks(maker: str, depth: Any, others: int, such_as: str) -> int:
    """Return the blocks of a stage: two convolutions each, and `others` layers beside those of the stages."""
    layers = whole(f"{maker}.depth", depth, least=2 * STAGES + others, most=MOST_DEPTH)
    blocks, rest = divmod(layers - others, 2 * STAGES)
    if layers in FOR_IMAGENET:
        advice = (
            f"ResNet-{layers} is a network for pictures of 224 x 224 pixels"
            + (f', keras.applications.ResNet{layers}: application("ResNet{layers}")' if layers >= 50 else "")
            + f". For small pictures the nearest here is depth={_nearest(layers, others)}."
        )
    elif rest:
        advice = f"The nearest is depth={_nearest(layers, others)}."
    else:
        return blocks
    raise SpecError(f"`{maker}.depth` must be 6n + {others}, such as {such_as}. Received: depth={layers}. {advice}")


def _nearest(layers: int, others: int) -> int:
    """Return the nearest depth that there is, the smaller of two."""
    step = 2 * STAGES
    fitting = range(step + others, layers + 2 * step, step)
    return min((one for one in fitting if one not in FOR_IMAGENET), key=lambda one: abs(one - layers))


def _doubled(first: int) -> tuple[int, ...]:
    return tuple(first * 2**stage for stage in range(STAGES))
