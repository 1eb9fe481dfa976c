"""Metrics of the training rows, computed in the graph that trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from cnnjobs.spec.metrics import IN_TRAINING, TOP
from cnnjobs.training.augmentation.mixing import Mixed


@dataclass(frozen=True)
class TrainedRows:
    """What a step knows of its rows.

    Args:
        labels: (rows,) int32.
        outputs: (rows, classes) float32, probabilities or logits.
        probabilities: (rows, classes) float32.
        losses: (rows,) float32, cross-entropy.
        mixed: what else their labels are where images are mixed; () where none are.
    """

    labels: Any
    outputs: Any
    probabilities: Any
    losses: Any
    mixed: Mixed | tuple[()] = ()

    def by_label(self, value: Callable[[Any], Any]) -> Any:
        """Return what a function of labels gives, (rows,): for mixed rows the mean over both labels, by their shares.

        Args:
            value: labels (rows,) -> (rows,) float32.
        """
        own = value(self.labels)
        return self.mixed.of_both(own, value(self.mixed.labels)) if self.mixed else own

    def targets(self) -> Any:
        """Return the labels as probabilities, (rows, classes) float32."""
        classes = self.probabilities.shape[1]
        return self.mixed.targets(self.labels, classes) if self.mixed else tf.one_hot(self.labels, classes)


def _accuracy(rows: TrainedRows) -> Any:
    predicted = tf.argmax(rows.outputs, axis=1, output_type=rows.labels.dtype)
    return rows.by_label(lambda labels: tf.cast(tf.equal(predicted, labels), tf.float32))


def _top5_accuracy(rows: TrainedRows) -> Any:
    return rows.by_label(lambda labels: tf.cast(tf.math.in_top_k(labels, rows.outputs, TOP), tf.float32))


def _squared_error(rows: TrainedRows) -> Any:
    return tf.reduce_mean(tf.math.squared_difference(rows.probabilities, rows.targets()), axis=1)


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
