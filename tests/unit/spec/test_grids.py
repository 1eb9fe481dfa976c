"""Grids: names by what differs, points in order, and what is no grid."""

import itertools

import numpy as np
import pytest

from cnnjobs import (
    SGD,
    Adam,
    Augment,
    BestWeights,
    CosineDecay,
    CutMix,
    EarlyStopping,
    Job,
    MixUp,
    ReduceLROnPlateau,
    Variant,
    Warmup,
    application,
    custom,
    grid,
    resnet,
    vgg,
)
from cnnjobs.errors import SpecError

BASE = Variant(model=vgg())

FLIPPED = Augment(flip="horizontal", shift=0.1)


def net(input_shape, classes, width=32):
    return input_shape, classes, width


def other(input_shape, classes):
    return input_shape, classes


def test_points_are_in_the_order_of_the_axes_and_the_last_changes_fastest():
    made = grid(lambda rate, size: BASE.but(optimizer=SGD(rate), batch_size=size), rate=[0.1, 0.2], size=[8, 16])
    assert list(made) == ["rate=0.1, size=8", "rate=0.1, size=16", "rate=0.2, size=8", "rate=0.2, size=16"]
    assert made["rate=0.2, size=8"].optimizer == SGD(0.2)
    assert Job(name="a", dataset="digits", variants=made).reference == "rate=0.1, size=8"


@pytest.mark.parametrize(
    ("axis", "names"),
    [
        ({"batch_size": [32, 64]}, ["batch_size=32", "batch_size=64"]),
        ({"xla": (False, True)}, ["xla=False", "xla=True"]),
        ({"epochs": (count for count in (3, 5))}, ["epochs=3", "epochs=5"]),
        ({"epochs": np.array([3, 5])}, ["epochs=3", "epochs=5"]),
        ({"optimizer": [SGD(0.1), Adam(0.001)]}, ["SGD 0.1", "Adam 0.001"]),
        ({"optimizer": [SGD(0.1), SGD(0.01)]}, ["learning_rate=0.1", "learning_rate=0.01"]),
        (
            {"optimizer": [SGD(0.1, momentum=0.9), SGD(0.1), Adam()]},
            ["SGD 0.1 momentum=0.9", "SGD 0.1 momentum=0.0", "Adam 0.001"],
        ),
        ({"augment": [None, FLIPPED]}, ["no augmentation", "flip shift 0.1"]),
        ({"augment": [Augment(flip="both"), Augment(rotation=5)]}, ["flip both", "rotation 5.0"]),
        ({"augment": [Augment(shift=0.1), Augment(shift=0.2)]}, ["shift=0.1", "shift=0.2"]),
        (
            {"augment": [FLIPPED, (FLIPPED, MixUp()), CutMix()]},
            ["flip shift 0.1", "flip shift 0.1 + MixUp", "CutMix"],
        ),
        ({"augment": {"none": None, "flips": FLIPPED}}, ["none", "flips"]),
        ({"model": [vgg(blocks=1), vgg(blocks=2)]}, ["blocks=1", "blocks=2"]),
        ({"model": [vgg(dropout=0.2), vgg(dropout=(0.1, 0.2, 0.3, 0.4))]}, ["dropout=0.2", "dropout=0.1-0.2-0.3-0.4"]),
        ({"model": [vgg(), resnet(depth=20), net]}, ["vgg", "resnet", "net"]),
        ({"model": [application("ResNet50"), application("VGG19")]}, ["ResNet50", "VGG19"]),
        ({"model": [net, custom(net, width=64)]}, ["width=32", "width=64"]),
        ({"watch": [(), ("macro_f1", "mcc")]}, ["no watch", "watch=macro_f1 + mcc"]),
        (
            {"class_weight": [None, "balanced", {"cat": 2.0, "dog": 1.0}]},
            ["class_weight=None", "class_weight=balanced", "class_weight=cat: 2.0 dog: 1.0"],
        ),
        ({"model": [net, other]}, ["net", "other"]),
        ({"schedule": [None, CosineDecay(), Warmup(then=CosineDecay())]}, ["no schedule", "CosineDecay", "Warmup"]),
        (
            {"schedule": [Warmup(then=CosineDecay()), Warmup(then=CosineDecay(final=0.1)), Warmup()]},
            ["Warmup then=CosineDecay final=0.0", "Warmup then=CosineDecay final=0.1", "Warmup then=None"],
        ),
        (
            {"callbacks": [(), EarlyStopping(), (EarlyStopping(), BestWeights())]},
            ["no callbacks", "EarlyStopping", "EarlyStopping + BestWeights"],
        ),
        ({"schedule": [lambda step, steps: 1, lambda step, steps: 0.5]}, ["<lambda>", "<lambda> 2"]),
    ],
)
def test_values_of_an_axis_are_named_by_what_differs(axis, names):
    assert list(grid(BASE, **axis)) == names


def test_axes_stand_side_by_side():
    made = grid(BASE, optimizer=[SGD(0.1), Adam()], augment={"none": None, "flip": FLIPPED}, epochs=[3, 5])
    assert list(made)[-1] == "Adam 0.001, flip, epochs=5"
    assert made["SGD 0.1, flip, epochs=3"] == BASE.but(optimizer=SGD(0.1), augment=FLIPPED, epochs=3)


def test_long_names_are_cut_and_stay_apart_and_those_with_line_breaks_are_one_line():
    widths = [f"{'very ' * 50}\nwide {end}" for end in "abc"]
    made = grid(BASE, model=[custom(net, width=width) for width in widths], epochs=[1, 2])
    assert len(made) == 6
    assert all(len(name) <= 100 and name.isprintable() for name in made)
    assert Job(name="a", dataset="digits", variants=made)
    assert list(grid(BASE, model=[custom(net, width="a\nb"), net])) == ["width=a b", "width=32"]


def test_thousands_of_points_are_made_and_too_many_are_refused():
    made = grid(BASE, optimizer=[SGD(rate / 1000) for rate in range(1, 51)], batch_size=range(1, 101))
    assert len(made) == 5000
    with pytest.raises(SpecError, match=r"at most 5,000 points\. Received: 90 x 90 values, 8,100 points"):
        grid(BASE, epochs=range(1, 91), batch_size=range(1, 91))


@pytest.mark.parametrize(
    ("make", "axes", "message"),
    [
        (BASE, {}, "`grid` needs values of at least one field"),
        (BASE, {"epochs": []}, r"`grid\(epochs=...\)` must have at least one value"),
        (BASE, {"epochs": {}}, r"`grid\(epochs=...\)` must have at least one value"),
        (BASE, {"epochs": 3}, r"must be a list of values\. Received: epochs=3\. .* write epochs=\[3\]"),
        (BASE, {"optimizer": SGD(0.1)}, r"must be a list of values\. Received: optimizer=SGD"),
        (BASE, {"scaling": "unit"}, r"must be a list of values\. Received: scaling='unit'\. .* scaling=\['unit'\]"),
        (BASE, {"scaling": {"unit", "center"}}, "a set has no order, and the first point is the reference"),
        (BASE, {"epochs": [32, 32]}, "must not have a value twice. Received: 32 again"),
        (BASE, {"epochs": [1, 1.0]}, r"must not have a value twice\. Received: 1\.0 again"),
        (BASE, {"optimizer": [SGD(1), SGD(1.0)]}, "must not have a value twice"),
        (BASE, {"epochs": itertools.count(1)}, "or a generator without end"),
        (
            BASE,
            {"learning_rate": [0.1]},
            r"`grid\(learning_rate=...\)`: there is no such argument\. learning_rate is an argument of Adam, ",
        ),
        (BASE, {"augment": {"": None}}, "must have printable names that differ"),
        (BASE, {"epochs": {1: 3, "1": 4}}, "must have printable names that differ"),
        (BASE, {"epochs": [3, 0]}, "`grid` at 'epochs=0': `epochs` must be a whole number of at least 1"),
        (
            BASE,
            {"schedule": [None, CosineDecay()], "callbacks": [(), ReduceLROnPlateau()]},
            "`grid` at 'CosineDecay, ReduceLROnPlateau': `schedule` and `ReduceLROnPlateau` exclude each other",
        ),
        (lambda rate: BASE, {"rate": [1, 2]}, "Received: 'rate=1' and 'rate=2', whose settings are all the same"),
        (
            lambda rate: BASE,
            {"speed": [1]},
            r"must be callable as make\(speed=...\)\. Received: missing",
        ),
        (lambda rate: rate, {"rate": [1]}, "`grid` at 'rate=1': its function must return a Variant. Received: 1"),
        (3, {"rate": [1]}, "`grid` needs a Variant, or a function that returns one. Received: make=3"),
    ],
)
def test_what_is_no_grid_is_refused_with_the_axis_or_the_point(make, axes, message):
    with pytest.raises(SpecError, match=message):
        grid(make, **axes)


def test_a_function_may_have_an_argument_called_make():
    assert list(grid(lambda make: BASE.but(epochs=make), make=[1, 2])) == ["make=1", "make=2"]
