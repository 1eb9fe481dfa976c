"""Metrics that are computed from stored predictions after training: their table, and names for all metrics.

A new one is an entry of `TABLE`, or of `OF_A_CLASS` if it is of one class.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from cnnjobs.errors import StoreError, UserError
from cnnjobs.scoring import scores
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.spec import metrics
from cnnjobs.spec.metrics import MARGIN, PARTS, TEST, Metric, column_of, part_of
from cnnjobs.wording.labels import listed

Scorer = Callable[[Predicted], Score]
"""Makes the score of a run."""

PRECISION, RECALL, F1 = range(3)
"""Columns of `precision_recall_f1`."""


@dataclass(frozen=True, kw_only=True)
class PredictionMetric(Metric):
    """A metric of the test set that is computed from stored predictions.

    Args:
        scorer: names of the classes -> what scores a run; raises a StoreError if there is no such class.
        version: raised when values change: scores that were kept are computed again. None: they are not kept.
    """

    scorer: Callable[[Names], Scorer]
    version: int | None = 1


def _of_all(name: str, words: str, score: Callable[[Predicted, Names], Score], **form: Any) -> PredictionMetric:
    def scorer(names: Names) -> Scorer:
        return lambda run: score(run, names)

    given = {"higher_is_better": True} | form
    return PredictionMetric(name=name, words=words, scorer=scorer, **given)


PERCENT = MappingProxyType({"unit": "%", "unit_of_difference": "points", "factor": 100, "digits": ".2f"})
"""Form of a metric whose values are fractions that people read in percent."""

TABLE = {
    metric.name: metric
    for metric in (
        _of_all("balanced_accuracy", "balanced accuracy", scores.balanced_accuracy, margin=MARGIN, **PERCENT),
        _of_all("macro_f1", "macro F1", scores.macro(F1)),
        _of_all("weighted_f1", "weighted F1", scores.weighted_f1),
        _of_all("macro_precision", "macro precision", scores.macro(PRECISION)),
        _of_all("macro_recall", "macro recall", scores.macro(RECALL)),
        _of_all("cohen_kappa", "Cohen's kappa", scores.cohen_kappa),
        _of_all("mcc", "Matthews correlation coefficient", scores.mcc),
        _of_all("auroc", "area under the ROC curve", scores.auroc),
        _of_all("average_precision", "average precision", scores.average_precision),
        _of_all("log_loss", "log loss", scores.log_loss, higher_is_better=False, unit_of_difference="nats"),
        _of_all("brier", "Brier score", scores.brier, higher_is_better=False),
        _of_all("ece", "expected calibration error", scores.ece, higher_is_better=False, **PERCENT),
    )
}
"""Every metric of all classes that is computed from predictions, by name."""

OF_A_CLASS: dict[str, tuple[str, Callable[[Predicted, Names, int], Score]]] = {
    "precision": ("precision", scores.of_class(PRECISION)),
    "recall": ("recall", scores.of_class(RECALL)),
    "f1": ("F1", scores.of_class(F1)),
    "auroc": ("area under the ROC curve", scores.auroc_of_class),
    "average_precision": ("average precision", scores.average_precision_of_class),
}
"""Metrics of one class, `recall[cat]`: name -> words, and the score of a run for a class's number."""

FORMS = (*TABLE, *(f"{name}[CLASS]" for name in OF_A_CLASS), "topK_accuracy")
"""How metrics of predictions are named."""

OTHERWISE_CALLED = {
    "f1": ("macro_f1", "weighted_f1", "f1[CLASS]"),
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
    "top_k_accuracy": ("top3_accuracy",),
}
"""What people may call a metric -> what it is called here."""

_CLASS = re.compile(rf"({'|'.join(OF_A_CLASS)})\[(.+)\]", re.DOTALL)
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)
_TOP = re.compile(r"top([1-9][0-9]{0,5})_accuracy")


def metric_named(name: str) -> Metric:
    """Return the metric of that name.

    Args:
        name: `accuracy` or `test_accuracy`, `val_loss`, `macro_f1`, `recall[cat]` with whatever the class is called
            between the brackets, `top3_accuracy`. Without `test_`, `val_` or `train_` it is of the test set.

    Raises:
        UserError: if there is none, with those that come near.
    """
    part = part_of(name)
    own = name.removeprefix(column_of(part, ""))
    found = find_metric(own)
    if found is None:
        raise UserError(_unknown(name, own))
    if isinstance(found, metrics.StoredMetric):
        return found.of_part(part or TEST)
    if part not in ("", TEST):
        raise UserError(
            f"`metric` must be {own}, of the test set, or another metric. Received: metric={name!r}. It is computed "
            f"from stored predictions, and those of the {PARTS[part]} rows are not stored."
        )
    return found.of_part(TEST)


def chosen_metric(metric: object) -> Metric:
    """Return the metric that was asked for in Python, by its name or as a value.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(metric, PredictionMetric):
        return metric
    if callable(metric):
        name = getattr(metric, "__name__", "function")
        raise ValueError(
            f"`metric` must say which way is better. Received: metric={metric!r}. Use "
            f"cnnjobs.metric({name}, higher_is_better=True), or False, instead of {name}."
        )
    if not isinstance(metric, str):
        raise ValueError(f"`metric` must be the name of a metric, or one of `cnnjobs.metric`. Received: {metric!r}.")
    try:
        return metric_named(metric)
    except UserError as error:
        raise ValueError(str(error)) from None


def chosen_metrics(asked: object) -> tuple[PredictionMetric, ...]:
    """Return the metrics of predictions among those that were asked for; what is stored is a column in any case.

    Raises:
        ValueError: if one is no metric.
    """
    if isinstance(asked, str) or not isinstance(asked, Iterable):
        raise ValueError(f"`metrics` must be a list of metrics. Received: metrics={asked!r}. Use metrics=[...].")
    chosen = {metric.column: metric for metric in map(chosen_metric, asked)}
    return tuple(metric for metric in chosen.values() if isinstance(metric, PredictionMetric))


def find_metric(name: str) -> Metric | None:
    """Return the metric of this name without a part; None if there is none."""
    if name in metrics.TABLE or name in TABLE:
        return metrics.TABLE.get(name) or TABLE[name]
    top = _TOP.fullmatch(name)
    if top:
        return _top(int(top[1]))
    of_class = _CLASS.fullmatch(name)
    return _of_class(of_class[1], of_class[2]) if of_class else None


def _top(most: int) -> PredictionMetric:
    def score(run: Predicted, names: Names) -> Score:
        return scores.top_accuracy(run, names, most)

    return _of_all(f"top{most}_accuracy", f"top-{most} accuracy", score, margin=MARGIN, **PERCENT)


def _of_class(kind: str, given: str) -> PredictionMetric:
    words, score = OF_A_CLASS[kind]

    def scorer(names: Names) -> Scorer:
        own = _class_number(names, given, kind)
        return lambda run: score(run, names, own)

    return PredictionMetric(
        name=f"{kind}[{given}]", words=f"{words} of {_shown(given)}", higher_is_better=True, scorer=scorer
    )


def _class_number(names: Names, given: str, kind: str) -> int:
    """Return the number of a class by its name as it is, in another Unicode form, or between quotes.

    Raises:
        StoreError: if there is none: other jobs may have it.
    """
    for wanted in dict.fromkeys([given, _unquoted(given)]):
        if wanted in names:
            return names.index(wanted)
        same = [own for own, name in enumerate(names) if _normal(name) == _normal(wanted)]
        if len(same) == 1:
            return same[0]
    near = get_close_matches(given.casefold(), [name.casefold() for name in names], n=3)
    close = [name for name in names if name.casefold() in near]
    hint = f" Near it: {listed(close)}." if close else ""
    raise StoreError(
        f"`metric` must name a class of the data set in its brackets. Received: metric='{kind}[{given}]'. "
        f"Its classes: {listed(names)}.{hint}"
    )


def _unquoted(given: str) -> str:
    quoted = _QUOTED.fullmatch(given)
    return quoted[2] if quoted else given


def _shown(given: str) -> str:
    """Return the name of a class for people: on one line."""
    return " ".join(_unquoted(given).split()) or repr(given)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _unknown(name: str, own: str) -> str:
    """Say which metrics come near a name, and which there are."""
    stem = own.partition("[")[0].casefold().replace("-", "_").replace(" ", "_")
    known = {one.removesuffix("[CLASS]").replace("topK", "top3"): one for one in (*metrics.METRICS, *FORMS)}
    called = {short: (one,) for short, one in known.items()} | OTHERWISE_CALLED
    near = get_close_matches(stem, called, n=3, cutoff=0.6)
    named = called[stem] if stem in called else tuple(dict.fromkeys(one for short in near for one in called[short]))
    hint = f" Near it: {', '.join(named[:3])}." if named else ""
    return (
        f"`metric` must be one of {', '.join(metrics.METRICS)} (with val_ before it of the validation rows), or, "
        f"computed from stored predictions of the test set, {', '.join(FORMS)}. Received: metric={name!r}.{hint}"
    )
