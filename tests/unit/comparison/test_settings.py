"""Settings of variants in the field's terms: what differs is told from what all have in common, and nothing is lost."""

import json
from dataclasses import replace

import pytest
from support.stores import stored_job

from cnnjobs import (
    SGD,
    Adam,
    Augment,
    CosineDecay,
    EarlyStopping,
    MixUp,
    RandAugment,
    Variant,
    cnn,
    custom,
    resnet,
    vgg,
)
from cnnjobs.comparison.settings import settings_of
from cnnjobs.planning.identity import canonical

BASE = Variant(model=vgg(blocks=2, filters=8, dense=16), optimizer=SGD(0.01, momentum=0.9), epochs=5)


def told(**variants):
    """The settings of variants that differ, and those in common: term -> values, term -> value."""
    job = stored_job("job", {name: name for name in variants})
    stored = {
        name: replace(job.variants[name], settings=json.loads(json.dumps(canonical(variant))))
        for name, variant in variants.items()
    }
    found = settings_of(replace(job, variants=stored))
    differing = {setting.term: dict(setting.values) for setting in found if setting.differs}
    return differing, {setting.term: setting.common for setting in found if not setting.differs}


def test_one_rate_and_an_augmentation_are_all_that_differs():
    regularized = BASE.but(model=vgg(blocks=2, filters=8, dense=16, dropout=0.2), augment=Augment(zoom=0.1))
    differing, common = told(a=BASE, b=regularized)
    assert differing == {"dropout rate": {"a": "0", "b": "0.2"}, "augmentation": {"a": "none", "b": "zoom 0.1"}}
    assert common["network"] == "CNN"
    assert common["filters of convolutions"] == "8, 8 / 16, 16"
    assert (common["optimizer"], common["learning rate"], common["momentum"]) == ("SGD", "0.01", "0.9")
    assert (common["epochs"], common["batch size"], common["scaling of pixels"]) == ("5", "32", "to [0, 1]")


def test_rates_of_each_layer_are_told():
    differing, _ = told(a=BASE, b=BASE.but(model=vgg(blocks=2, filters=8, dense=16, dropout=(0.2, 0.3, 0.4))))
    assert differing == {"dropout rate": {"a": "0", "b": "0.2, 0.3, 0.4"}}


def test_what_only_one_optimizer_has_is_no_difference_between_variants():
    differing, common = told(a=BASE, b=BASE.but(optimizer=Adam(0.001)), c=BASE.but(optimizer=Adam(0.002)))
    assert differing == {
        "optimizer": {"a": "SGD", "b": "Adam", "c": "Adam"},
        "learning rate": {"a": "0.01", "b": "0.001", "c": "0.002"},
    }
    assert common["momentum"] == "0.9"
    assert common["beta 1"] == "0.9"


def test_networks_of_two_kinds():
    differing, _ = told(a=BASE, b=BASE.but(model=resnet(depth=8)))
    assert differing["network"] == {"a": "CNN", "b": "ResNet"}
    assert "filters of convolutions" not in differing, "a ResNet has no such setting"


def test_a_setting_that_is_left_out_while_it_has_its_default():
    differing, _ = told(a=BASE, b=BASE.but(clip_norm=1.0, accumulate=4), c=BASE.but(optimizer=SGD(0.01, momentum=0.9)))
    assert differing == {
        "gradient clipping, norm": {"a": "none", "b": "1", "c": "none"},
        "gradient accumulation, steps": {"a": "1", "b": "4", "c": "1"},
    }


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"augment": Augment(flip="horizontal", shift=0.1, rotation=10)}, "horizontal flip, shift 0.1, rotation 10°"),
        ({"augment": (RandAugment(), MixUp(alpha=0.2))}, "RandAugment (n 2, magnitude 9) + MixUp (alpha 0.2)"),
        ({"callbacks": (EarlyStopping(patience=3),)}, "EarlyStopping (patience 3, monitor val_loss)"),
        ({"augment": Augment(zoom=0.2, fill="reflect", probability=0.5)}, "zoom 0.2, fill reflect, probability 0.5"),
        ({"schedule": CosineDecay()}, "CosineDecay"),
        ({"class_weight": {"0": 2.0}}, "0: 2"),
        ({"watch": ("macro_f1",)}, "macro_f1"),
    ],
)
def test_values_in_words(setting, words):
    (values,) = (values for term, values in told(a=BASE, b=BASE.but(**setting))[0].items() if " of the " not in term)
    assert values == {"a": "none", "b": words}


def one(input_shape, classes, width=4):
    """A network of somebody's own."""
    raise NotImplementedError(input_shape, classes, width)


def other(input_shape, classes, width=4):
    """Another one."""
    raise NotImplementedError(input_shape, classes, width, "changed")


def test_functions_of_one_name_with_other_code_are_told_apart():
    other.__name__ = "one"
    differing, _ = told(a=BASE.but(model=custom(one, width=4)), b=BASE.but(model=custom(other, width=4)))
    assert list(differing) == ["code of the network"]
    assert len(set(differing["code of the network"].values())) == 2


def test_no_two_terms_are_alike_in_one_job():
    everything = BASE.but(model=cnn(blocks=((4,),), dense=(8,), weight_decay=0.1), callbacks=(EarlyStopping(),))
    job = stored_job("job", {"a": "a"})
    stored = {"a": replace(job.variants["a"], settings=json.loads(json.dumps(canonical(everything))))}
    terms = [setting.term for setting in settings_of(replace(job, variants=stored))]
    assert len(terms) == len(set(terms))
