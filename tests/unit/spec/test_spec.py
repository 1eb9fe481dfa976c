"""Specs check themselves, and say which argument, what was expected, what came, what to do."""

import dataclasses
import re

import pytest

from cnnjobs import (
    SGD,
    Adam,
    Augment,
    BestWeights,
    CosineDecay,
    EarlyStopping,
    ImageFolder,
    Job,
    Nadam,
    Npz,
    ReduceLROnPlateau,
    RMSprop,
    Variant,
    callback,
    cnn,
    custom,
    mlp,
    small_cnn,
    vgg,
    vgg16,
)
from cnnjobs.errors import SpecError

BASE = Variant(model=vgg())


def job(**changes):
    return Job(**({"name": "a", "dataset": "digits", "variants": {"base": BASE}} | changes))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: job(repeats=0), "`repeats` must be a whole number of at least 1. Received: repeats=0."),
        (lambda: job(repeats=True), "`repeats` must be a whole number"),
        (lambda: job(repeats=2.0), "`repeats` must be a whole number"),
        (lambda: job(folds=1), "`folds` must be .* at least 2. Received: folds=1. Use `validation=0.2`"),
        (lambda: job(folds=5, validation="test"), "exclude each other"),
        (lambda: job(validation=0), "`validation` must be a number above 0 and below 1. Received: validation=0"),
        (
            lambda: job(validation="val"),
            "`validation` must be one of 'auto', 'own', 'test'. Received: validation='val'",
        ),
        (lambda: job(seed=-1), "`seed` must be"),
        (lambda: job(name="../up"), "`name` must be 1 to 100 letters"),
        (lambda: job(name=""), "`name` must be"),
        (lambda: job(vary=("weather",)), "`vary` must be one of 'split', 'init'"),
        (lambda: job(variants={}), "`variants` must name at least one Variant"),
        (lambda: job(variants={"": BASE}), "printable names"),
        (lambda: job(variants={"a": vgg()}), r"`variants\['a'\]` must be a Variant"),
        (lambda: Variant(model="vgg"), r"`model` must be vgg\(\.\.\.\)"),
        (lambda: Variant(model=vgg(), epochs=0), "`epochs` must be a whole number of at least 1. Received: epochs=0"),
        (lambda: Variant(model=vgg(), batch_size=-4), "`batch_size` must be"),
        (lambda: Variant(model=vgg(), optimizer="adam"), r"`optimizer` must be SGD\(\.\.\.\), RMSprop\(\.\.\.\), Adam"),
        (lambda: Variant(model=vgg(), scaling="255"), "`scaling` must be one of 'unit'"),
        (
            lambda: BASE.but(epoch=3),
            r"`Variant.but\(epoch=...\)`: there is no such argument. Near it: epochs. It has",
        ),
        (lambda: SGD(0), "`SGD.learning_rate` must be a number above 0. Received: learning_rate=0"),
        (lambda: SGD(float("nan")), "`SGD.learning_rate` must be a number above 0"),
        (lambda: SGD(0.1, momentum=1), "`SGD.momentum` must be a number at least 0 and below 1"),
        (lambda: Adam(beta_1=1.5), "`Adam.beta_1`"),
        (lambda: Augment(), "`Augment` must change something"),
        (lambda: Augment(flip="up"), "`Augment.flip` must be one of"),
        (lambda: Augment(shift=1.0), "`Augment.shift` must be a number at least 0 and below 1"),
        (lambda: Augment(shift=0.1, fill="mirror"), "`Augment.fill` must be one of 'nearest'"),
        (lambda: vgg(blocks=0), "`vgg.blocks` must be"),
        (lambda: vgg(blocks=2, dropout=(0.1, 0.2)), "`vgg.dropout` must be one rate, or 3 rates for 2 blocks"),
        (lambda: vgg(dropout=1.0), "`vgg.dropout` must be a number at least 0 and below 1"),
        (lambda: small_cnn(filters=()), "`small_cnn.filters` must name the filters of at least one"),
        (lambda: custom(len), "must be a plain function"),
        (lambda: Variant(model=vgg), r"must be a model, not the function that describes one: write vgg\(...\)"),
        (lambda: custom(lambda shape: None), r"must be callable as <lambda>\(input_shape, classes\)"),
        (lambda: custom(lambda shape, classes: None, w=1), r"callable as <lambda>\(input_shape, classes, w=...\)"),
        (lambda: SGD(0.1, nesterov="no"), "`SGD.nesterov` must be True or False. Received: nesterov='no'"),
        (lambda: vgg(batch_norm="False"), "`vgg.batch_norm` must be True or False"),
        (lambda: SGD(10**400), "`SGD.learning_rate` must be a number above 0"),
        (lambda: EarlyStopping(patience=0), "`EarlyStopping.patience` must be a whole number of at least 1"),
        (
            lambda: EarlyStopping(monitor="lr"),
            "`EarlyStopping.monitor` must be one of 'val_loss', 'val_accuracy', 'val_mse'",
        ),
        (lambda: BestWeights(monitor="best"), "`BestWeights.monitor` must be one of"),
        (lambda: ReduceLROnPlateau(factor=1), "`ReduceLROnPlateau.factor` must be a number above 0 and below 1"),
        (lambda: callback(len), "`callback.function.` must be a plain function"),
        (lambda: callback(lambda: None), r"must be callable as <lambda>\(trial\)"),
        (lambda: BASE.but(callbacks="early"), r"`callbacks` must be EarlyStopping\(...\), BestWeights"),
        (lambda: BASE.but(schedule="cosine"), r"`schedule` must be CosineDecay\(...\)"),
        (lambda: BASE.but(precision="float64"), "`precision` must be one of 'float32', 'bfloat16', 'float16'"),
        (lambda: BASE.but(xla=1), "`xla` must be True or False"),
        (
            lambda: BASE.but(schedule=CosineDecay(), callbacks=ReduceLROnPlateau()),
            "`schedule` and `ReduceLROnPlateau` exclude each other: both set the learning rate",
        ),
        (lambda: small_cnn(filters=32), "`small_cnn.filters` must name the filters"),
        (lambda: mlp(dense=()), "`mlp.dense` must name the units of at least one layer"),
        (lambda: cnn(blocks=(32, 64), dense=()), r"`cnn.blocks` must be a tuple of whole numbers, such as \(64, 64\)"),
        (lambda: cnn(blocks=((32,), ()), dense=()), "`cnn.blocks` must have a convolution in each block"),
        (lambda: cnn(blocks=((8,),), dense=(4,), pool=(2, 2)), "`cnn.pool` must be one side, or one for each of 1"),
        (lambda: cnn(blocks=((8,),), dense=(4, 4), dropout=(0.1,)), "3 rates for 1 blocks and 2 dense layers"),
        (lambda: cnn(blocks=((8,),), dense=(4,), padding="full"), "`cnn.padding` must be one of 'valid', 'same'"),
        (lambda: vgg16(trainable_blocks=6), "`vgg16.trainable_blocks` must be a whole number of at most 5"),
        (lambda: vgg16(weights=None), "starts at random, so all blocks must be trained. .* Use trainable_blocks=5"),
        (lambda: vgg16(weights=3), '`vgg16.weights` must be "imagenet", a path or None'),
        (lambda: BASE.but(model=vgg16(), scaling="center"), "Received: scaling='center'. Use scaling=\"unit\""),
        (lambda: RMSprop(rho=1), "`RMSprop.rho` must be a number at least 0 and below 1"),
        (lambda: Nadam(beta_1=1.5), "`Nadam.beta_1`"),
        (lambda: job(gpus_per_trial=-1), "`gpus_per_trial` must be a number at least 0"),
        (lambda: job(gpus_per_trial="1"), "`gpus_per_trial` must be a number at least 0"),
        (lambda: job(gpus_per_trial=float("nan")), "`gpus_per_trial` must be a number"),
        (
            lambda: job(gpus_per_trial=1.5),
            "`gpus_per_trial` must be 0, a fraction of one GPU or a whole number of them. Received: gpus_per_trial=1.5",
        ),
        (
            lambda: job(gpus_per_trial=1, replicas=2),
            "`gpus_per_trial` must be 2, one for each of 2 replicas, or 0 for cores. Received: gpus_per_trial=1.",
        ),
        (lambda: job(gpus_per_trial=4, replicas=2), "`gpus_per_trial` must be 2, one for each of 2 replicas"),
        (lambda: job(stratify="no"), "`stratify` must be True or False"),
        (lambda: job(keep="weights"), "`keep` must be one of None, 'state'"),
        (lambda: vgg(filters=10**12), "`vgg.filters` must be a whole number of at most 100000"),
        (lambda: job(repeats=10**6), "`repeats` must be a whole number of at most 10000"),
        (lambda: job(vary="init"), "`vary` must be a tuple of names"),
        (lambda: job(vary=None), "`vary` must be a tuple of names"),
        (lambda: job(variants={"a ": BASE}), "without spaces at their ends"),
        (lambda: ImageFolder(None), "`ImageFolder.path` must be a name, a path or a URI"),
        (lambda: ImageFolder("x", size=(3,)), r"must be one side or \(height, width\)"),
        (lambda: ImageFolder("x", size=0), "`ImageFolder.size` must be"),
        (lambda: ImageFolder("x", color="cmyk"), "`ImageFolder.color` must be one of"),
        (lambda: Npz("x", test=1), "`Npz.test` must be a number above 0 and below 1"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_name(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_sources_that_vary_can_come_from_a_generator():
    assert job(vary=(name for name in ("init", "order"))).vary == ("init", "order")


def test_variants_may_have_repeats_and_sources_of_chance_of_their_own():
    base = Variant(model=vgg())
    both = {"a": base, "b": base.but(epochs=3)}
    own = job(variants=both, repeats={"b": 2, "a": 7}, vary={"a": ["init"], "b": ()})
    assert (own.repeats_of("a"), own.repeats_of("b")) == (7, 2)
    assert (own.vary_of("a"), own.vary_of("b")) == (("init",), ())
    assert job(variants=both, repeats=4).repeats_of("b") == 4
    with pytest.raises(
        SpecError, match=r"`repeats` must have a value for each variant: a, b\. Received: values for a\."
    ):
        job(variants=both, repeats={"a": 7})
    with pytest.raises(SpecError, match="`vary` must be one of 'split'"):
        job(variants=both, vary={"a": ["weather"], "b": ()})


@pytest.mark.parametrize(
    ("given", "replicas"),
    [
        ({"gpus_per_trial": 4}, 4),
        ({"gpus_per_trial": 4, "replicas": 4}, 4),
        ({"gpus_per_trial": 0, "replicas": 4}, 4),
        ({"gpus_per_trial": 0.25}, 1),
        ({"gpus_per_trial": 1}, 1),
    ],
)
def test_several_gpus_a_trial_are_as_many_replicas(given, replicas):
    assert job(**given).replicas == replicas
    assert job(**given).gpus_per_trial == given["gpus_per_trial"]


def test_replicas_that_gpus_made_change_with_them_and_written_ones_stay():
    assert job(gpus_per_trial=4).but(gpus_per_trial=0.5).replicas == 1
    assert job(gpus_per_trial=4).but(repeats=2).but(gpus_per_trial=2).replicas == 2
    assert job(gpus_per_trial=4).but(repeats=2) == job(gpus_per_trial=4, repeats=2)
    assert job(gpus_per_trial=4, replicas=4).but(gpus_per_trial=0).replicas == 4
    with pytest.raises(SpecError, match="one for each of 4 replicas"):
        job(gpus_per_trial=4, replicas=4).but(gpus_per_trial=1)


def test_specs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        BASE.epochs = 3


def test_but_changes_only_what_it_names():
    changed = BASE.but(epochs=7)
    assert changed == dataclasses.replace(BASE, epochs=7)
    assert BASE.epochs == 10


def test_one_dropout_rate_stands_for_all_places():
    assert vgg(blocks=2, dropout=0.2).options["dropout"] == (0.2, 0.2, 0.2)


def test_a_plain_function_is_a_model():
    def net(input_shape, classes):
        return None

    assert Variant(model=net).network == custom(net)


def test_one_callback_need_not_be_a_tuple():
    assert BASE.but(callbacks=BestWeights()).callbacks == (BestWeights(),)
    assert BASE.but(callbacks=[BestWeights(), EarlyStopping()]).callbacks == (BestWeights(), EarlyStopping())


def test_the_first_variant_is_the_reference():
    assert job(variants={"b": BASE, "a": BASE.but(epochs=3)}).reference == "b"


def test_messages_end_with_a_full_stop():
    with pytest.raises(SpecError) as caught:
        job(repeats=0)
    assert re.search(r"\.$", str(caught.value))
