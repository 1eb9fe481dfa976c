"""Variables that all replicas have alike, changed on each in the same way."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def variable_like(weight: keras.Variable, name: str) -> keras.Variable:
    """Return a new variable, zero, of the shape and dtype of a weight; call it in the scope of the strategy."""
    return keras.Variable(tf.zeros(weight.shape, weight.dtype), dtype=weight.dtype, trainable=False, name=name)


def summed_over_replicas(gradients: Sequence[Any]) -> list[Any]:
    """Return the sums over replicas of tensors, on a replica; None stays None."""
    context = tf.distribute.get_replica_context()
    there = [one for one in gradients if one is not None]
    sums = iter(context.all_reduce("SUM", there) if there else [])
    return [None if one is None else next(sums) for one in gradients]


def change_mirrored(pairs: Sequence[tuple[keras.Variable, Any]], change: Callable[[Any, Any], Any]) -> None:
    """Call `change(variable, value)` for each pair on each device, on a replica.

    Args:
        pairs: a variable, and what it is changed with: a tensor that is equal on all replicas, or another variable.
        change: what is done to the part of a variable on a device.
    """

    def on_all(strategy: tf.distribute.Strategy, values: Sequence[Any]) -> None:
        for (variable, _), value in zip(pairs, values, strict=True):
            strategy.extended.update(variable.value, change, args=(value,), group=False)

    values = [value.value if isinstance(value, keras.Variable) else value for _, value in pairs]
    tf.distribute.get_replica_context().merge_call(on_all, args=(values,))
