"""What a step of training minimises, and what is told of its rows."""

from typing import Any

import keras
import tensorflow as tf

from cnnjobs.training.metrics import TrainedRows, row_metrics


class Objective:
    """The loss of a network's outputs, with what its layers and weights add.

    Args:
        model: the network.
        replicas: how many train together.
        gives_logits: whether its `trained_columns` are logits, else they are probabilities.
    """

    def __init__(self, model: keras.Model, replicas: int, *, gives_logits: bool) -> None:
        self._model, self._replicas, self._gives_logits = model, replicas, gives_logits

    def losses(self, outputs: Any, shard: Any) -> Any:
        """Return the loss of each row, (rows,) float32.

        Args:
            outputs: (rows, classes) float32, of the network.
            shard: the rows, a `Shard`.
        """
        if shard.mixed:
            targets = shard.mixed.targets(shard.labels, outputs.shape[1])
            return keras.losses.categorical_crossentropy(targets, outputs, from_logits=self._gives_logits)
        return keras.losses.sparse_categorical_crossentropy(shard.labels, outputs, from_logits=self._gives_logits)

    def of_shard(self, losses: Any, shard: Any) -> Any:
        """Return what a replica minimises, (), right after the network has been called.

        The loss of a row counts by its sample weight; a row that is masked counts nowhere. The loss is divided by the
        rows of the whole step, so a row weighs the same in any shard; losses that layers add, means over their shard,
        count by the rows of the shard; the regularization of weights is divided by the replicas, because their
        gradients are added.

        Args:
            losses: (rows,) of each row.
            shard: the rows, a `Shard`.
        """
        objective = tf.reduce_sum(losses * shard.sample_weights * shard.row_mask) / shard.step_rows
        regularization = self._model._get_regularization_losses()
        if regularization:
            objective += tf.add_n(regularization) / self._replicas
        own = self._model.losses[: len(self._model.losses) - len(regularization)]
        if own:  # of layers: means over the shard
            objective += tf.add_n(own) * tf.reduce_sum(shard.row_mask) / shard.step_rows
        return objective

    def followed(self, outputs: Any, losses: Any, objective: Any, shard: Any) -> Any:
        """Return the sum of each metric over the rows, (metrics,) float32, in the order of `FOLLOWED`.

        Metrics are of the rows as they are, without sample weights; of a mixed row they are the mean over both of its
        labels by their shares, the mean squared error that from the mixed label. The objective counts for each row of
        the step: its sum over replicas and steps, divided by the rows of the epoch, is its mean over these.

        Args:
            outputs: (rows, classes) float32, of the network.
            losses: (rows,) of each row.
            objective: () of the shard.
            shard: the rows, a `Shard`.
        """
        probabilities = tf.nn.softmax(outputs) if self._gives_logits else outputs
        of_rows = row_metrics(TrainedRows(shard.labels, outputs, probabilities, losses, shard.mixed))
        return tf.concat([tf.linalg.matvec(of_rows, shard.row_mask), [objective * shard.step_rows]], axis=0)
