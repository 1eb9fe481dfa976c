"""Metrics of the training rows, computed in the graph that trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from cnnjobs.spec.metrics import IN_TRAINING, TOP


@dataclass(frozen=True)
class TrainedRows:
    """What a step knows of its rows.

    Args:
        labels: (rows,) int32.
        outputs: (rows, classes) float32, probabilities or logits.
        probabilities: (rows, classes) float32.
        losses: (rows,) float32, cross-entropy.
    """

    labels: Any
    outputs: Any
    probabilities: Any
    losses: Any


def _accuracy(rows: TrainedRows) -> Any:
    right = tf.equal(tf.argmax(rows.outputs, axis=1, output_type=rows.labels.dtype), rows.labels)
    return tf.cast(right, tf.float32)


def _top5_accuracy(rows: TrainedRows) -> Any:
    return tf.cast(tf.math.in_top_k(rows.labels, rows.outputs, TOP), tf.float32)


def _squared_error(rows: TrainedRows) -> Any:
    truth = tf.one_hot(rows.labels, rows.probabilities.shape[1])
    return tf.reduce_mean(tf.math.squared_difference(rows.probabilities, truth), axis=1)


OF_ROWS: Mapping[str, Callable[[TrainedRows], Any]] = {
    "loss": lambda rows: rows.losses,
    "accuracy": _accuracy,
    "mse": _squared_error,
    "top5_accuracy": _top5_accuracy,
}
"""Name of each metric that is followed over the training rows -> its value for each row, (rows,) float32."""


def row_metrics(rows: TrainedRows) -> Any:
    """Return each metric of each row, (metrics, rows) float32, in the order of `IN_TRAINING`."""
    return tf.stack([OF_ROWS[name](rows) for name in IN_TRAINING])
