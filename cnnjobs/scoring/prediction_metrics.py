"""Metrics that are computed from predictions: what computes them, and names for all metrics.

A new one has its name and form in `cnnjobs.spec.metric_names`, and its function in `TABLE`, or in `OF_A_CLASS` if it is
of one class.
"""

import unicodedata
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from cnnjobs.errors import StoreError, UserError
from cnnjobs.scoring import scores
from cnnjobs.scoring.own import scored
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.scorer import PredictionMetric, Scorer, with_scorer
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.spec import metric_names, metrics
from cnnjobs.spec.metric_names import FORMS, OF_ALL_CLASSES, class_in, most_in, near, unquoted, without_quotes
from cnnjobs.spec.metrics import PARTS, TEST, VALIDATION, Metric, column_of, part_of
from cnnjobs.spec.own_metric import OwnMetric
from cnnjobs.wording.labels import listed

PRECISION, RECALL, F1 = range(3)
"""Columns of `precision_recall_f1`."""


def _of_all(form: Metric, score: Callable[[Predicted, Names], Score]) -> PredictionMetric:
    def scorer(names: Names) -> Scorer:
        return lambda run: score(run, names)

    return with_scorer(form, scorer)


TABLE = {
    name: _of_all(OF_ALL_CLASSES[name], score)
    for name, score in (
        ("balanced_accuracy", scores.balanced_accuracy),
        ("macro_f1", scores.macro(F1)),
        ("weighted_f1", scores.weighted_f1),
        ("macro_precision", scores.macro(PRECISION)),
        ("macro_recall", scores.macro(RECALL)),
        ("cohen_kappa", scores.cohen_kappa),
        ("mcc", scores.mcc),
        ("auroc", scores.auroc),
        ("average_precision", scores.average_precision),
        ("log_loss", scores.log_loss),
        ("brier", scores.brier),
        ("ece", scores.ece),
    )
}
"""Every metric of all classes that is computed from predictions, by name."""

OF_A_CLASS: dict[str, Callable[[Predicted, Names, int], Score]] = {
    "precision": scores.of_class(PRECISION),
    "recall": scores.of_class(RECALL),
    "f1": scores.of_class(F1),
    "auroc": scores.auroc_of_class,
    "average_precision": scores.average_precision_of_class,
}
"""Metrics of one class, `recall[cat]`: name -> the score of a run for a class's number."""


def metric_named(name: str) -> Metric:
    """Return the metric of that name.

    Args:
        name: `accuracy` or `test_accuracy`, `val_loss`, `macro_f1`, `recall[cat]` with whatever the class is called
            between the brackets, `top3_accuracy`. Without `test_`, `val_` or `train_` it is of the test set. Of the
            validation rows, `val_macro_f1`, it is stored where variants watch it.

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
    if part == VALIDATION:
        form = metric_names.find_metric(without_quotes(own))
        return (form or found).of_part(VALIDATION)
    if part not in ("", TEST):
        raise UserError(
            f"`metric` must be {own}, of the test set, val_{own}, where it was watched, or another metric. Received: "
            f"metric={name!r}. It is computed from predictions, and those of the {PARTS[part]} rows are not stored."
        )
    return found.of_part(TEST)


def chosen_metric(metric: object) -> Metric:
    """Return the metric that was asked for in Python, by its name or as a value.

    Raises:
        ValueError: if it is none.
    """
    if isinstance(metric, OwnMetric):
        return scored(metric)
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
    """Return the metric of this name without a part, with what computes it; None if there is none."""
    form = metric_names.find_metric(name)
    if form is None or isinstance(form, metrics.StoredMetric):
        return form
    most, of_class = most_in(name), class_in(name)
    if most is not None:
        return _top(form, most)
    return TABLE[name] if of_class is None else _of_class(form, *of_class)


def _top(form: Metric, most: int) -> PredictionMetric:
    return _of_all(form, lambda run, names: scores.top_accuracy(run, names, most))


def _of_class(form: Metric, kind: str, given: str) -> PredictionMetric:
    score = OF_A_CLASS[kind]

    def scorer(names: Names) -> Scorer:
        own = _class_number(names, given, kind)
        return lambda run: score(run, names, own)

    return with_scorer(form, scorer)


def _class_number(names: Names, given: str, kind: str) -> int:
    """Return the number of a class by its name as it is, in another Unicode form, or between quotes.

    Raises:
        StoreError: if there is none: other jobs may have it.
    """
    for wanted in dict.fromkeys([given, unquoted(given)]):
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


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _unknown(name: str, own: str) -> str:
    """Say which metrics come near a name, and which there are."""
    return (
        f"`metric` must be one of {', '.join(metrics.METRICS)} (with val_ before it of the validation rows), or, "
        f"computed from stored predictions of the test set, {', '.join(FORMS)}. Received: metric={name!r}.{near(own)}"
    )
