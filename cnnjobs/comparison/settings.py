"""Settings of a job's variants in the field's terms: which differ between variants, and which all have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnjobs.store.stored_job import StoredJob

TERMS = {
    "model": "network",
    "model.convolutions": "filters of convolutions",
    "model.blocks": "residual blocks per stage",
    "model.filters": "filters of stages",
    "model.stem": "filters of the first convolution",
    "model.dense": "units of dense layers",
    "model.pool": "max pooling",
    "model.padding": "padding",
    "model.dropout": "dropout rate",
    "model.weight_decay": "L2 weight decay",
    "model.batch_norm": "batch normalization",
    "model.initializer": "initialization",
    "model.output": "output layer",
    "model.shortcut": "shortcuts",
    "model.preactivation": "pre-activation",
    "model.weights": "pretrained weights",
    "optimizer.learning_rate": "learning rate",
    "optimizer.weight_decay": "decoupled weight decay",
    "optimizer.nesterov": "Nesterov momentum",
    "epochs": "epochs",
    "batch_size": "batch size",
    "augment": "augmentation",
    "scaling": "scaling of pixels",
    "schedule": "learning rate schedule",
    "xla": "XLA",
    "clip_norm": "gradient clipping, norm",
    "clip_value": "gradient clipping, value",
    "ema": "moving average of weights",
    "accumulate": "gradient accumulation, steps",
    "tta": "test-time augmentation",
    "class_weight": "class weights",
    "finetune": "fine-tuning",
    "watch": "watched metrics",
}
"""Setting, as its path in `job.json` -> what the field calls it; of others the name says it."""

NETWORKS = {"cnn": "CNN", "resnet": "ResNet", "vgg16": "VGG16"}
"""Builder -> what the field calls it."""

SCALINGS = {
    "unit": "to [0, 1]",
    "center": "to [0, 1], minus the mean of each channel",
    "standardize": "to mean 0 and variance 1 in each channel",
}

DEFAULTS: Mapping[str, Any] = {"loss": "cross-entropy", "accumulate": 1}
"""Setting that `job.json` leaves out where nobody asked for another -> its value; others are none then."""

ONE_FOR_ALL = ("dropout", "pool")
"""Settings with a value for each layer, of which one is said where all are equal."""

OF_ITS_KIND = ("model", "optimizer", "schedule", "loss", "finetune")
"""Settings that consist of others, each of which is compared for itself."""

ABSENT = "default"

Stored = Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """One setting of the variants of a job.

    Args:
        term: what it is called.
        values: variant -> its value in words; a variant whose network, optimizer or the like has no such setting is
            not there.
        differs: whether variants that have it have different values.
    """

    term: str
    values: Mapping[str, str]
    differs: bool

    @property
    def common(self) -> str:
        """The value of those that have it, where they do not differ."""
        return next(iter(self.values.values()))


def settings_of(job: StoredJob) -> list[Setting]:
    """Return the settings of a job's variants, in the order in which variants hold them.

    Args:
        job: as `job.json` keeps it.
    """
    told = {name: dict(_leaves(variant.settings)) for name, variant in job.variants.items()}
    paths = list(dict.fromkeys(path for leaves in told.values() for path in leaves))
    found = [_setting(path, told) for path in sorted(paths, key=lambda path: _place(path, paths))]
    return [setting for setting in found if setting.differs or set(setting.values.values()) != {"none"}]


def _place(path: str, paths: Sequence[str]) -> tuple[int, int]:
    """Return where a setting stands: parts of one behind it, whatever variant had them first."""
    of = path.partition(".")[0]
    return (min(place for place, one in enumerate(paths) if one.partition(".")[0] == of), paths.index(path))


def _setting(path: str, told: Mapping[str, Mapping[str, str]]) -> Setting:
    of, _, part = path.partition(".")
    kinds = {leaves.get(of) for leaves in told.values() if path in leaves}
    values = {}
    for name, leaves in told.items():
        if path in leaves:
            values[name] = leaves[path]
        elif not part:
            values[name] = _words(DEFAULTS.get(of))
        elif leaves.get(of) in kinds:  # a setting that came later, which is left out while it has its default
            values[name] = ABSENT
    return Setting(term_of(path), values, len(set(values.values())) > 1)


def term_of(path: str) -> str:
    """Return what a setting is called: "learning rate" of `optimizer.learning_rate`."""
    of, _, part = path.partition(".")
    if path in TERMS or not part:
        return TERMS.get(path, path.replace("_", " "))
    word = part.replace("_", " ").replace(".", ", ")
    return word if of in ("model", "optimizer") and word != "code" else f"{word} of the {TERMS.get(of, of)}"


def _leaves(settings: Stored) -> Iterator[tuple[str, str]]:
    """Yield the path of each setting of a variant, and its value in words."""
    for name, value in settings.items():
        if name == "kind":
            continue
        if isinstance(value, Mapping) and "kind" in value and name in OF_ITS_KIND:
            yield name, _kind_words(value)
            yield from ((f"{name}.{part}", words) for part, words in _parts(value))
        else:
            yield name, SCALINGS.get(str(value), str(value)) if name == "scaling" else _words(value)
        code = "".join(sorted(_codes(value)))
        if code:
            yield f"{name}.code", code


def _parts(value: Stored) -> Iterator[tuple[str, str]]:
    """Yield the settings of a network, an optimizer or the like."""
    options = value.get("options", {name: part for name, part in value.items() if name not in ("kind", "function")})
    for name, part in options.items():
        if name in ("source_sha256", "name"):
            continue
        called = "convolutions" if value.get("builder") == "cnn" and name == "blocks" else name
        if isinstance(part, Mapping) and "kind" in part:
            yield called, _kind_words(part)
            yield from ((f"{called}.{inner}", words) for inner, words in _parts(part))
        else:
            yield called, _words(_one_for_all(part) if name in ONE_FOR_ALL else part)


def _one_for_all(value: Any) -> Any:
    alike = isinstance(value, list | tuple) and value and all(part == value[0] for part in value)
    return value[0] if alike else value


def _kind_words(value: Stored) -> str:
    if "builder" in value:
        builder = str(value["builder"])
        return str(value.get("options", {}).get("name", NETWORKS.get(builder, builder)))
    if "sha256" in value:
        return f"file {str(value['sha256'])[:8]}"
    return str(value.get("function", value["kind"]))


def _words(value: Any) -> str:
    """Return a value in words."""
    if value is None or value == [] or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        between = " + " if any(isinstance(part, Mapping | str) for part in value) else ", "
        nested = any(isinstance(part, list | tuple) for part in value)
        return (" / " if nested else between).join(_words(part) for part in value)
    return _spec_words(value) if isinstance(value, Mapping) else str(value)


def _spec_words(value: Stored) -> str:
    """Return a transform, a callback or the like: "horizontal flip, shift 0.1", "EarlyStopping (patience 5)"."""
    if "kind" not in value:
        return ", ".join(f"{name}: {_words(part)}" for name, part in value.items())
    if value["kind"] == "Augment":
        return _augment_words(value)
    options = value.get("options", {name: part for name, part in value.items() if name != "function"})
    told = [
        name.replace("_", " ") if part is True else f"{name.replace('_', ' ')} {_words(part)}"
        for name, part in options.items()
        if part and name not in ("kind", "source_sha256") and (name, part) != ("probability", 1)
    ]
    return f"{_kind_words(value)} ({', '.join(told)})" if told else _kind_words(value)


def _augment_words(value: Stored) -> str:
    units = {"rotation": "°", "shear": "°"}
    told = [] if value.get("flip") is None else [f"{value['flip']} flip"]
    told += [
        f"{name} {value[name]:g}{units.get(name, '')}"
        for name in ("shift", "rotation", "zoom", "shear")
        if value.get(name)
    ]
    usual = {"fill": "nearest", "probability": 1}
    told += [f"{name} {value[name]}" for name, without in usual.items() if value.get(name, without) != without]
    return ", ".join(told) or "none"


def _codes(value: Any) -> Iterator[str]:
    """Yield what tells functions of the user's apart that have one name."""
    if isinstance(value, Mapping):
        if value.get("source_sha256"):
            yield str(value["source_sha256"])[:8]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _codes(part)
