"""What comes out of a network, and how it becomes one column per class."""

from enum import Enum
from typing import Any

import keras
import tensorflow as tf


class Outputs(Enum):
    """What a network gives for a picture; one unit, of two classes, speaks of the second."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"
    ONE_PROBABILITY = "the probability"
    ONE_LOGIT = "the logit"

    @property
    def of_one_unit(self) -> bool:
        """Whether a single unit stands for two classes."""
        return self in (Outputs.ONE_PROBABILITY, Outputs.ONE_LOGIT)

    @property
    def trains_on_logits(self) -> bool:
        """Whether `trained_columns` are logits, else they are probabilities."""
        return self is not Outputs.PROBABILITIES


def trained_columns(outputs: Any, kind: Outputs) -> Any:
    """Return what a loss is computed from, (rows, classes): outputs as they are, but of one unit the logits [0, z].

    The softmax of [0, z] is [1 - p, p] with p = sigmoid(z). The logit of a sigmoid is what the sigmoid was applied to,
    where that is known: of a probability near 0 or 1 no digits are left.

    Args:
        outputs: (rows, classes or 1) float32, right from the network.
        kind: what they are.
    """
    if not kind.of_one_unit:
        return outputs
    logit = outputs if kind is Outputs.ONE_LOGIT else _logit_of(outputs)
    return tf.concat([tf.zeros_like(logit), logit], axis=-1)


def class_probabilities(outputs: Any, kind: Outputs) -> Any:
    """Return (rows, classes) probabilities; of symbolic tensors too.

    Args:
        outputs: (rows, classes or 1) float32, of the network.
        kind: what they are.
    """
    if kind is Outputs.LOGITS:
        return keras.ops.softmax(outputs)
    if kind is Outputs.ONE_LOGIT:
        return keras.ops.softmax(keras.ops.concatenate([keras.ops.zeros_like(outputs), outputs], axis=-1))
    if kind is Outputs.ONE_PROBABILITY:
        return keras.ops.concatenate([1 - outputs, outputs], axis=-1)
    return outputs


def _logit_of(probability: Any) -> Any:
    """Return log(p / (1 - p)) of the probabilities that a graph has made."""
    logit = getattr(probability, "_keras_logits", None)  # as Keras's own losses find it
    if logit is None and not tf.executing_eagerly() and probability.op.type == "Sigmoid":
        logit = probability.op.inputs[0]
    if logit is not None:
        return tf.cast(logit, tf.float32)
    epsilon = keras.config.epsilon()
    inside = tf.clip_by_value(probability, epsilon, 1 - epsilon)
    return tf.math.log(inside) - tf.math.log1p(-inside)
