"""Identities that are fixed: an edit of this project that changes one makes everybody's stored trials run again.

A change of results is no reason to edit these: raise `NUMERICS_VERSION`, and all of them change together.
"""

import dataclasses

import pytest

from cnnjobs import (
    SGD,
    Adam,
    Augment,
    BestWeights,
    CosineDecay,
    CosineRestarts,
    Cyclical,
    EarlyStopping,
    ExponentialDecay,
    Job,
    Nadam,
    OneCycle,
    PolynomialDecay,
    ReduceLROnPlateau,
    RMSprop,
    StepDecay,
    TimeDecay,
    Variant,
    Warmup,
    callback,
    cnn,
    custom,
    mlp,
    small_cnn,
    smaller_vgg,
    spec,
    vgg,
    vgg16,
)
from cnnjobs.planning import trials
from cnnjobs.planning.identity import canonical, digest
from cnnjobs.planning.trials import make_plan
from cnnjobs.spec import BuiltinDataset, ImageFolder, Model, Npz, PictureTable, WeightsFile
from cnnjobs.spec.fields import later_field

FILTERS = 8


@dataclasses.dataclass(frozen=True)
class Shape:
    """A hyperparameter of the user's."""

    layers: int = 2

    def widths(self):
        """Return the filters of each layer."""
        return [FILTERS * 2**layer for layer in range(self.layers)]


def network(input_shape, classes, width=32, shape=None):
    """Stand for a network of the user's."""
    return input_shape, classes, width, shape, FILTERS


def stopper(trial, patience=3):
    """Stand for a callback of the user's."""
    return trial, patience


def falling(step, steps):
    """Stand for a schedule of the user's."""
    return 1 - step / steps


BASE = Variant(model=vgg(blocks=2))

VARIANTS = {
    "vgg": BASE,
    "cnn": BASE.but(model=cnn(blocks=((8,), (16, 16)), dense=(32,), dropout=(0.1, 0.2, 0.5), output="logits")),
    "small_cnn": BASE.but(model=small_cnn(dropout=0.5)),
    "smaller_vgg": BASE.but(model=smaller_vgg()),
    "mlp": BASE.but(model=mlp()),
    "vgg16": BASE.but(model=vgg16()),
    "weights file": BASE.but(model=Model("vgg16", {"weights": WeightsFile("/there/w.h5", "ab" * 32)})),
    "sgd": BASE.but(optimizer=SGD(0.1, momentum=0.9, nesterov=True)),
    "rmsprop": BASE.but(optimizer=RMSprop(0.01)),
    "adam": BASE.but(optimizer=Adam(0.01)),
    "nadam": BASE.but(optimizer=Nadam()),
    "cosine": BASE.but(schedule=CosineDecay(final=0.1)),
    "exponential": BASE.but(schedule=ExponentialDecay()),
    "time": BASE.but(schedule=TimeDecay()),
    "cyclical": BASE.but(schedule=Cyclical()),
    "warmup": BASE.but(schedule=Warmup(epochs=2, then=CosineDecay())),
    "steps": BASE.but(schedule=StepDecay(epochs=(3, 6))),
    "polynomial": BASE.but(schedule=PolynomialDecay()),
    "one cycle": BASE.but(schedule=OneCycle()),
    "restarts": BASE.but(schedule=CosineRestarts()),
    "own schedule": BASE.but(schedule=falling),
    "augment": BASE.but(augment=Augment(flip="horizontal", shift=0.1, rotation=10, zoom=0.1, shear=5, fill="wrap")),
    "early stopping": BASE.but(callbacks=(EarlyStopping(), BestWeights())),
    "plateau": BASE.but(callbacks=(ReduceLROnPlateau(monitor="val_accuracy"),)),
    "callback": BASE.but(callbacks=(callback(stopper, patience=5),)),
    "custom": BASE.but(model=custom(network, width=64)),
    "plain function": BASE.but(model=network),
    "dataclass": BASE.but(model=custom(network, shape=Shape())),
    "numbered": BASE.but(model=custom(network, shape={1: 64, "1": 32})),
    "settings": BASE.but(epochs=3, batch_size=64, scaling="standardize", precision="bfloat16", xla=True),
}

GOLDEN = {
    "vgg": "cfb729f9decee89dc3af",
    "cnn": "7cf1b70906f599e35383",
    "small_cnn": "f7f9bcbd5eafd1a2917f",
    "smaller_vgg": "0bafa3270269a2f9a4cd",
    "mlp": "438c71ace9ff94891344",
    "vgg16": "7732dbbb164b89df51e2",
    "weights file": "69148cd63383ebae9ad4",
    "sgd": "e6ee72c91b2daaa8c7ac",
    "rmsprop": "823131c6020e8d07daa0",
    "adam": "d11d0308941d3f7334b8",
    "nadam": "4b116b04e666621fa51a",
    "cosine": "53076fe34a7739a89bbb",
    "exponential": "01d2f6347adf275d3ff9",
    "time": "e8f661c25571f1ab6783",
    "cyclical": "d0c162956e69928d4576",
    "warmup": "a7022ce45451cddc1e5b",
    "steps": "bd55da527fedf3959352",
    "polynomial": "2a0121c94a4643e9d7ff",
    "one cycle": "b44acc868a58569fc08f",
    "restarts": "2afabc602cebf7994b12",
    "own schedule": "4274be581ca3efda1cf0",
    "augment": "6a3ea9ab559e389d6596",
    "early stopping": "5e5343384c07146f7b9a",
    "plateau": "e59467978ae2d1b4923e",
    "callback": "294c345f5f5cd6e49c05",
    "custom": "c25ff1580fda419dd2fd",
    "plain function": "faf7e0697284c449ecc9",
    "dataclass": "f32cb9f16d1a7c816327",
    "numbered": "f6e5845dfa5c4c65325b",
    "settings": "a644c901db37cbdf1195",
    "trials": ["d9e3296402e921913de7", "b00400a5d56fb76860a1", "598d1463b78a59814853", "c3a5f63b9d1bd82ccb7c"],
}

DATASETS = {
    "digits": (BuiltinDataset("digits"), {"kind": "Named", "name": "digits"}),
    "npz": (Npz("/a.npz"), {"kind": "Npz", "path": "/a.npz", "test": 0.2}),
    "folder": (
        ImageFolder("/a", size=(8, 9)),
        {"kind": "ImageFolder", "path": "/a", "size": [8, 9], "color": "auto", "test": 0.2, "strict": False},
    ),
    "table": (
        PictureTable("/a.csv", folder="/a", image="id", label=("cat", "dog"), suffix=".jpg"),
        {"kind": "PictureTable", "path": "/a.csv", "size": None, "color": "auto", "test": 0.2, "strict": False}
        | {
            "folder": "/a",
            "image": "id",
            "label": ["cat", "dog"],
            "split": None,
            "group": None,
            "suffix": ".jpg",
            "test_path": None,
        },
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_keeps_its_identity(name):
    assert digest(VARIANTS[name]) == GOLDEN[name]


def test_a_trial_keeps_its_identity():
    """With the seeds, the protocol, the data set and the version of the numerics."""
    job = Job(name="a", dataset="digits", repeats=2, folds=2, variants={"base": BASE})
    assert [trial.trial_id for trial in make_plan(job, "fingerprint", 100).trials] == GOLDEN["trials"]


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_keeps_its_form_in_the_store(name):
    spec, document = DATASETS[name]
    assert canonical(spec) == document


@dataclasses.dataclass(frozen=True)
class Longer(Augment):
    """Augmentation that has got an option."""

    blur: float = later_field(0.0)


def test_an_option_that_came_later_makes_no_trial_run_again_until_it_is_set(monkeypatch):
    monkeypatch.setattr(Longer, "__module__", Augment.__module__)
    before = BASE.but(augment=Augment(shift=0.1))
    assert digest(BASE.but(augment=Longer(shift=0.1))) == digest(before)
    assert digest(BASE.but(augment=Longer(shift=0.1, blur=0.5))) != digest(before)


def test_an_option_of_a_network_that_came_later_makes_no_trial_run_again_until_it_is_set(monkeypatch):
    monkeypatch.setattr(Model, "later_options", {"activation": "relu"})
    before = BASE.but(model=vgg(blocks=2)).network
    later = {name: Model("cnn", {**before.options, "activation": name}) for name in ("relu", "gelu")}
    assert digest(BASE.but(model=later["relu"])) == GOLDEN["vgg"]
    assert digest(BASE.but(model=later["gelu"])) != GOLDEN["vgg"]


def test_the_name_of_a_class_is_no_part_of_an_identity():
    parts = [part for variant in VARIANTS.values() for part in (variant, variant.network, variant.optimizer)]
    names = {kind: kind.__name__ for kind in map(type, parts)}
    try:
        for kind in names:
            kind.__name__ = "Renamed"
        assert digest(VARIANTS["sgd"]) == GOLDEN["sgd"]
        assert digest(VARIANTS["custom"]) == GOLDEN["custom"]
    finally:
        for kind, name in names.items():
            kind.__name__ = name


def test_every_spec_has_a_kind_of_its_own():
    specs = [
        value
        for module in (spec, trials)
        for value in vars(module).values()
        if dataclasses.is_dataclass(value) and getattr(value, "kind", None)
    ]
    kinds = {value: value.kind for value in specs}
    assert len(kinds) > 20
    assert len(set(kinds.values())) == len(kinds)


def test_keys_that_are_one_text_are_two_keys():
    both, number, text = ({1: 64, "1": 32}, {1: 32}, {"1": 32})
    assert len({digest(BASE.but(model=custom(network, shape=shape))) for shape in (both, number, text)}) == 3
    assert digest({1: 64, "1": 32}) == digest({"1": 32, 1: 64})
