"""The loss of each row that a variant minimises, computed in the graph that trains."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from cnnjobs.spec import CrossEntropy, Focal, Loss, LossFunction
from cnnjobs.spec.losses import LOGITS, ONE_HOT
from cnnjobs.wording.labels import listed


@dataclass(frozen=True)
class Judged:
    """Rows and what a network says of them.

    Args:
        labels: (rows,) int32, whole numbers; of mixed images those of a row's own.
        targets: makes the labels as probabilities, (rows, classes) float32, which sum to 1.
        outputs: (rows, classes) float32, probabilities or logits.
        gives_logits: which of both.
    """

    labels: Any
    targets: Callable[[], Any]
    outputs: Any
    gives_logits: bool

    @property
    def probabilities(self) -> Any:
        """(rows, classes) float32."""
        return tf.nn.softmax(self.outputs) if self.gives_logits else self.outputs

    @cached_property
    def logits(self) -> Any:
        """(rows, classes) float32; of probabilities what softmax was applied to, where that is known."""
        if self.gives_logits:
            return self.outputs
        logits = getattr(self.outputs, "_keras_logits", None)  # as Keras's own losses find it
        if logits is None and not tf.executing_eagerly() and self.outputs.op.type == "Softmax":
            logits = self.outputs.op.inputs[0]
        if logits is not None:
            return tf.cast(logits, tf.float32)
        return tf.math.log(tf.clip_by_value(self.outputs, keras.config.epsilon(), 1.0))


def row_losses(spec: Loss, rows: Judged) -> Any:
    """Return the loss of each row, (rows,) float32.

    Args:
        spec: what the variant minimises.
        rows: and what the network says of them.

    Raises:
        ValueError: if a function of the user's returns anything else.
    """
    if isinstance(spec, CrossEntropy):
        return keras.losses.categorical_crossentropy(
            rows.targets(), rows.outputs, from_logits=rows.gives_logits, label_smoothing=spec.label_smoothing
        )
    return _focal(spec, rows) if isinstance(spec, Focal) else _own(spec, rows)


def _focal(spec: Focal, rows: Judged) -> Any:
    """Return the focal loss, computed from logits: of a probability near 0 its logarithm has no digits left.

    Probabilities are clipped as Keras does, so that the derivative of the power is finite at 1.
    """
    targets, epsilon = rows.targets(), keras.config.epsilon()
    classes = targets.shape[1]
    smoothed = targets * (1 - spec.label_smoothing) + spec.label_smoothing / classes
    logarithms = tf.nn.log_softmax(rows.logits)
    away = 1 - tf.clip_by_value(tf.exp(logarithms), epsilon, 1 - epsilon)
    return -spec.alpha * tf.reduce_sum(smoothed * tf.pow(away, spec.gamma) * logarithms, axis=1)


def _own(spec: LossFunction, rows: Judged) -> Any:
    """Return what a function of the user's returns, which must be a value a row."""
    labels = rows.targets() if spec.labels == ONE_HOT else rows.labels
    outputs = rows.logits if spec.of == LOGITS else rows.probabilities
    returned = spec.function(labels, outputs, **spec.options)
    name = spec.function.__name__
    if returned is None or isinstance(returned, str | bytes | dict | list | tuple):
        what = "Does it end with `return`?" if returned is None else "Return a tensor."
        raise ValueError(f"{_expected(name)} Received: {_described(returned)}. {what}")
    losses = tf.convert_to_tensor(returned)
    if not losses.dtype.is_floating:
        raise ValueError(
            f"{_expected(name)} Received: {losses.dtype.name}, which has no gradient. Use operations that have one, "
            "not comparisons or argmax."
        )
    _refuse_shape(name, losses.shape, outputs.shape)
    return tf.reshape(tf.cast(losses, tf.float32), tf.shape(rows.labels))


def _refuse_shape(name: str, shape: Any, of_outputs: Any) -> None:
    """Raise a ValueError for what is not (rows,) or (rows, 1)."""
    expected, classes = _expected(name), of_outputs[1]
    if shape.rank is None or (shape.rank == 2 and shape[1] == 1):
        return
    if shape.rank == 0:
        raise ValueError(
            f"{expected} Received: one value for all of them. Leave the mean or sum over rows out, or take it over "
            "classes: axis=-1, and reduction=None of a loss of Keras's."
        )
    if shape.rank > 1:
        raise ValueError(f"{expected} Received: {_shown(shape)}. Take the sum or mean over classes: axis=-1.")
    if shape[0] is not None and shape[0] != of_outputs[0]:
        over = " Take the sum or mean over classes, axis=-1, not over rows." if shape[0] == classes else ""
        raise ValueError(f"{expected} Received: {_shown(shape)} for {_shown(of_outputs)} outputs.{over}")


def _expected(name: str) -> str:
    return f"`loss`: {name}() must return the loss of each row, (rows,)."


def _described(returned: Any) -> str:
    return "None" if returned is None else f"a {type(returned).__name__}"


def _shown(shape: Any) -> str:
    sizes = ["rows" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def check_alone(spec: LossFunction, labels: Any, probabilities: Any) -> None:
    """Refuse a loss that is not the same for a row alone as for it among others.

    Args:
        spec: a function of the user's.
        labels: (rows,) int32, at least two rows.
        probabilities: (rows, classes) float32, of real pictures.

    Raises:
        ValueError: if it is another, or not finite.
    """

    def losses(rows: slice) -> Any:
        own, outputs = tf.constant(labels[rows]), tf.constant(probabilities[rows])
        targets = tf.one_hot(own, outputs.shape[1])
        return row_losses(spec, Judged(own, lambda: targets, outputs, gives_logits=False)).numpy()

    name, together = spec.function.__name__, losses(slice(None))
    odd = sorted({str(float(one)) for one in together if not abs(float(one)) < float("inf")})
    if odd:
        raise ValueError(
            f"`loss`: {name}() must return finite numbers. Received: {listed(odd)} for outputs of the fresh network. "
            "Keep logarithms and divisions away from 0: tf.clip_by_value(outputs, 1e-7, 1.0)."
        )
    for row, value in enumerate(together.tolist()):
        alone = float(losses(slice(row, row + 1))[0])
        if abs(alone - value) > 1e-4 * max(abs(alone), abs(value), 1e-3):
            raise ValueError(
                f"`loss`: {name}() must return for each row what it returns for the row alone. Received: {value:.6g} "
                f"among {len(together)} rows and {alone:.6g} alone. Replicas and the last step have other rows: leave "
                "sums, means and maxima over rows, and random numbers, out."
            )
