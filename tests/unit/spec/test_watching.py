"""Metrics that variants watch and callbacks monitor: which names mean one, and what is refused."""

import subprocess
import sys

import pytest

from cnnjobs import BestWeights, EarlyStopping, Job, ReduceLROnPlateau, Variant, metric, small_cnn
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical
from cnnjobs.planning.trials import make_plan

BASE = Variant(model=small_cnn())


def f2(labels, probabilities):
    return float((probabilities.argmax(axis=1) == labels).mean())


def other(labels, probabilities):
    return 0.0


@pytest.mark.parametrize(
    ("watch", "kept"),
    [
        ("macro_f1", ("macro_f1",)),
        (["mcc", "macro_f1", "val_mcc"], ("macro_f1", "mcc")),
        (("recall['a cat']", 'recall["a cat"]', "recall[a cat]"), ("recall[a cat]",)),
        (("accuracy", "val_loss", "top5_accuracy", "top3_accuracy"), ("top3_accuracy",)),
        ((), ()),
    ],
    ids=str,
)
def test_names_are_kept_once_in_order_and_without_what_is_followed_in_any_case(watch, kept):
    assert BASE.but(watch=watch).watch == kept


def test_what_callbacks_monitor_is_watched():
    own = metric(f2, higher_is_better=True)
    callbacks = (EarlyStopping(monitor="val_auroc"), BestWeights(monitor=own), ReduceLROnPlateau())
    variant = BASE.but(watch=("mcc", "auroc"), callbacks=callbacks)
    assert variant.watch == ("auroc", "mcc")
    assert list(variant.watched) == ["val_auroc", "val_f2", "val_mcc"]
    assert not BASE.but(callbacks=EarlyStopping(monitor="objective")).watched


NEAR = {
    "val_f1": "macro_f1, weighted_f1, f1[CLASS]",
    "f1_score": "macro_f1, weighted_f1, f1[CLASS]",
    "AUC": "auroc",
    "val_auc": "auroc",
    "Precision": "macro_precision, precision[CLASS]",
    "f1_macro": "macro_f1",
    "valid_accuracy": "balanced_accuracy, accuracy, top5_accuracy",
    "top0_accuracy": "top5_accuracy, topK_accuracy, top3_accuracy",
}


@pytest.mark.parametrize("name", NEAR)
def test_names_of_other_programs_are_refused_with_those_that_come_near(name):
    with pytest.raises(SpecError) as refused:
        BASE.but(watch=(name,))
    assert str(refused.value).endswith(f"Received: {name!r}. Near it: {NEAR[name]}.")
    for kind in (EarlyStopping, BestWeights, ReduceLROnPlateau):
        with pytest.raises(SpecError, match=f"`{kind.__name__}.monitor` must be one of") as refused:
            kind(monitor=name)
        assert f"Near it, with val_ before it: {NEAR[name]}." in str(refused.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BASE.but(watch=("test_mcc",)), r"Received: 'test_mcc', of the test rows. Use 'mcc'. .*`aggregate`"),
        (lambda: BASE.but(watch=("train_mcc",)), "must be metrics of the validation rows"),
        (lambda: BASE.but(watch=3), "`watch` must be a tuple of names of metrics"),
        (lambda: BASE.but(watch=(f2,)), r"Use watch=\(metric\(f2, higher_is_better=True\),\)"),
        (lambda: BASE.but(watch=(metric(max, higher_is_better=True),)), r"must be a plain function \(def\)"),
        (lambda: EarlyStopping(monitor="macro_f1"), "not computed of the training rows. Use monitor='val_macro_f1'"),
        (lambda: EarlyStopping(monitor=f2), r"Use monitor=metric\(f2, higher_is_better=True\)"),
        (lambda: EarlyStopping(monitor="test_accuracy"), "must be one of 'val_loss'"),
        (
            lambda: BASE.but(
                watch=[metric(f2, higher_is_better=True, name="x"), metric(other, higher_is_better=True, name="x")]
            ),
            "two different ones called 'x'. Use metric\\(..., name='other_x'\\)",
        ),
        (
            lambda: (
                BASE.but(
                    watch=metric(f2, higher_is_better=True),
                    callbacks=EarlyStopping(monitor=metric(f2, higher_is_better=False)),
                ).watched
            ),
            "two different ones called 'f2'",
        ),
    ],
)
def test_what_is_no_metric_of_validation_rows_is_refused(make, words):
    with pytest.raises(SpecError, match=words):
        make()


def ids(variant):
    plan = make_plan(Job(name="a", dataset="digits", repeats=1, variants={"v": variant}), "digits")
    return plan.trials[0].trial_id


def test_watching_is_part_of_the_identity_and_its_order_is_not():
    assert "watch" not in canonical(BASE)
    assert canonical(BASE.but(watch="macro_f1"))["watch"] == ["macro_f1"]
    assert ids(BASE) == ids(BASE.but(watch=())) == ids(BASE.but(watch=("val_accuracy",)))
    assert ids(BASE) != ids(BASE.but(watch="mcc"))
    assert ids(BASE.but(watch=("mcc", "ece"))) == ids(BASE.but(watch=["val_ece", "mcc"]))


def test_the_code_of_ones_own_metric_is_part_of_the_identity():
    one, two = (metric(function, higher_is_better=True, name="own") for function in (f2, other))
    assert ids(BASE.but(watch=one)) == ids(BASE.but(watch=metric(f2, higher_is_better=True, name="own")))
    assert ids(BASE.but(watch=one)) != ids(BASE.but(watch=two))
    assert ids(BASE.but(callbacks=BestWeights(monitor=one))) != ids(BASE.but(callbacks=BestWeights(monitor=two)))


def test_a_job_that_watches_is_read_without_scikit_learn_and_pandas():
    code = """
import sys
from cnnjobs import EarlyStopping, Variant, metric, small_cnn
Variant(model=small_cnn(), watch=("macro_f1", "recall[cat]"), callbacks=EarlyStopping(monitor="val_auroc"))
print(sorted({"sklearn", "pandas", "scipy", "tensorflow", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
