"""Training losses as values: cross-entropy with label smoothing, focal loss, or a user's function."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, one_of
from cnnjobs.spec.functions import UserFunction

NUMBERS, ONE_HOT = "numbers", "one-hot"
PROBABILITIES, LOGITS = "probabilities", "logits"


@arguments_named
@dataclass(frozen=True, kw_only=True)
class CrossEntropy:
    """Cross-entropy with label smoothing (Szegedy et al., 2016); without smoothing it is a variant's default loss.

    With smoothing s and k classes, the target of the label is 1 - s + s / k and that of every other class s / k, as in
    `keras.losses.CategoricalCrossentropy(label_smoothing=s)`; with two classes the targets are 1 - s / 2 and s / 2.

    Args:
        label_smoothing: s, at least 0 and below 1; Szegedy et al. use 0.1.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import CrossEntropy, Variant, vgg
        >>> smoothed = Variant(model=vgg(), loss=CrossEntropy(label_smoothing=0.1))
        >>> smoothed.but(loss=CrossEntropy()).loss is None
        True
    """

    kind: ClassVar[str] = "CrossEntropy"

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        as_float(self, "label_smoothing", least=0, below=1)


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Focal:
    """Focal loss (Lin et al., 2017) of several classes: the better a row is predicted, the less it counts.

    The loss of a row is the sum over classes of -alpha target (1 - p)^gamma log p, as in
    `keras.losses.CategoricalFocalCrossentropy`, where `alpha` is 0.25 by default.

    Args:
        gamma: exponent, at least 0; 0 is cross-entropy, Lin et al. use 2.
        alpha: factor of the loss of every row, above 0; for `SGD` it acts like a factor of the learning rate. For a
            weight per class, use `class_weight` of the variant.
        label_smoothing: smoothing of the targets, as in `CrossEntropy`.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Focal, Variant, vgg
        >>> Variant(model=vgg(), loss=Focal(gamma=2.0), class_weight="balanced").loss
        Focal(gamma=2.0, alpha=1.0, label_smoothing=0.0)
        >>> Focal(alpha=[0.25, 0.75])
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `Focal.alpha` must be one number for all classes. ... class_weight={"cat": 0.25, ...}.
    """

    kind: ClassVar[str] = "Focal"

    gamma: float = 2.0
    alpha: float = 1.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        given: object = self.alpha
        if isinstance(given, list | tuple | dict) or getattr(given, "shape", ()) != ():
            raise SpecError(
                f"`Focal.alpha` must be one number for all classes. Received: alpha={given!r}. Give weights a class to "
                'the variant: class_weight={"cat": 0.25, ...}.'
            )
        as_float(self, "gamma", least=0)
        as_float(self, "alpha", above=0)
        as_float(self, "label_smoothing", least=0, below=1)


@dataclass(frozen=True)
class LossFunction(UserFunction):
    """A loss that is computed by a user's function; made by `loss()`.

    Args:
        function: is called as `function(labels, outputs, **options)` and returns the loss of each row.
        options: hyperparameters of the function; part of the trial's identity.
        of: type of `outputs`, "probabilities" or "logits".
        labels: type of `labels`, "numbers" or "one-hot".
    """

    kind: ClassVar[str] = "LossFunction"
    maker: ClassVar[str] = "loss"
    role: ClassVar[str] = "loss"
    arguments: ClassVar[tuple[str, ...]] = ("labels", "outputs")

    of: str = PROBABILITIES
    labels: str = NUMBERS

    def __post_init__(self) -> None:
        one_of("loss.of", self.of, (PROBABILITIES, LOGITS))
        one_of("loss.labels", self.labels, (NUMBERS, ONE_HOT))
        _refuse_from_library(self.function)
        super().__post_init__()


@arguments_named
def loss(
    function: Callable[..., Any], *, of: str = PROBABILITIES, labels: str = NUMBERS, **options: Any
) -> LossFunction:
    """Return a loss of your own: `loss(margin, of="logits", width=1.0)`.

    Args:
        function: a `def` that is called as `function(labels, outputs, **options)` with tensors of some rows of a step,
            and returns the loss of each row, (rows,) float32, computed by operations of TensorFlow or Keras. A row's
            loss must not depend on other rows, because a step is divided into shards. Import TensorFlow or Keras inside
            the function.
        of: type of `outputs`, (rows, classes) float32: "probabilities", which sum to 1, or "logits", which softmax
            turns into probabilities; either works, whatever the last layer of the network is.
        labels: type of `labels`: "numbers", (rows,) int32 from 0 in the order of the class names, or "one-hot", (rows,
            classes) float32 that sum to 1. Only one-hot labels can be soft, which `MixUp` and `CutMix` need.
        **options: hyperparameters of the function, by name. The function and its options are part of a trial's
            identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way. Its return value is checked before
            training starts: a single value for all rows, or another shape, is refused.

    Example:
        >>> from cnnjobs import Variant, loss, vgg
        >>> def squared(labels, outputs):
        ...     import tensorflow as tf
        ...     return tf.reduce_sum(tf.math.squared_difference(labels, outputs), axis=1)
        >>> brier = Variant(model=vgg(), loss=loss(squared, labels="one-hot"))
        >>> brier.loss.of
        'probabilities'
    """
    made: LossFunction = LossFunction(function, options, of=of, labels=labels)
    return made


LOSSES = (CrossEntropy, Focal, LossFunction)
"""All of them."""

Loss = CrossEntropy | Focal | LossFunction

EXPECTED = "CrossEntropy(...), Focal(...), loss(function, ...), a function, or None for cross-entropy"


def checked_loss(value: Any) -> Loss | None:
    """Return the loss of a variant; None for cross-entropy without label smoothing, however it was given.

    Raises:
        SpecError: for anything else, with an alternative if one is known.
    """
    if isinstance(value, FunctionType) and not _library_of(value):
        return LossFunction(value)
    if value is None or value == CrossEntropy():
        return None
    if isinstance(value, LOSSES):
        return value
    hint = f" Write {value.__name__}(...)." if value in (CrossEntropy, Focal) else _instead(value)
    raise SpecError(f"`loss` must be {EXPECTED}. Received: loss={value!r}.{hint}")


CROSS_ENTROPIES = {
    *("crossentropy", "cross_entropy", "ce", "categorical_crossentropy", "sparse_categorical_crossentropy"),
    *("categorical_cross_entropy", "sparse_categorical_cross_entropy", "cross_entropy_loss", "log_loss", "nll_loss"),
    *("softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits"),
}
FOCALS = {"focal", "focal_loss", "categorical_focal_crossentropy", "sigmoid_focal_crossentropy"}
OF_TWO = {"binary_crossentropy", "binary_cross_entropy", "bce", "bce_loss", "bce_with_logits_loss"}
FOCALS_OF_TWO = {"binary_focal_crossentropy"}


def _instead(value: Any) -> str:
    """Return what to use in the place of what other libraries call a loss; nothing for what is none."""
    library = _library_of(value)
    if not isinstance(value, str) and not library and not hasattr(value, "reduction"):
        return ""
    called = value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", called).lower()
    name = name.replace("-", "_").removesuffix("_v2")
    settings = value.get_config() if hasattr(value, "get_config") and not isinstance(value, type) else {}
    smoothing = settings.get("label_smoothing") or getattr(value, "label_smoothing", 0)
    smoothed = f"label_smoothing={smoothing}" if smoothing else ""
    if name in OF_TWO | FOCALS_OF_TWO:
        focal = f"Focal(gamma={settings.get('gamma', 2.0)})"
        use = focal if name in FOCALS_OF_TWO else f"CrossEntropy({smoothed})"
        return f" Use {use}: of two classes that is the same."
    if name in CROSS_ENTROPIES:
        return f" Use CrossEntropy({smoothed}): labels may be of any form."
    if name in FOCALS:
        given = [f"{key}={settings[key]}" for key in ("gamma", "alpha") if isinstance(settings.get(key), int | float)]
        return f" Use Focal({', '.join([*(given or ['gamma=2.0']), *([smoothed] if smoothed else [])])})."
    if isinstance(value, str):
        own = re.sub(r"\W", "_", name)
        return f' Use a function of your own for another loss: loss({own}, labels="one-hot").'
    of_keras = library in ("keras", "tf_keras")
    made = "" if isinstance(value, FunctionType) else "(reduction=None)"
    call = f"{'keras.losses.' if of_keras else ''}{called}{made}"
    return (
        " Use a function that calls it, with the loss of each row: def own(labels, outputs): "
        f'{"import keras; " if of_keras else ""}return {call}(labels, outputs); and loss(own, labels="one-hot").'
    )


def _library_of(value: Any) -> str:
    """Return the library that a function, a class or an object is of, where it is one that has losses."""
    module = getattr(value, "__module__", None) or type(value).__module__
    top = str(module).partition(".")[0]
    return top if top in ("keras", "tf_keras", "tensorflow", "torch", "torchvision") else ""


def _refuse_from_library(function: Any) -> None:
    if _library_of(function) or hasattr(function, "reduction"):
        raise SpecError(f"`loss(function)` must be a function of yours. Received: {function!r}.{_instead(function)}")
