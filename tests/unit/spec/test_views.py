"""Test-time augmentation in a variant, and as a metric."""

import pytest

from cnnjobs import Job, Variant, tta, vgg
from cnnjobs.errors import SpecError, UserError
from cnnjobs.planning.identity import canonical
from cnnjobs.planning.trained_alike import trained_alike_notes
from cnnjobs.scoring.prediction_metrics import metric_named
from cnnjobs.spec import OwnViews

BASE = Variant(model=vgg())


def shifted(images, pixels=1):
    return [images]


def test_a_variant_without_has_the_identity_of_before():
    assert "tta" not in canonical(BASE)
    assert canonical(BASE.but(tta="flip"))["tta"] == "flip"
    own = canonical(BASE.but(tta=tta(shifted, pixels=2)))["tta"]
    assert (own["kind"], own["function"], own["options"]) == ("OwnViews", "shifted", {"pixels": 2})


def test_a_plain_function_is_views():
    assert BASE.but(tta=shifted).views == OwnViews(shifted)
    assert BASE.views is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BASE.but(tta="hflip"), r'`tta` must be "flip" or tta\(function, \.\.\.\).*Received: tta=\'hflip\''),
        (lambda: BASE.but(tta=True), "Received: tta=True"),
        (lambda: BASE.but(tta=["flip"]), r"Received: tta=\['flip'\]"),
        (lambda: BASE.but(tta=tta), "`function of views` must be"),
        (lambda: tta("flip"), r"`tta\(function\)` must be a plain function \(def\)"),
        (lambda: tta(shifted, by=2), r"`shifted` must be callable as shifted\(images, by=\.\.\.\)"),
    ],
)
def test_what_is_no_views_is_refused(make, said):
    with pytest.raises(SpecError, match=said):
        make()


def test_its_metrics_are_of_the_test_rows_and_only_those_that_are_stored():
    metric = metric_named("tta_accuracy")
    assert (metric.column, metric.words, metric.in_percent) == ("tta_accuracy", "test-time augmented accuracy", True)
    with pytest.raises(UserError, match=r"those of the test-time augmented rows are not stored"):
        metric_named("tta_macro_f1")


def test_variants_that_differ_in_it_alone_are_said_to_train_alike():
    variants = {
        "plain": BASE,
        "longer": BASE.but(epochs=20),
        "flip": BASE.but(tta="flip"),
        "own": BASE.but(tta=shifted),
    }
    notes = list(trained_alike_notes(Job(name="a", dataset="digits", variants=variants)))
    assert [note.split(",")[0] for note in notes] == [
        "'flip' trains to the same bits as 'plain'",
        "'own' trains to the same bits as 'plain'",
    ]
    assert not [*trained_alike_notes(Job(name="a", dataset="digits", variants={"a": BASE, "b": BASE.but(epochs=2)}))]
