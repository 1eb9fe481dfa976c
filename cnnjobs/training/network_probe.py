"""Looks at a network before it is trained: whether a trial can train it, and what may be a mistake."""

import hashlib
import json
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.models.network_facts import NetworkFacts, NetworkRequest, Unusable
from cnnjobs.models.networks import build_model, describe_network, finished, returned_by
from cnnjobs.planning.trials import seeds_of
from cnnjobs.planning.user_code import is_installed_file
from cnnjobs.spec import SGD, CustomModel, CustomOptimizer, LossFunction, OwnTransform, OwnViews, Variant
from cnnjobs.training.augmentation.own_probe import check_own
from cnnjobs.training.augmentation.views import check_views
from cnnjobs.training.hand_over import place_images
from cnnjobs.training.input_pipeline import fit_pixel_scaling
from cnnjobs.training.keras_habits import own_training_notes, unheeded_notes
from cnnjobs.training.keras_settings import pin_settings
from cnnjobs.training.losses import check_alone
from cnnjobs.training.output_layer import softmax_twice
from cnnjobs.training.train_graph import TrainGraph
from cnnjobs.training.unfreezing import Unfreezing

SMALLER, FARTHER = 32, 30
"""By which factor pixels may lie closer together than those that come in, or farther from 0 for their spread."""

LONGEST = 600
"""Characters of a library's message that are told."""

SATURATED = 1 - 1e-6
"""A fresh network that is that certain of a class has outputs that are far apart."""


def look_at(request: NetworkRequest, strategy: tf.distribute.Strategy) -> NetworkFacts | Unusable:
    """Return what there is to say of a network.

    Args:
        request: which one, and some pictures.
        strategy: what it is trained under.
    """
    pin_settings()
    keras.utils.clear_session(free_memory=False)  # layers are numbered from 1 in every network, here and below
    network, built = request.variant.network, False
    try:
        if isinstance(request.variant.views, OwnViews):
            check_views(request.variant.views, request.image_shape)
        notes = tuple(_transform_notes(request))
        model, facts = _built(request)
        built = True
        if isinstance(network, CustomModel) or isinstance(request.variant.loss, LossFunction):
            facts = _looked_at(strategy, request, model, facts)
        _try_optimizer(strategy, request)
        return replace(facts, notes=(*notes, *facts.notes))
    except Exception as error:  # the user's function may raise anything
        return Unusable(explained(error), built)


def _built(request: NetworkRequest) -> tuple[keras.Model, NetworkFacts]:
    """Return the network, and what there is to say of it before it is tried.

    Raises:
        Exception: of any kind, from the user's function.
    """
    network, shape, classes = request.variant.network, request.image_shape, request.classes
    if not isinstance(network, CustomModel):
        model = build_model(network, shape, classes)
        return model, _described(request.variant, model)
    returned = returned_by(network, shape, classes)
    compiled, settings = _compiled(returned)
    model = finished(network, returned, shape, classes)
    facts = _described(request.variant, model)
    notes = (*facts.notes, *own_training_notes(returned), *unheeded_notes(model))
    return model, replace(facts, notes=notes, compiled=compiled, compile_settings=settings)


def _described(variant: Variant, model: keras.Model) -> NetworkFacts:
    """Return what there is to say of a network that is built, and of how it is fine-tuned.

    Raises:
        ValueError: if it has none of the layers that are to be fine-tuned.
    """
    facts = describe_network(model)
    if variant.finetune is None:
        return facts
    unfreezing = Unfreezing(variant.finetune, model)
    if unfreezing.layers:
        return replace(facts, summary=f"{facts.summary}\n{unfreezing.described(variant.finetune.after)}")
    note = (
        f"all that `Finetune.layers` names, {variant.finetune.layers!r}, is trained from the beginning: after epoch "
        f"{variant.finetune.after} only the optimizer begins anew, at another learning rate. Set layer.trainable = "
        "False for what is to be frozen until then"
    )
    return replace(facts, notes=(note,))


def _transform_notes(request: NetworkRequest) -> Iterator[str]:
    """Say what may be a mistake in transforms of the user's.

    Raises:
        Exception: of any kind, from them, or because they cannot be used.
    """
    for one in request.variant.transforms:
        if isinstance(one, OwnTransform):
            yield from check_own(one, request.pictures.images)


def explained(error: Exception) -> str:
    """Return an error in one line, with the line of the user's code that it passed through last."""
    text = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    lines = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _is_of_user(frame)]
    where = f" ({Path(lines[-1][0].f_code.co_filename).name}, line {lines[-1][1]})" if lines else ""
    return f"{type(error).__name__}: {text}{where}"


def _is_of_user(frame: FrameType) -> bool:
    ours = str(frame.f_globals.get("__name__", "")).startswith("cnnjobs.")
    return not ours and not is_installed_file(frame.f_code.co_filename)


def _looked_at(
    strategy: tf.distribute.Strategy, request: NetworkRequest, model: keras.Model, facts: NetworkFacts
) -> NetworkFacts:
    """Take a step of training as a trial does, and see what comes of it.

    Args:
        strategy: what it is trained under.
        request: which network, and some pictures.
        model: it, built.
        facts: what is known of it.

    Raises:
        Exception: of any kind, from the network.
    """
    variant, stored = _plainly_updated(request.variant).but(optimizer=SGD(0.01)), request.pictures.images
    scaling = fit_pixel_scaling(variant.scaling, stored, np.arange(len(stored)))
    notes = [*_pixel_notes(model, scaling(stored.astype(np.float32)))]
    if softmax_twice(model):
        notes.append("a softmax is applied to what a softmax has made already: leave one of them out")
    keras.utils.clear_session(free_memory=False)
    images = tf.TensorSpec([None, *request.image_shape], stored.dtype)
    graph = TrainGraph(strategy, variant, images, request.classes, seeds_of(0, 0))
    outputs = graph.prediction.predict(place_images(stored, ()), np.arange(len(stored)), scaling)
    if not np.isfinite(outputs).all():
        raise ValueError("before any training, its outputs for real pictures are not finite numbers (NaN or infinite)")
    if isinstance(variant.loss, LossFunction):
        check_alone(variant.loss, request.pictures.labels, outputs)
    pixels, labels = scaling(stored.astype(np.float32)), request.pictures.labels
    gradients = [graph.step_on(phase, pixels, labels) for phase, _ in enumerate(variant.phases)]
    for of_phase in [] if notes else gradients:
        notes += [note for note in _output_notes(outputs, of_phase, variant.precision) if note not in notes]
    notes += facts.notes
    after = graph.variables()
    seen = hashlib.sha256(b"".join(one.tobytes() for one in (outputs, *after))).hexdigest()
    one_unit = graph.outputs.value if graph.outputs.of_one_unit else ""
    return replace(facts, notes=tuple(notes), digest=seen, one_unit=one_unit)


def _try_optimizer(strategy: tf.distribute.Strategy, request: NetworkRequest) -> None:
    """Take a step of training with the optimizer, if it is the user's own.

    Raises:
        Exception: of any kind, from the optimizer.
    """
    variant, stored = request.variant, request.pictures.images
    if not isinstance(variant.optimizer, CustomOptimizer):
        return
    keras.utils.clear_session(free_memory=False)
    images = tf.TensorSpec([None, *request.image_shape], stored.dtype)
    variant = _plainly_updated(variant).but(clip_norm=variant.clip_norm, clip_value=variant.clip_value)
    graph = TrainGraph(strategy, variant, images, request.classes, seeds_of(0, 0))
    scaling = fit_pixel_scaling(variant.scaling, stored, np.arange(len(stored)))
    graph.step_on(0, scaling(stored.astype(np.float32)), request.pictures.labels)


def _plainly_updated(variant: Variant) -> Variant:
    """Return a variant without what surrounds its optimizer."""
    return variant.but(schedule=None, clip_norm=None, clip_value=None, ema=None, accumulate=1)


def _output_notes(
    outputs: NDArray[np.float32], gradients: list[NDArray[np.float32] | None], precision: str
) -> Iterator[str]:
    """Say what is wrong with what comes out of a fresh network, and with its gradients.

    Args:
        outputs: (n, classes) probabilities.
        gradients: of each trainable weight; None where the loss does not depend on it.
        precision: of the variant.
    """
    kernels = [one for one in gradients if one is not None and one.ndim > 1]
    if not gradients:
        yield "it has no weights that can be trained: it stays as it is built"
    if kernels and not any(one.any() for one in kernels):
        yield (
            "no gradient reaches its weights: for real pictures all units of a layer are 0 (dead ReLU), or its outputs "
            "do not depend on them"
        )
    elif precision != "float16" and not all(np.isfinite(one).all() for one in kernels):
        yield "the gradients of its first step are not finite numbers: its trials will diverge"
    if np.mean(outputs.max(axis=1) > SATURATED) >= 0.5:
        yield (
            "before any training it is certain of a class (probability 1) for most pictures: its outputs explode. Are "
            "its pixels 0 to 255, or its first weights too large?"
        )


@dataclass(frozen=True)
class _Pixels:
    """How values lie, a channel at a time.

    Args:
        least: the smallest.
        most: the largest.
        spread: the largest SD of a channel.
        distance: the largest mean of a channel, in magnitude.
    """

    least: float
    most: float
    spread: float
    distance: float


def _pixels(values: Any) -> _Pixels:
    """Return how (n, ..., channels) lie."""
    found = keras.ops.convert_to_numpy(keras.ops.cast(values, "float32")).astype(np.float64)
    axes = tuple(range(found.ndim - 1))
    return _Pixels(found.min(), found.max(), float(found.std(axis=axes).max()), float(abs(found.mean(axis=axes)).max()))


def _pixel_notes(network: keras.Model, pictures: NDArray[np.float32]) -> Iterator[str]:
    """Say whether the pixels that reach the first weights are scaled as if they had been 0 to 255."""
    given = _pixels(pictures)
    with _first_inputs() as seen:
        network(pictures, training=False)
    if not seen or not given.spread:
        return
    name, reaching = seen[0]
    if not reaching.spread:
        yield f"what reaches its first layer with weights, {name!r}, is the same for every picture and pixel"
    elif reaching.spread * SMALLER < given.spread:
        yield (
            f"its pixels are scaled twice: it gets {_range(given)}, and its first layer with weights, {name!r}, gets "
            f"{_range(reaching)}. Networks get scaled pixels (`scaling`), not 0 to 255: leave Rescaling(1/255) or the "
            "like out, or undo it before with Rescaling(255)"
        )
    elif reaching.distance / reaching.spread > FARTHER * max(1.0, given.distance / given.spread):
        yield (
            f"its pixels are moved far from 0: it gets {_range(given)}, and its first layer with weights, {name!r}, "
            f"gets {_range(reaching)}. Networks get scaled pixels (`scaling`), not 0 to 255: undo it with "
            "Rescaling(255) before a preprocessing that expects those"
        )


def _range(pixels: _Pixels) -> str:
    return f"{pixels.least:.3g} to {pixels.most:.3g}"


@contextmanager
def _first_inputs() -> Iterator[list[tuple[str, _Pixels]]]:
    """Note what the first layer gets that has weights of its own; those that only normalise are none.

    Zeros that are padded before it do not count.
    """
    seen: list[tuple[str, _Pixels]] = []
    before: list[_Pixels] = []
    call = keras.layers.Layer.__call__

    def noting(layer: keras.layers.Layer, *inputs: Any, **options: Any) -> Any:
        given: Any = inputs[0] if inputs else next(iter(options.values()), None)
        if not seen and not getattr(layer, "layers", ()) and tf.is_tensor(given) and given.dtype.is_floating:
            weights = [*layer._trainable_variables, *layer._non_trainable_variables]
            if weights and not isinstance(layer, keras.layers.Normalization):
                seen.append((layer.name, before[0] if before else _pixels(given)))
            before[:] = [_pixels(given)] if isinstance(layer, keras.layers.ZeroPadding2D) else []
        return call(layer, *inputs, **options)

    keras.layers.Layer.__call__ = noting
    try:
        yield seen
    finally:
        keras.layers.Layer.__call__ = call


def _compiled(returned: keras.Model) -> tuple[str, str]:
    """Say what the user's function has compiled its network with, in short and in full; nothing if it has not."""
    if not getattr(returned, "compiled", False):
        return "", ""
    settings = returned.get_compile_config() or {}
    optimizer = getattr(returned, "optimizer", None)
    rate = getattr(optimizer, "_learning_rate", None)
    shown = f"(learning_rate={float(rate):g})" if isinstance(rate, keras.Variable) else ""
    said = f"{type(optimizer).__name__}{shown}"
    loss = settings.get("loss")
    loss = loss.get("config", {}).get("name", "") if isinstance(loss, dict) else loss
    return f"{said} and the loss {loss!r}" if loss else said, json.dumps(settings, sort_keys=True, default=str)
