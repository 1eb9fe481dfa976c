"""What a step of training minimises, and what is told of its rows."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from cnnjobs.spec import Loss, LossFunction
from cnnjobs.spec.metrics import FOLLOWED
from cnnjobs.training.losses import Judged, row_losses
from cnnjobs.training.metrics import TrainedRows, row_metrics


class Objective:
    """The loss of a network's outputs, with what its layers and weights add.

    Args:
        model: the network.
        replicas: how many train together.
        gives_logits: whether its `trained_columns` are logits, else they are probabilities.
        loss: what is minimised; None for cross-entropy.
        weighted: whether the sample weight of a row may be another than 1.
    """

    def __init__(
        self, model: keras.Model, replicas: int, *, gives_logits: bool, loss: Loss | None, weighted: bool
    ) -> None:
        self._model, self._replicas, self._gives_logits, self._loss = model, replicas, gives_logits, loss
        self._is_plain = loss is None and not weighted

    def losses(self, outputs: Any, shard: Any) -> Any:
        """Return the cross-entropy of each row, (rows,) float32, whatever is minimised.

        Args:
            outputs: (rows, classes) float32, of the network.
            shard: the rows, a `Shard`.
        """
        if shard.mixed:
            targets = _targets(shard, outputs)
            return keras.losses.categorical_crossentropy(targets, outputs, from_logits=self._gives_logits)
        return keras.losses.sparse_categorical_crossentropy(shard.labels, outputs, from_logits=self._gives_logits)

    def of_shard(self, outputs: Any, losses: Any, shard: Any) -> tuple[Any, Any]:
        """Return the losses of the rows in sum, (), and what is added to their mean, (); call the network just before.

        A replica minimises `losses / shard.step_rows + added`. The loss of a row counts by its sample weight; a row
        that is masked counts nowhere. Losses are divided by the rows of the whole step, so a row weighs the same in any
        shard; losses that layers add, means over their shard, count by the rows of the shard; the regularization of
        weights is divided by the replicas, because their gradients are added.

        Args:
            outputs: (rows, classes) float32, of the network.
            losses: (rows,) cross-entropy of each row.
            shard: the rows, a `Shard`.
        """
        if self._loss is not None:
            targets = functools.partial(_targets, shard, outputs)
            losses = row_losses(self._loss, Judged(shard.labels, targets, outputs, self._gives_logits))
        added = 0.0
        regularization = self._model._get_regularization_losses()
        if regularization:
            added += tf.add_n(regularization) / self._replicas
        own = self._model.losses[: len(self._model.losses) - len(regularization)]
        if own:  # of layers: means over the shard
            added += tf.add_n(own) * tf.reduce_sum(shard.row_mask) / shard.step_rows
        return tf.reduce_sum(losses * shard.sample_weights * shard.row_mask), added

    def check_gradients(self, gradients: Sequence[Any]) -> None:
        """Refuse a function of the user's that depends on no weight.

        Args:
            gradients: of each trainable weight; None for none.

        Raises:
            ValueError: if all are None.
        """
        if isinstance(self._loss, LossFunction) and gradients and all(one is None for one in gradients):
            raise ValueError(
                f"`loss`: {self._loss.function.__name__}() must have a gradient. Received: one that no weight changes. "
                "Compute it from `outputs` by operations that have one: not by argmax, comparisons or rounding, nor in "
                "NumPy."
            )

    def followed(self, outputs: Any, losses: Any, objective: tuple[Any, Any], shard: Any) -> Any:
        """Return the sum of each metric over the rows, (metrics,) float32, in the order of `FOLLOWED`.

        Metrics are of the rows as they are, without sample weights; of a mixed row they are the mean over both of its
        labels by their shares, the mean squared error that from the mixed label. The objective counts for each row of
        the step: its sum over replicas and steps, divided by the rows of the epoch, is its mean over these. Where plain
        losses are minimised, their sum is that of the metric: XLA would add them in another order if it did so twice.

        Args:
            outputs: (rows, classes) float32, of the network.
            losses: (rows,) cross-entropy of each row.
            objective: what `of_shard` returned.
            shard: the rows, a `Shard`.
        """
        probabilities = tf.nn.softmax(outputs) if self._gives_logits else outputs
        of_rows = row_metrics(TrainedRows(shard.labels, outputs, probabilities, losses, shard.mixed))
        told = tf.linalg.matvec(of_rows, shard.row_mask)
        losses_in_sum, added = objective
        if self._is_plain:
            losses_in_sum = told[FOLLOWED.index("loss")]
        return tf.concat([told, [losses_in_sum + added * shard.step_rows]], axis=0)


def _targets(shard: Any, outputs: Any) -> Any:
    """Return the labels as probabilities, (rows, classes) float32; soft ones where images are mixed."""
    classes = outputs.shape[1]
    return shard.mixed.targets(shard.labels, classes) if shard.mixed else tf.one_hot(shard.labels, classes)
