"""What comes out of a network: told by its layers where they tell, else by numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnjobs.training.outputs import Outputs

UNCHANGED = {
    *("Activation", "Identity", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"),
    *("Flatten", "Reshape", "Squeeze", "Cast", "StopGradient"),
}
"""Layers and operations of Keras's that change no value when the network predicts."""

PASSED = UNCHANGED | {
    *("Average", "Add", "Mean", "Sum", "Max", "Amax", "Permute", "Transpose", "GetItem", "Rescaling"),
    *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
    *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "Cropping1D", "Cropping2D", "Cropping3D"),
    *("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"),
}
"""Those that the walk back from the output goes through, to the layers that made what they pass on."""

NONLINEAR = {
    *("Relu", "Relu6", "ReLU", "LeakyRelu", "LeakyReLU", "PReLU", "Elu", "ELU", "Selu", "Celu", "Gelu", "Silu"),
    *("HardSilu", "LogSigmoid", "Softplus", "Softsign", "Tanh", "HardTanh"),
}
"""Layers and operations of Keras's that no network for classes ends with, but by mistake."""

SIGMOIDS = {"Sigmoid", "HardSigmoid", "sigmoid", "hard_sigmoid"}
"""Operations and activations that make a probability of each value by itself."""

SUM_TOLERANCE = 0.02
"""How far sums of probabilities may be from 1: half precision sums to 1 within about 0.005."""

PICTURES = 4
"""How many random pictures are looked at, where layers do not tell."""

DRAWS = 12
"""With how many random weights one unit is looked at: a logit leaves [0, 1] with one of them."""


@dataclass(frozen=True)
class End:
    """A layer or operation that made values, in one of its calls.

    Args:
        operation: it.
        shape: of the values.
        sources: what it made them of.
    """

    operation: Any
    shape: tuple[int | None, ...]
    sources: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where the values of a tensor come from.

    Args:
        ends: what made them.
        passed: layers and operations on the way from there to the tensor.
    """

    ends: tuple[End, ...]
    passed: tuple[Any, ...]


def origin_of(tensor: Any) -> Origin:
    """Walk back from a symbolic tensor to what decides its values, through nested networks too."""
    operation, node_index, tensor_index = tensor._keras_history
    sources = operation._inbound_nodes[node_index].input_tensors
    end = Origin((End(operation, tuple(tensor.shape), tuple(sources)),), ())
    if isinstance(operation, keras.Model):
        if not getattr(operation, "outputs", None):  # a subclass, whose layers are known only when it runs
            return end
        return _outside(origin_of(operation.outputs[tensor_index]), sources)
    if not _is_keras(operation) or type(operation).__name__ not in PASSED or _own_activation(operation) is not None:
        return end
    return _joined((origin_of(source) for source in sources), operation)


def _outside(inner: Origin, sources: list[Any]) -> Origin:
    """Return the origin of a nested network's output, beyond its own inputs."""
    ends = tuple(end for end in inner.ends if not isinstance(end.operation, keras.layers.InputLayer))
    if len(ends) == len(inner.ends):
        return inner
    beyond = _joined(origin_of(source) for source in sources)
    return Origin((*ends, *beyond.ends), (*inner.passed, *beyond.passed))


def _joined(origins: Iterator[Origin], *passed: Any) -> Origin:
    found = list(origins)
    return Origin(
        tuple(end for one in found for end in one.ends), (*passed, *(op for one in found for op in one.passed))
    )


def _is_keras(operation: Any) -> bool:
    return type(operation).__module__.startswith("keras.")


def _own_activation(operation: Any) -> Any:
    """Return the activation of a layer, None for a linear one."""
    activation = getattr(operation, "activation", None)
    return None if activation is keras.activations.linear else activation


def _meaning(end: End) -> str:
    """Return "softmax", "sigmoid", "logits", "refused", or "unknown" if only numbers can tell."""
    operation = end.operation
    name, activation = type(operation).__name__, _own_activation(operation)
    if not _is_keras(operation) or isinstance(operation, keras.Model | keras.layers.InputLayer | keras.layers.Lambda):
        return "unknown"
    if name in ("Softmax", "LogSoftmax"):
        if getattr(operation, "axis", None) not in (-1, len(end.shape) - 1):
            return "unknown"
        return "softmax" if name == "Softmax" else "logits"  # softmax leaves log-probabilities' meaning as it is
    if name in NONLINEAR or name in SIGMOIDS:
        return "sigmoid" if name in SIGMOIDS else "refused"
    if not hasattr(operation, "activation"):
        return "unknown"
    if activation is None or activation is keras.activations.log_softmax:
        return "logits"
    if activation is keras.activations.softmax:
        return "softmax"
    module, own = getattr(activation, "__module__", ""), getattr(activation, "__name__", "")
    theirs = module.startswith("tensorflow.") and own != "softmax" and hasattr(keras.activations, own)
    if module.startswith("keras.") or theirs:
        return "sigmoid" if own in SIGMOIDS else "refused"
    return "unknown"


def outputs_of(model: keras.Model, classes: int, fresh: Callable[[], keras.Model]) -> Outputs:
    """Say what the network gives.

    Args:
        model: one input; one output a class, or one unit for two classes.
        classes: how many there are.
        fresh: returns the same network once more, to be looked at by numbers where the layers do not tell.

    Raises:
        ValueError: if it gives neither probabilities nor logits.
    """
    origin, units = origin_of(model.outputs[0]), int(model.outputs[0].shape[-1])
    return _of_one_unit(origin, fresh) if units < classes else _of_classes(origin, units, fresh)


def _of_classes(origin: Origin, classes: int, fresh: Callable[[], keras.Model]) -> Outputs:
    """Return what a network with an output a class gives."""
    told = _told_by_layers(origin, classes)
    if told is not None:
        return told
    found = kind_by_numbers(fresh())
    meanings = {_meaning(end) for end in origin.ends}
    if found == "probabilities":
        return Outputs.PROBABILITIES
    if meanings & {"refused", "sigmoid"}:
        refused = next(end for end in origin.ends if _meaning(end) in ("refused", "sigmoid"))
        received = _described(refused.operation)
        if _meaning(refused) == "sigmoid":
            received += ", a probability for each class by itself, though each picture has one class"
        one_unit = ', or end the network with one unit: Dense(1, activation="sigmoid")' if classes == 2 else ""
        raise ValueError(_refusal(received, f"Leave that activation out, or make it softmax{one_unit}."))
    if meanings == {"softmax"}:
        after = ", ".join(dict.fromkeys(type(one).__name__ for one in origin.passed))
        received = f"a softmax whose probabilities no longer sum to 1 after {after or 'it'}"
        raise ValueError(_refusal(received, "Leave that softmax out, and end the network with keras.layers.Softmax()."))
    if found == "scores":
        received = f"{_described(origin.ends[0].operation)}, whose outputs lie between 0 and 1 and do not sum to 1"
        raise ValueError(
            _refusal(received, "Leave out what bounds them, or end the network with keras.layers.Softmax().")
        )
    return Outputs.LOGITS


def _told_by_layers(origin: Origin, classes: int) -> Outputs | None:
    """Return what the layers tell by themselves: of a single path on which nothing changes a value."""
    if len(origin.ends) != 1 or any(type(one).__name__ not in UNCHANGED for one in origin.passed):
        return None
    end, meaning = origin.ends[0], _meaning(origin.ends[0])
    if meaning == "logits":
        return Outputs.LOGITS if classes > 1 else Outputs.ONE_LOGIT
    if meaning == "sigmoid" and classes == 1:
        return Outputs.ONE_PROBABILITY
    return Outputs.PROBABILITIES if meaning == "softmax" and end.shape[-1] == classes > 1 else None


def _refusal(received: str, advice: str) -> str:
    return (
        "The network must end with probabilities of the classes (softmax) or with logits (no activation). "
        f"Received: {received}. {advice}"
    )


def _of_one_unit(origin: Origin, fresh: Callable[[], keras.Model]) -> Outputs:
    """Return what the single unit of a network for two classes gives."""
    told = _told_by_layers(origin, 1)
    if told is not None:
        return told
    values = one_unit_by_numbers(fresh())
    if any(_meaning(end) == "softmax" and end.shape[-1] == 1 for end in origin.ends) or bool((values == 1).all()):
        raise ValueError(_refusal_of_one_unit("softmax of a single value, which is always 1", "Make it sigmoid"))
    if bounded(values):
        return Outputs.ONE_PROBABILITY
    refused = [end.operation for end in origin.ends if _meaning(end) == "refused"]
    if refused:
        raise ValueError(_refusal_of_one_unit(_described(refused[0]), "Leave that activation out, or make it sigmoid"))
    return Outputs.ONE_LOGIT


def _refusal_of_one_unit(received: str, advice: str) -> str:
    return (
        "A network with one unit must end with the probability of the second class (sigmoid) or with its logit (no "
        f"activation). Received: {received}. {advice}, or end the network with keras.layers.Dense(classes)."
    )


def _described(operation: Any) -> str:
    activation = getattr(operation, "activation", None)
    suffix = f" with activation={getattr(activation, '__name__', activation)}" if activation is not None else ""
    return f"{type(operation).__name__}{suffix}"


def kind_by_numbers(network: keras.Model) -> str:
    """Return "probabilities", "scores" (between 0 and 1, but no probabilities) or "logits".

    What holds for probabilities holds whatever the weights are: it is looked at as the network is built, and after its
    weights were moved at random. A last layer that begins with equal outputs does not pass for a softmax.

    Args:
        network: freshly built; its weights are changed.

    Raises:
        ValueError: if the outputs of the fresh network are not finite.
    """
    generator = np.random.default_rng(0)
    pictures, first = _first_outputs(network, generator)
    for variable in network.trainable_variables:
        values = keras.ops.convert_to_numpy(variable).astype(np.float32)
        spread = 0.3 * float(values.std()) or 0.1
        variable.assign(values + generator.normal(0, spread, values.shape).astype(np.float32))
    second = _outputs(network, pictures)
    outputs = np.concatenate([first, second]) if np.isfinite(second).all() else first
    if not bounded(outputs):
        return "logits"
    return "probabilities" if sums_to_one(outputs) else "scores"


def one_unit_by_numbers(network: keras.Model) -> NDArray[np.float32]:
    """Return the finite values, (n,), of a network with one unit: as it is built, and with random weights.

    Args:
        network: freshly built; its weights are changed.

    Raises:
        ValueError: if the outputs of the fresh network are not finite.
    """
    generator = np.random.default_rng(0)
    pictures, first = _first_outputs(network, generator)
    built = [keras.ops.convert_to_numpy(variable).astype(np.float32) for variable in network.trainable_variables]
    found = [first]
    for _ in range(DRAWS):
        for variable, values in zip(network.trainable_variables, built, strict=True):
            spread = 3 * float(values.std()) or 1.0
            variable.assign(values + generator.normal(0, spread, values.shape).astype(np.float32))
        found.append(_outputs(network, pictures))
    together = np.concatenate(found).ravel()
    return together[np.isfinite(together)]


def _first_outputs(
    network: keras.Model, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return random pictures, and what a network as it is built gives for them."""
    shape = [side or 32 for side in network.inputs[0].shape[1:]]
    pictures = generator.random((PICTURES, *shape), np.float32)
    first = _outputs(network, pictures)
    if not np.isfinite(first).all():
        raise ValueError("The outputs of the network, before any training, are not finite numbers.")
    return pictures, first


def _outputs(network: keras.Model, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    found = keras.ops.cast(network(pictures, training=False), "float32")
    outputs: NDArray[np.float32] = keras.ops.convert_to_numpy(found)
    return outputs


def bounded(outputs: NDArray[np.float32]) -> bool:
    """Say whether all lie between 0 and 1."""
    return bool((outputs > -SUM_TOLERANCE).all() and (outputs < 1 + SUM_TOLERANCE).all())


def sums_to_one(outputs: NDArray[np.float32]) -> bool:
    """Say whether each row is a distribution."""
    return bool((np.abs(outputs.sum(axis=1) - 1) < SUM_TOLERANCE).all())


def softmax_twice(model: keras.Model) -> bool:
    """Say whether a softmax is applied to what a softmax has made already."""
    ends = [end for end in origin_of(model.outputs[0]).ends if _meaning(end) == "softmax"]
    sources = [
        source for end in ends if type(end.operation).__name__ in ("Softmax", "Activation") for source in end.sources
    ]
    return any(_meaning(inner) == "softmax" for source in sources for inner in origin_of(source).ends)


def full_precision_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that compute in float32 in a network of half precision, which spoils probabilities.

    The last one, and the softmax or sigmoid that its values come from with all on the way.
    """
    last, origin = _last_operation(model), origin_of(model.outputs[0])
    made = [end.operation for end in origin.ends if _meaning(end) in ("softmax", "sigmoid")]
    found = [last, *made, *(origin.passed if made else ())]
    return [one for one in dict.fromkeys(found) if isinstance(one, keras.layers.Layer)]


def _last_operation(model: keras.Model) -> Any:
    """Return the layer or operation that the network's output comes from, inside nested networks too."""
    operation = model.outputs[0]._keras_history.operation
    nested = isinstance(operation, keras.Model) and getattr(operation, "outputs", None)
    return _last_operation(operation) if nested else operation
