"""Losses and weights of classes in a variant: what may be given, and what people bring from elsewhere."""

import numpy as np
import pytest

from cnnjobs import CrossEntropy, CutMix, Focal, MixUp, Variant, loss, vgg
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical, digest
from cnnjobs.spec.class_weights import check_class_names

BASE = Variant(model=vgg())


def own(labels, outputs, width=1.0):
    return outputs[:, 0] * width


def twice(labels, outputs):
    return outputs[:, 0] * 2


def test_cross_entropy_without_smoothing_is_the_setting_of_those_that_name_no_loss():
    for given in (None, CrossEntropy(), CrossEntropy(label_smoothing=0)):
        variant = BASE.but(loss=given)
        assert variant == BASE
        assert digest(variant) == digest(BASE)
    assert "loss" not in canonical(BASE)
    assert "class_weight" not in canonical(BASE)


def test_a_loss_and_weights_of_classes_are_in_the_identity():
    changed = [
        BASE,
        *(BASE.but(loss=one) for one in (CrossEntropy(label_smoothing=0.1), Focal(), Focal(gamma=1), own, twice)),
        *(BASE.but(loss=loss(own, **options)) for options in ({"of": "logits"}, {"labels": "one-hot"}, {"width": 2})),
        *(BASE.but(class_weight=weights) for weights in ("balanced", {"a": 2, "b": 1}, {"a": 2})),
    ]
    assert len({digest(one) for one in changed}) == len(changed)


def test_equal_settings_are_equal_however_they_are_written():
    assert BASE.but(loss=own) == BASE.but(loss=loss(own))
    assert digest(BASE.but(class_weight={"b": 1, "a": 2})) == digest(BASE.but(class_weight={"a": 2.0, "b": 1.0}))
    assert digest(BASE.but(class_weight={"a": np.float32(2)})) == digest(BASE.but(class_weight={"a": 2}))
    assert digest(BASE.but(loss=Focal(gamma=2))) == digest(BASE.but(loss=Focal(gamma=2.0)))


class Reduced:
    """A loss object as users derive them, with what Keras's have."""

    reduction = "sum_over_batch_size"


class CategoricalCrossentropy:
    """Stands for Keras's, which unit tests do not import."""

    __module__ = "keras.src.losses.losses"
    reduction = "sum_over_batch_size"

    def get_config(self):
        return {"label_smoothing": 0.1, "from_logits": True}


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """The same."""

    __module__ = "keras.src.losses.losses"

    def get_config(self):
        return {"label_smoothing": 0, "gamma": 3.0, "alpha": 0.25}


class KLDivergence(CategoricalCrossentropy):
    """The same."""

    __module__ = "keras.src.losses.losses"

    def get_config(self):
        return {}


class BCELoss(Reduced):
    """Stands for PyTorch's."""

    __module__ = "torch.nn.modules.loss"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("categorical_crossentropy", r"Received: loss='categorical_crossentropy'. Use CrossEntropy\(\): labels may be"),
        ("sparse_categorical_crossentropy", r"Use CrossEntropy\(\)"),
        ("CategoricalCrossentropy", r"Use CrossEntropy\(\)"),
        ("cross-entropy", r"Use CrossEntropy\(\)"),
        ("focal", r"Use Focal\(gamma=2.0\)."),
        ("binary_crossentropy", r"Use CrossEntropy\(\): of two classes that is the same."),
        ("mse", r'Use a function of your own for another loss: loss\(mse, labels="one-hot"\)'),
        (CategoricalCrossentropy(), r"Use CrossEntropy\(label_smoothing=0.1\)"),
        (CategoricalFocalCrossentropy(), r"Use Focal\(gamma=3.0, alpha=0.25\)."),
        (
            KLDivergence(),
            r"def own\(labels, outputs\): import keras; return keras.losses.KLDivergence\(reduction=None\)"
            r'\(labels, outputs\); and loss\(own, labels="one-hot"\)',
        ),
        (BCELoss(), r"Use CrossEntropy\(\): of two classes"),
        (Reduced(), r"return Reduced\(reduction=None\)\(labels, outputs\)"),
        (Focal, r"must be CrossEntropy\(\.\.\.\), Focal\(\.\.\.\).*Write Focal\(\.\.\.\)"),
        (loss, r"must be a loss, not the function that describes one: write loss\(\.\.\.\)"),
        (0.1, "Received: loss=0.1"),
        (lambda labels: labels, r"must be callable as <lambda>\(labels, outputs\)"),
    ],
)
def test_what_people_bring_is_refused_with_what_to_use(given, said):
    with pytest.raises(SpecError, match=said):
        BASE.but(loss=given)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: CrossEntropy(label_smoothing=1),
            "`CrossEntropy.label_smoothing` must be a number at least 0 and below 1",
        ),
        (lambda: CrossEntropy(label_smoothing=-0.1), "Received: label_smoothing=-0.1"),
        (lambda: Focal(gamma=-1), "`Focal.gamma` must be a number at least 0"),
        (lambda: Focal(gamma=float("nan")), "Received: gamma=nan"),
        (lambda: Focal(alpha=0), "`Focal.alpha` must be a number above 0"),
        (lambda: Focal(alpha=[0.25, 0.75]), r'one number for all classes.*class_weight=\{"cat": 0.25, \.\.\.\}'),
        (lambda: loss(own, of="softmax"), "`loss.of` must be one of 'probabilities', 'logits'. Received: of='softmax'"),
        (lambda: loss(own, labels="sparse"), "`loss.labels` must be one of 'numbers', 'one-hot'"),
        (lambda: loss(own, height=1), r"`own` must be callable as own\(labels, outputs, height=\.\.\.\)"),
        (lambda: loss("mse"), r"`loss\(function\)` must be a plain function \(def\)"),
        (lambda: loss(KLDivergence()), r"must be a function of yours.*KLDivergence\(reduction=None\)"),
    ],
)
def test_settings_of_losses_are_checked(make, said):
    with pytest.raises(SpecError, match=said):
        make()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("auto", r'`class_weight` must be "balanced", a dict of the weights of classes by their names'),
        (True, "Received: class_weight=True"),
        ({}, r"Received: class_weight=\{\}"),
        ([1.0, 2.0], r"A list of weights does not say which class each belongs to: class_weight=\{"),
        (np.ones(2), "A list of weights does not say"),
        ({0: 1.0, 1: 5.0}, r"must name classes by their names, as text.*such names: '0'"),
        ({"cat": -1}, r"`class_weight\['cat'\]` must be a number at least 0. Received: class_weight\['cat'\]=-1"),
        ({"cat": float("nan")}, "=nan"),
        ({"cat": float("inf")}, "=inf"),
        ({"cat": "2"}, "='2'"),
    ],
)
def test_weights_of_classes_are_checked(given, said):
    with pytest.raises(SpecError, match=said):
        BASE.but(class_weight=given)


def test_weights_name_classes_that_there_are():
    check_class_names("v", {"cat": 2.0}, ("cat", "dog"))
    check_class_names("v", "balanced", ("cat", "dog"))
    with pytest.raises(
        SpecError,
        match=r"Variant 'v': `class_weight` must name classes of the data set. Received: bird. Its classes: cat, dog. ",
    ):
        check_class_names("v", {"cat": 2.0, "bird": 1.0}, ("cat", "dog"))
    check_class_names("v", {"cat": 0.0}, ("cat", "dog"))
    with pytest.raises(SpecError, match="must leave a class that counts"):
        check_class_names("v", {"cat": 0.0, "dog": 0.0}, ("cat", "dog"))


@pytest.mark.parametrize("mixing", [MixUp(), CutMix()])
def test_mixed_images_have_soft_labels_and_no_class_that_could_be_weighed(mixing):
    with pytest.raises(SpecError, match=r"`class_weight` and (MixUp|CutMix) exclude each other"):
        BASE.but(augment=mixing, class_weight="balanced")
    with pytest.raises(SpecError, match=r'must take soft labels.* Use loss\(own, labels="one-hot"\)'):
        BASE.but(augment=mixing, loss=own)
    for fitting in (Focal(), CrossEntropy(label_smoothing=0.1), loss(own, labels="one-hot")):
        assert BASE.but(augment=mixing, loss=fitting).minimised == fitting
