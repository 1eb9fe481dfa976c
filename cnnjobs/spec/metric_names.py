"""Names and display formats of metrics: those that are stored for every trial, and prediction metrics.

A prediction metric is computed from the stored predictions of the test set or, if it is watched, from those of the
validation rows at the end of each epoch. `cnnjobs.scoring.prediction_metrics` computes it.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from cnnjobs.spec.metrics import MARGIN, METRICS, OBJECTIVE, OBJECTIVE_COLUMNS, TABLE, Metric, column_of, part_of

SHARE: Mapping[str, Any] = MappingProxyType({"lowest": 0, "highest": 1})
"""Form of a metric whose values are between 0 and 1."""

CORRELATION: Mapping[str, Any] = MappingProxyType({"lowest": -1, "highest": 1})
"""Form of a metric whose values are between -1 and 1."""

PERCENT: Mapping[str, Any] = MappingProxyType(
    {"unit": "%", "unit_of_difference": "points", "factor": 100, "digits": ".2f"}
)
"""Form of a metric whose values are fractions that are displayed in percent."""

PERCENT_SHARE: Mapping[str, Any] = MappingProxyType({**PERCENT, **SHARE})

OF_ALL_CLASSES = {
    metric.name: metric
    for metric in (
        Metric(
            name="balanced_accuracy", words="balanced accuracy", higher_is_better=True, margin=MARGIN, **PERCENT_SHARE
        ),
        Metric(name="macro_f1", words="macro F1", higher_is_better=True, **SHARE),
        Metric(name="weighted_f1", words="weighted F1", higher_is_better=True, **SHARE),
        Metric(name="macro_precision", words="macro precision", higher_is_better=True, **SHARE),
        Metric(name="macro_recall", words="macro recall", higher_is_better=True, **SHARE),
        Metric(name="cohen_kappa", words="Cohen's kappa", higher_is_better=True, **CORRELATION),
        Metric(name="mcc", words="Matthews correlation coefficient", higher_is_better=True, **CORRELATION),
        Metric(name="auroc", words="area under the ROC curve", higher_is_better=True, **SHARE),
        Metric(name="average_precision", words="average precision", higher_is_better=True, **SHARE),
        Metric(name="log_loss", words="log loss", higher_is_better=False, lowest=0, unit_of_difference="nats"),
        Metric(name="brier", words="Brier score", higher_is_better=False, lowest=0, highest=2),
        Metric(name="ece", words="expected calibration error", higher_is_better=False, **PERCENT_SHARE),
    )
}
"""Prediction metrics over all classes, by name."""

OF_A_CLASS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auroc": "area under the ROC curve",
    "average_precision": "average precision",
}
"""Prediction metrics of one class, `recall[cat]`: maps names to words. Higher is better for all of them."""

FORMS = (*OF_ALL_CLASSES, *(f"{name}[CLASS]" for name in OF_A_CLASS), "topK_accuracy")
"""How prediction metrics are named."""

OTHERWISE_CALLED = {
    "f1": ("macro_f1", "weighted_f1", "f1[CLASS]"),
    "f1_macro": ("macro_f1",),
    "f1_weighted": ("weighted_f1",),
    "precision": ("macro_precision", "precision[CLASS]"),
    "recall": ("macro_recall", "recall[CLASS]"),
    "auc": ("auroc",),
    "roc_auc": ("auroc",),
    "kappa": ("cohen_kappa",),
    "matthews_corrcoef": ("mcc",),
    "map": ("average_precision",),
    "ap": ("average_precision",),
    "nll": ("log_loss",),
    "cross_entropy": ("loss", "log_loss"),
    "acc": ("accuracy",),
    "top_k_accuracy": ("top3_accuracy",),
}
"""Maps other common names of metrics to the names here."""

_CLASS = re.compile(rf"({'|'.join(OF_A_CLASS)})\[(.+)\]", re.DOTALL)
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)
_TOP = re.compile(r"top([1-9][0-9]{0,5})_accuracy")


def find_metric(name: str) -> Metric | None:
    """Return the metric with this name, without a prefix; None if there is none."""
    if name in TABLE or name in OF_ALL_CLASSES:
        return TABLE.get(name) or OF_ALL_CLASSES[name]
    most, of_class = most_in(name), class_in(name)
    if most is not None:
        words = f"top-{most} accuracy"
        return Metric(name=name, words=words, higher_is_better=True, margin=MARGIN, **PERCENT_SHARE)
    if of_class is not None:
        kind, given = of_class
        return Metric(name=name, words=f"{OF_A_CLASS[kind]} of {_shown(given)}", higher_is_better=True, **SHARE)
    return None


def most_in(name: str) -> int | None:
    """Return the 3 of `top3_accuracy`; None for another name."""
    top = _TOP.fullmatch(name)
    return int(top[1]) if top else None


def class_in(name: str) -> tuple[str, str] | None:
    """Return the texts before and between the brackets of `recall[cat]`; None for another name."""
    found = _CLASS.fullmatch(name)
    return (found[1], found[2]) if found else None


def unquoted(given: str) -> str:
    """Return the name of a class without surrounding quotes."""
    quoted = _QUOTED.fullmatch(given)
    return quoted[2] if quoted else given


def without_quotes(name: str) -> str:
    """Return `recall[cat]` for `recall['cat']`, and any other name unchanged."""
    of_class = class_in(name)
    return f"{of_class[0]}[{unquoted(of_class[1])}]" if of_class else name


def known_metric(column: str) -> Metric | None:
    """Return the metric of a column, without the prefix that names its rows; None if there is none with this name."""
    if column in OBJECTIVE_COLUMNS:
        return OBJECTIVE
    return find_metric(column.removeprefix(column_of(part_of(column), "")))


def metric_of(column: str) -> Metric:
    """Return the metric of a column.

    Raises:
        KeyError: for a column without a metric.
    """
    metric = known_metric(column)
    if metric is None:
        raise KeyError(column)
    return metric


def near(name: str) -> str:
    """Return a sentence with the metrics that are nearest to an unknown name; empty if none is near.

    Args:
        name: name without a prefix.
    """
    stem = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.partition("[")[0]).casefold().replace("-", "_").replace(" ", "_")
    stem = stem.removesuffix("_score")
    known = {one.removesuffix("[CLASS]").replace("topK", "top3"): one for one in (*METRICS, *FORMS)}
    called = {short: (one,) for short, one in known.items()} | OTHERWISE_CALLED
    close = get_close_matches(stem, called, n=3, cutoff=0.6)
    named = called[stem] if stem in called else tuple(dict.fromkeys(one for short in close for one in called[short]))
    return f" Near it: {', '.join(named[:3])}." if named else ""


def _shown(given: str) -> str:
    """Return the name of a class for people: on one line."""
    return " ".join(unquoted(given).split()) or repr(given)
