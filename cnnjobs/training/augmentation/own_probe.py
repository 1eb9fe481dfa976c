"""Looks at a transform of the user's before it is used: whether it is a function of an image and its seed alone."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.spec import OwnTransform
from cnnjobs.training.augmentation.own import called
from cnnjobs.wording.sentences import clause

ALIKE = 1e-4
"""How far values of two batches may be apart by the order of operations; pixels are in [0, 1]."""

FAR = 20
"""Pixels larger than that are taken for ones of 0 to 255."""

SEEDS = 4
"""How many seeds must make the same of all images until the transform is taken for one that uses none."""

PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")

STATES = ("VarHandleOp", "ReadVariableOp", "AssignVariableOp", "RngReadAndSkip", "RngSkip")

DRAWS = (
    "RandomUniform",
    "RandomUniformInt",
    "RandomStandardNormal",
    "RandomShuffle",
    "RandomGamma",
    "RandomPoisson",
    "RandomPoissonV2",
    "TruncatedNormal",
    "ParameterizedTruncatedNormal",
    "Multinomial",
    "SampleDistortedBoundingBox",
    "SampleDistortedBoundingBoxV2",
)


def check_own(spec: OwnTransform, stored: NDArray[np.generic]) -> list[str]:
    """Return what may be a mistake in a transform of the user's.

    Args:
        spec: the function.
        stored: (n, height, width, channels) a few training images, uint8 or float32 in [0, 1].

    Raises:
        TypeError: if it returns something else than such images.
        ValueError: if it cannot be traced, or what it makes of an image does not hang on that image and its seed alone.
    """
    name = spec.function.__name__
    images = stored.astype(np.float32) / np.float32(255 if stored.dtype == np.uint8 else 1)
    before = _drawn_so_far()
    made = _traced(spec, images)
    drawn, again = _drawn_so_far() != before, _traced(spec, images)
    for wrong in _wrong_operations(made.graph.as_graph_def()):
        raise ValueError(f"{name}() {wrong}")
    seeds = np.random.default_rng(0).integers(-(2**31), 2**31, (SEEDS + 1, len(images), 2)).astype(np.int32)
    first = _made(made, images, seeds[0])
    if not np.isfinite(first).all():
        raise ValueError(f"{name}() must return finite numbers. Received: NaN or infinite values.")
    if np.abs(first).max() > FAR:
        raise ValueError(
            f"{name}() must return pixels in [0, 1], as it is given them. Received: {_range(first)}. Divide by 255 at "
            "its end."
        )
    if drawn or _differ(first, _made(again, images, seeds[0])):
        raise ValueError(
            f"{name}() draws with Python or NumPy while it is traced, once, so that all images and epochs would get "
            "the same. Draw with tf.random.stateless_uniform(shape, seed) and the `seeds` it is given."
        )
    backwards = _made(made, images[::-1], seeds[0][::-1])[::-1]
    alone = _made(made, images[1:2], seeds[0][1:2])
    if _differ(first, backwards) or _differ(first[1:2], alone):
        raise ValueError(
            f"{name}() must make of an image what depends on that image and its row of `seeds` alone, because batches "
            "are cut differently on several devices. Received: images that become others among other images. Transform "
            "one at a time: tf.map_fn(one, (images, seeds), fn_output_signature=tf.float32)."
        )
    return list(_notes(name, first, [_made(made, images, other) for other in seeds[1:]]))


def _notes(name: str, made: NDArray[np.float32], others: list[NDArray[np.float32]]) -> Iterator[str]:
    if not any(_differ(made, other) for other in others):
        yield f"its transform {name}() does the same to an image in every epoch: does it use `seeds`?"
    if made.max() > 2 or made.min() < -1:
        yield f"its transform {name}() returns pixels of {_range(made)}, which are clipped to [0, 1]"


def _traced(spec: OwnTransform, images: NDArray[np.float32]) -> Any:
    """Return the function as a graph, for any number of images.

    Raises:
        TypeError: if it returns something else than such images.
        ValueError: if it cannot be traced.
    """
    signature = (tf.TensorSpec([None, *images.shape[1:]], tf.float32), tf.TensorSpec([None, 2], tf.int32))
    graph = tf.function(lambda *given: called(spec, *given), input_signature=signature, autograph=False)
    try:
        return graph.get_concrete_function()
    except Exception as error:  # the user's function may raise anything
        advice = _advice(error)
        if not advice:
            raise
        first = clause(str(error).partition(". ")[0])  # what follows advises to switch AutoGraph on
        told = f"{spec.function.__name__}() cannot be traced into a TensorFlow graph ({first}). {advice}"
        raise ValueError(told).with_traceback(error.__traceback__) from error


def _advice(error: Exception) -> str:
    """Return what to do about an error of tracing; empty if that is not known."""
    text = str(error).lower()
    if "symbolic" in text and ("numpy" in text or "array" in text):
        return "Use operations of TensorFlow instead of NumPy's or another library's."
    if "python `bool`" in text or "as a python bool" in text or "iterating over a symbolic" in text:
        return "Use tf.where or tf.cond instead of `if`, and tf.map_fn instead of `for` over tensors."
    if "require a seed to be set" in text:
        return (
            "Draw with tf.random.stateless_uniform(shape, seed) or tf.image.stateless_random_... and the `seeds` that "
            "it is given."
        )
    if "singleton tf.variable" in text or ("variable" in text and "created" in text):
        return "Layers that hold variables or generators cannot be made in it: use functions such as tf.image's."
    return ""


def _drawn_so_far() -> tuple[Any, ...]:
    """Return the states of the global generators of Python and NumPy."""
    name, keys, *rest = np.random.get_state()
    return random.getstate(), name, np.asarray(keys).tobytes(), tuple(rest)


def _wrong_operations(graph: Any) -> Iterator[str]:
    """Yield what is wrong with operations of a graph or of functions in it."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    found = {node.op for node in nodes}
    for operation in sorted(found):
        if operation in PYTHON:
            yield (
                "calls Python from the graph (tf.py_function or tf.numpy_function), of which TensorFlow knows neither "
                "seed nor shape. Use operations of TensorFlow."
            )
        if operation in DRAWS or (operation.startswith("Stateful") and operation != "StatefulPartitionedCall"):
            yield (
                f"draws with an operation that takes no seed of its image ({operation}). Use "
                "tf.random.stateless_uniform(shape, seed) or tf.image.stateless_random_... with the `seeds` that it is "
                "given."
            )
        if operation in STATES:
            yield (
                f"reads or changes a variable ({operation}), such as the generator of a layer, and what an image "
                "becomes would depend on what was done before. Use operations that take the `seeds` it is given."
            )


def _made(graph: Any, images: NDArray[np.float32], seeds: NDArray[np.int32]) -> NDArray[np.float32]:
    made: NDArray[np.float32] = graph(tf.constant(images), tf.constant(seeds)).numpy()
    return made


def _differ(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool((np.abs(one - other) > ALIKE).any())


def _range(images: NDArray[np.float32]) -> str:
    return f"{images.min():.3g} to {images.max():.3g}"
