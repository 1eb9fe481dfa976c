"""Which factors variants are all combinations of, told by their settings."""

import pytest

from cnnjobs import SGD, Adam, Augment, CosineDecay, CrossEntropy, Focal, Variant, grid, vgg
from cnnjobs.comparison.factors import Factor, factorial_of
from cnnjobs.planning.identity import canonical

BASE = Variant(model=vgg(blocks=2))

MOVED = Augment(flip="horizontal", shift=0.1)

BY_HAND = {
    "baseline": BASE,
    "dropout": BASE.but(model=vgg(blocks=2, dropout=0.2)),
    "augmentation": BASE.but(augment=MOVED),
    "dropout + augmentation": BASE.but(model=vgg(blocks=2, dropout=0.2), augment=MOVED),
}


def found(variants, reference=None):
    """Return the factorial of variants, as it is read from `job.json`."""
    settings = {name: canonical(variant) for name, variant in variants.items()}
    return factorial_of(settings, reference or next(iter(variants)))


def test_a_grid_is_recognised_with_its_own_names():
    grown = found(grid(BASE, optimizer=[SGD(0.1), SGD(0.01), Adam()], augment=[None, MOVED]))
    assert [factor.name for factor in grown.factors] == ["optimizer", "augment"]
    assert grown.factors[0].levels == ("SGD 0.1", "SGD 0.01", "Adam 0.001")
    assert grown.cells["SGD 0.01, flip shift 0.1"] == (1, 1)


def test_so_are_merged_and_reordered_grids_and_those_with_names_of_ones_own():
    named = {"none": None, "moved": MOVED}
    both = grid(BASE, batch_size=[8], augment=named) | grid(BASE, batch_size=[16], augment=named)
    shuffled = {name: both[name] for name in sorted(both, reverse=True)}
    assert found(shuffled).factors[1] == Factor("augment", ("none", "moved")) or found(shuffled).factors[0].levels
    assert {factor.levels for factor in found(shuffled).factors} == {
        ("batch_size=8", "batch_size=16"),
        ("none", "moved"),
    }


def test_variants_that_were_written_by_hand_are_named_by_their_settings():
    assert found(BY_HAND).factors == (
        Factor("model", ("dropout=0.0", "dropout=0.2")),
        Factor("augment", ("no augmentation", "flip shift 0.1")),
    )
    other = found(BY_HAND, "dropout + augmentation")
    assert [factor.levels[0] for factor in other.factors] == ["dropout=0.2", "flip shift 0.1"]
    assert other.cells["baseline"] == (1, 1), "levels count from that of the reference"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([{"dropout": d, "weight_decay": w} for d in (0, 0.2) for w in (0, 0.001, 0.01)], ["dropout", "weight_decay"]),
        ([{"blocks": b, "dropout": d} for b in (1, 2) for d in (0, 0.3)], ["blocks", "dropout"]),
    ],
)
def test_options_of_a_network_are_factors_too(options, names):
    made = {f"v{place}": BASE.but(model=vgg(**one)) for place, one in enumerate(options)}
    assert [factor.name for factor in found(made).factors] == names


def test_hyperparameters_of_one_optimizer_are_factors_and_optimizers_of_two_kinds_are_one():
    crossed = [SGD(rate, momentum=momentum) for rate in (0.1, 0.01) for momentum in (0.0, 0.9)]
    assert [one.name for one in found(grid(BASE, optimizer=crossed)).factors] == ["learning_rate", "momentum"]
    mixed = grid(BASE, optimizer=[*crossed[:3], Adam()], xla=[False, True])
    assert [one.name for one in found(mixed).factors] == ["optimizer", "xla"]


def test_settings_that_change_together_are_one_factor():
    made = {
        f"{rate} {xla}": BASE.but(optimizer=SGD(rate), epochs=epochs, xla=xla)
        for rate, epochs in ((0.1, 5), (0.01, 50))
        for xla in (False, True)
    }
    assert found(made).factors[0] == Factor(
        "optimizer and epochs", ("learning_rate=0.1, epochs=5", "learning_rate=0.01, epochs=50")
    )


def test_levels_that_are_not_stored_because_they_are_neutral_have_their_names():
    made = grid(BASE, loss=[None, CrossEntropy(label_smoothing=0.1), Focal()], epochs=[3, 5])
    renamed = {f"v{place}": variant for place, variant in enumerate(made.values())}
    assert ("cross-entropy", "CrossEntropy label_smoothing=0.1", "Focal") in {
        factor.levels for factor in found(renamed).factors
    }


def test_three_factors_of_which_one_is_absent_by_default():
    made = grid(BASE, schedule=[None, CosineDecay()], epochs=[3, 5], tta=[None, "flip"])
    assert len(found(made).factors) == 3, "fields with their neutral value are not stored"


@pytest.mark.parametrize(
    "variants",
    [
        {"a": BASE},
        {"a": BASE, "b": BASE.but(epochs=3)},
        {"a": BASE, "b": BASE.but(epochs=3), "c": BASE.but(epochs=4), "d": BASE.but(epochs=5)},
        {name: BY_HAND[name] for name in list(BY_HAND)[:3]},
        BY_HAND | {"more": BASE.but(epochs=3)},
        {name: one.but(epochs=place + 1) for place, (name, one) in enumerate(BY_HAND.items())},
    ],
)
def test_what_is_no_full_factorial_of_two_factors_has_no_factors(variants):
    assert found(variants) is None


def test_a_store_without_settings_has_no_factors():
    assert factorial_of({name: {} for name in "abcd"}, "a") is None
