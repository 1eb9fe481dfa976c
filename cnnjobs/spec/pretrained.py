"""Networks with pretrained weights, described by their hyperparameters."""

from numbers import Integral
from pathlib import Path
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number, one_of, whole
from cnnjobs.spec.keras_applications import APPLICATIONS, Application, meant_by, nearest_to
from cnnjobs.spec.models import Model, WeightsFile, as_written
from cnnjobs.spec.networks import Rates, rates, units

VGG16_BLOCKS = 5

MOST_LAYERS = 10_000
"""More than any network of `keras.applications` has."""


@as_written
def vgg16(
    *,
    weights: str | Path | None = "imagenet",
    trainable_blocks: int = 0,
    dense: tuple[int, ...] = (256,),
    dropout: Rates = 0.0,
) -> Model:
    """Return the convolutions of VGG16 (Simonyan and Zisserman, 2015) with a new head, for transfer learning.

    The network converts pixels in [0, 1] to the range on which its weights were trained; `scaling` must therefore be
    "unit". Images must have at least 32 x 32 pixels.

    Args:
        weights: "imagenet" for the file in Keras's cache, the path of a weights file, or None for random weights.
        trainable_blocks: number of the five blocks that are trained, counted from the last, 0 to 5; the others are
            frozen.
        dense: number of units of each hidden dense layer of the head, 1 to 100,000.
        dropout: dropout rate in [0, 1) after every hidden dense layer; or one rate per layer.

    Raises:
        SpecError: for a value out of range, or random weights with frozen blocks. A missing weights file is refused
            when the job is planned.

    Example:
        >>> from cnnjobs import vgg16
        >>> vgg16(trainable_blocks=1).options["weights"]
        'imagenet'
    """
    whole("vgg16.trainable_blocks", trainable_blocks, least=0, most=VGG16_BLOCKS)
    if weights is None and trainable_blocks < VGG16_BLOCKS:
        raise SpecError(
            "`vgg16(weights=None)` starts at random, so all blocks must be trained. "
            f"Received: trainable_blocks={trainable_blocks}. Use trainable_blocks={VGG16_BLOCKS}."
        )
    hidden = units("vgg16.dense", dense)
    return Model(
        "vgg16",
        {
            "weights": _weights("vgg16", weights),
            "trainable_blocks": trainable_blocks,
            "dense": hidden,
            "dropout": rates("vgg16.dropout", dropout, len(hidden), f"{len(hidden)} rates for the dense layers"),
        },
    )


@as_written
def application(
    name: str,
    *,
    weights: str | Path | None = "imagenet",
    trainable: int | str | tuple[str, ...] | bool | None = None,
    batch_norm: str | None = None,
    pooling: str | None = "avg",
    dense: tuple[int, ...] = (),
    dropout: Rates = 0.2,
    alpha: float | None = None,
) -> Model:
    """Return a network of `keras.applications` with a new head, for transfer learning; logits.

    The network includes its own preprocessing: it takes pixels in [0, 1] and converts them to the range on which its
    weights were trained; `scaling` must therefore be "unit". Grey pictures are repeated in all three colour channels.
    Pictures must have at least 32 x 32 pixels (Xception: 71 x 71, InceptionV3 and InceptionResNetV2: 75 x 75); the
    published weights were trained on pictures of 224 x 224 pixels or more. `cnnjobs plan --summary` lists the layers.

    Args:
        name: name as Keras spells it: "ResNet50", "ResNet50V2", "EfficientNetB0", "EfficientNetV2S", "MobileNetV2",
            "ConvNeXtTiny", "DenseNet121", "InceptionV3", "Xception", "NASNetMobile", "VGG19" and so on.
        weights: "imagenet" for the file in Keras's cache, the path of an HDF5 file of the network without its dense
            layers (`include_top=False`), or None for random weights. Nothing is downloaded.
        trainable: layers of the network that are trained besides the head, as in `Finetune.layers`: prefixes of layer
            names, "conv5" or ("block7", "top"); a number of layers, counted from the last among those with weights;
            "all" or True; 0 or False for none. None trains no layer of a pretrained network and all layers of one with
            random weights. Layers that are not trained compute as in prediction: batch normalisation uses its stored
            statistics. Dropout within the network is off unless all layers are trained.
        batch_norm: batch normalisation in the trained layers: "frozen" keeps its statistics, scales and offsets, as
            Keras's guide advises for small data sets; "trained" trains them. None is "frozen" with pretrained and
            "trained" with random weights.
        pooling: pooling of the last feature maps: "avg", "max", or None to flatten them.
        dense: number of units of each hidden dense ReLU layer of the head, 1 to 100,000; `()` for no hidden layer.
        dropout: dropout rate in [0, 1) after pooling and after every hidden dense layer; or one rate for each of these
            places.
        alpha: factor of the number of filters of a MobileNet, above 0 and at most 10; None for 1. With "imagenet", only
            factors for which there are weights: 0.25, 0.5, 0.75 or 1 for MobileNet, 0.35, 0.5, 0.75, 1, 1.3 or 1.4 for
            MobileNetV2, 0.75 or 1 for MobileNetV3.

    Raises:
        SpecError: for an unknown network, a value out of range, or random weights that are not trained. Pictures that
            are too small and missing weights are refused when the job is planned.

    Example:
        >>> from cnnjobs import application
        >>> application("EfficientNetB0", trainable=("block7", "top"), dense=(128,)).options["dropout"]
        (0.2, 0.2)
        >>> application("resnet50")
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `application.name` must be ... Received: name='resnet50'. Write "ResNet50".
    """
    known = _application(name)
    own = _weights("application", weights)
    hidden = units("application.dense", dense)
    places = "one for the pooling and one for each dense layer"
    return Model(
        "application",
        {
            "name": known.name,
            "weights": own,
            "trainable": _trainable(trainable, random=own is None),
            "batch_norm": _batch_norm(batch_norm, random=own is None),
            "pooling": one_of("application.pooling", pooling, ("avg", "max", None)),
            "dense": hidden,
            "dropout": rates("application.dropout", dropout, 1 + len(hidden), places),
            "alpha": _alpha(known, alpha, own),
        },
    )


def _application(name: Any) -> Application:
    if isinstance(name, str) and name in APPLICATIONS:
        return APPLICATIONS[name]
    meant, near = meant_by(name), " or ".join(f'"{one}"' for one in nearest_to(name))
    if meant is None and str(name).lower().startswith(("resnet", "resnext", "wide")):
        advice = "For small pictures there are resnet(depth=20) and wide_resnet(depth=28, width=10)."
    else:
        advice = f'Write "{meant}".' if meant else f"Is it {near}?" if near else ""
    raise SpecError(
        f"`application.name` must be the name of a network of keras.applications, one of {', '.join(APPLICATIONS)}. "
        f"Received: name={name!r}. {advice}".rstrip()
    )


def _weights(maker: str, weights: Any) -> str | WeightsFile | None:
    """Return where pretrained weights come from, a path as an absolute one."""
    if weights is None:
        return None
    if isinstance(weights, str) and weights == "imagenet":
        return "imagenet"
    if not isinstance(weights, str | Path) or not str(weights).strip():
        raise SpecError(f'`{maker}.weights` must be "imagenet", a path or None. Received: weights={weights!r}.')
    if str(weights).lower() == "imagenet" or "://" in str(weights):
        raise SpecError(
            f'`{maker}.weights` must be "imagenet", in small letters, the path of a file on this machine, or None. '
            f"Received: weights={weights!r}."
        )
    return WeightsFile(str(Path(weights).expanduser().absolute()))


def _trainable(trainable: Any, *, random: bool) -> int | str | tuple[str, ...]:
    """Return how many layers are trained, how their names begin, or "all"; a tuple of one name is that name."""
    if trainable is None:
        return "all" if random else 0
    if isinstance(trainable, bool):
        trainable = "all" if trainable else 0
    several = (trainable,) if isinstance(trainable, str) else trainable
    if isinstance(several, list | tuple) and several and all(isinstance(one, str) and one.strip() for one in several):
        found: int | str | tuple[str, ...] = several[0] if len(several) == 1 else tuple(several)
        found = "all" if "all" in several else found
    elif isinstance(trainable, Integral):
        found = whole("application.trainable", trainable, least=0, most=MOST_LAYERS)
    else:
        raise SpecError(
            '`application.trainable` must be how the names of layers begin, such as "block5" or ("block7", "top"), a '
            f'number of last layers, "all" or None. Received: trainable={trainable!r}.'
        )
    if random and found != "all":
        raise SpecError(
            "`application(weights=None)` starts at random, so all its layers must be trained. "
            f'Received: trainable={trainable!r}. Leave it out, or use weights="imagenet".'
        )
    return found


def _batch_norm(batch_norm: Any, *, random: bool) -> str:
    found: str = one_of("application.batch_norm", batch_norm, ("frozen", "trained", None))
    if random and found == "frozen":
        raise SpecError(
            "`application(weights=None)` starts at random, so its batch normalisation must be trained. "
            f"Received: batch_norm={batch_norm!r}. Leave it out."
        )
    return found or ("trained" if random else "frozen")


def _alpha(known: Application, alpha: Any, weights: str | WeightsFile | None) -> float | None:
    """Return the factor of the filters; None for networks that have none."""
    if not known.alphas:
        if alpha is not None:
            raise SpecError(
                f"`application.alpha` is the factor of the filters of the MobileNets. Received: alpha={alpha!r} for "
                f"{known.name}. Leave it out."
            )
        return None
    factor = 1.0 if alpha is None else number("application.alpha", alpha, above=0, most=10)
    if weights == "imagenet" and factor not in known.alphas:
        raise SpecError(
            f"`application.alpha` must be one for which there are weights: {', '.join(map(str, known.alphas))} for "
            f"{known.name}. Received: alpha={alpha!r}. Or use weights=None."
        )
    return factor
