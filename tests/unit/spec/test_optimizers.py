"""Optimizers and what surrounds them check themselves, and stay out of the identity while they are neutral."""

import pytest

from cnnjobs import SGD, Adagrad, Adam, AdamW, CosineDecay, Job, Lion, Muon, Variant, optimizer, vgg
from cnnjobs.errors import SpecError
from cnnjobs.planning.trials import make_plan
from cnnjobs.spec import CustomOptimizer

BASE = Variant(model=vgg())


def own(rate=0.1):
    raise NotImplementedError


def other(rate=0.1):
    raise NotImplementedError(rate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: AdamW(weight_decay=-1),
            "`AdamW.weight_decay` must be a number at least 0. Received: weight_decay=-1.",
        ),
        (lambda: SGD(decay_all=True), "`SGD.decay_all` needs a weight decay. Received: decay_all=True with weight_d"),
        (lambda: AdamW(decay_all=1), "`AdamW.decay_all` must be True or False. Received: decay_all=1."),
        (lambda: SGD(weight_decay="5e-4"), "`SGD.weight_decay` must be a number at least 0"),
        (lambda: Lion(beta_1=0), "`Lion.beta_1` must be a number above 0 and below 1. Received: beta_1=0."),
        (lambda: Muon(steps=0), "`Muon.steps` must be a whole number of at least 1. Received: steps=0."),
        (lambda: Adagrad(epsilon=0), "`Adagrad.epsilon` must be a number above 0. Received: epsilon=0."),
        (lambda: optimizer(own, lr=1), r"`own` must be callable as own\(lr=\.\.\.\). Received: a function of"),
        (lambda: optimizer("adam"), r"`optimizer\(function\)` must be a plain function \(def\)"),
        (
            lambda: BASE.but(optimizer=optimizer),
            "`optimizer` must be an optimizer, not the function that describes",
        ),
        (lambda: BASE.but(clip_norm=0), "`clip_norm` must be a number above 0. Received: clip_norm=0."),
        (lambda: BASE.but(clip_value=-1), "`clip_value` must be a number above 0. Received: clip_value=-1."),
        (lambda: BASE.but(clip_norm=1, clip_value=1), "`clip_norm` and `clip_value` exclude each other: both bound"),
        (lambda: BASE.but(ema=1), "`ema` must be a number above 0 and below 1. Received: ema=1."),
        (lambda: BASE.but(ema=True), "`ema` must be a number above 0 and below 1. Received: ema=True."),
        (lambda: BASE.but(accumulate=0), "`accumulate` must be a whole number of at least 1. Received: accumulate=0."),
        (lambda: BASE.but(accumulate=2.0), "`accumulate` must be a whole number of at least 1"),
    ],
)
def test_wrong_values_are_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()


class Adamish:
    """Stands for an optimizer of another library."""


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("adam", r"Received: optimizer='adam'. Write Adam\(...\)."),
        ("sgdm", r"Received: optimizer='sgdm'."),
        (Adam, r"Write Adam\(...\)."),
        (3, "Received: optimizer=3."),
        (
            ("Adam", "keras.src.optimizers.adam"),
            r"Write Adam\(...\) of cnnjobs, or return it from a function, which is",
        ),
        (("Lamb", "keras.src.optimizers.lamb"), r"Return it from a function, .* optimizer\(my_function\)."),
        (("AdamW", "torch.optim.adamw"), r"Write AdamW\(...\) of cnnjobs, or return one of keras.optimizers from a"),
        (("SGD", "tf_keras.src.optimizers.legacy"), r"Write SGD\(...\) of cnnjobs, or return one of keras.optimizers"),
    ],
)
def test_other_libraries_optimizers_are_refused_with_what_to_write(value, advice):
    if isinstance(value, tuple):
        value = type(value[0], (Adamish,), {"__module__": value[1]})()
    with pytest.raises(SpecError, match=r"`optimizer` must be SGD\(...\), .* or optimizer\(function\). .*" + advice):
        BASE.but(optimizer=value)


def test_a_plain_function_is_an_optimizer_of_ones_own():
    assert BASE.but(optimizer=own).optimizer == optimizer(own) == CustomOptimizer(own)


def test_each_setting_is_part_of_the_identity_unless_it_is_neutral():
    changed = {
        "decayed": BASE.but(optimizer=SGD(0.01, weight_decay=0.1)),
        "all decayed": BASE.but(optimizer=SGD(0.01, weight_decay=0.1, decay_all=True)),
        "own": BASE.but(optimizer=own),
        "its option": BASE.but(optimizer=optimizer(own, rate=0.2)),
        "other": BASE.but(optimizer=other),
        **{name: BASE.but(**{name: 0.5}) for name in ("clip_norm", "clip_value", "ema")},
        "accumulate": BASE.but(accumulate=2),
    }
    neutral = BASE.but(clip_norm=None, clip_value=None, ema=None, accumulate=1)

    def ids(variants):
        job = Job(name="a", dataset="digits", repeats=1, variants=variants)
        return {trial.variant: trial.trial_id for trial in make_plan(job, "digits").trials}

    found = ids({"base": BASE, **changed})
    assert len(set(found.values())) == len(found)
    assert ids({"base": neutral})["base"] == found["base"]
    sgd, undecayed = ({"base": BASE.but(optimizer=one)} for one in (SGD(0.01), SGD(0.01, weight_decay=0)))
    assert ids(sgd) == ids(undecayed)


class ExponentialDecay:
    """Looks like a schedule of Keras's: an object that is called with a step."""

    def __call__(self, step):
        return 0.1


@pytest.mark.parametrize("rate", [ExponentialDecay(), lambda step: 0.1, CosineDecay()])
@pytest.mark.parametrize("make", [SGD, Adam, AdamW, Muon])
def test_a_schedule_in_place_of_a_learning_rate_is_told_where_it_belongs(make, rate):
    with pytest.raises(SpecError, match=rf"`{make.__name__}.learning_rate` must be a number.*schedule=CosineDecay"):
        make(rate)
