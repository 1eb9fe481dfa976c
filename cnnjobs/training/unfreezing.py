"""Which weights of a network are trained: those that it comes with as trainable, then the layers that are named."""

import math
from typing import Any

import keras

from cnnjobs.models.networks.layer_names import Holder, holders_of, named, shortened
from cnnjobs.spec import Finetune
from cnnjobs.spec.finetune import ALL


class Unfreezing:
    """The two states of a network that is fine-tuned: as it comes, and with more layers trained.

    Args:
        finetune: which layers; None for a network that stays as it is.
        model: freshly built; is left as it is.

    Raises:
        ValueError: for a name that no layer with weights has, or more layers than are frozen.
    """

    def __init__(self, finetune: Finetune | None, model: keras.Model) -> None:
        first = _flags(model)
        self._at_first = list(model.trainable_variables)
        trained = {id(variable) for variable in self._at_first}
        holders = list({id(one.layer): one for one in holders_of(model)}.values())
        frozen = [one for one in holders if not {id(v) for v in one.layer._trainable_variables} <= trained]
        chosen = [] if finetune is None else _chosen(finetune.layers, holders, frozen)
        self.layers = [one for one in frozen if one in chosen]
        for one in self.layers:
            _keep_statistics(one.layer)
            one.layer._trainable = True
            for variable in one.layer._trainable_variables:
                variable.trainable = True
            for container in (model, *one.around):  # alone: the setter of Keras's reaches all that it contains
                container._trainable = True
        self._flags = (first, _flags(model))
        self.weights = list(model.trainable_variables)
        self.enter(0)

    def enter(self, phase: int) -> None:
        """Train from now on what phase 0 or 1 trains; graphs that are traced from now on do."""
        for one, trainable in self._flags[phase] if self.layers else ():
            if isinstance(one, keras.layers.Layer):
                one._trainable = trainable
            else:
                one.trainable = trainable

    def described(self, after: int) -> str:
        """Say which layers are trained after so many epochs, and how many weights they have."""
        before, then = (sum(math.prod(one.shape) for one in weights) for weights in (self._at_first, self.weights))
        return (
            f"Trained: {before:,} weights; after epoch {after} {then:,}, those of "
            f"{shortened([one.names[-1] for one in self.layers])} too."
        )


def _flags(model: keras.Model) -> list[tuple[Any, bool]]:
    """Return what is trainable of a network: (layer or variable, whether it is)."""
    layers = model._flatten_layers()
    variables = [variable for layer in layers for variable in layer._trainable_variables]
    return [*((one, one._trainable) for one in layers), *((one, one.trainable) for one in variables)]


def _chosen(layers: str | tuple[str, ...] | int, holders: list[Holder], frozen: list[Holder]) -> list[Holder]:
    """Return the layers that are asked for, frozen or not.

    Raises:
        ValueError: for a name that none has, or more layers than are frozen.
    """
    if layers == ALL or (isinstance(layers, int) and not frozen):
        return holders
    if isinstance(layers, int):
        if layers > len(frozen):
            raise ValueError(
                f"`Finetune.layers` must be at most {len(frozen)}, the layers with weights that the network has "
                f'frozen. Received: layers={layers}. Use "all" for all of them.'
            )
        return frozen[-layers:]
    beginnings = (layers,) if isinstance(layers, str) else layers
    return [one for beginning in beginnings for one in named("Finetune.layers", beginning, holders, frozen)]


def _keep_statistics(layer: keras.layers.Layer) -> None:
    """Let batch normalisation that was frozen go on with its stored statistics."""
    if isinstance(layer, keras.layers.BatchNormalization):
        layer.call = _StoredStatistics(layer)


class _StoredStatistics:
    """Batch normalisation as it predicts, whether it is trained or not."""

    def __init__(self, layer: keras.layers.BatchNormalization) -> None:
        self._call = layer.call

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return inputs normalised by the stored mean and variance."""
        return self._call(inputs, training=False, mask=mask)
