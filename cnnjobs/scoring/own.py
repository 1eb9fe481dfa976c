"""Computes a person's own metric of predictions."""

from collections.abc import Callable
from typing import Any

from cnnjobs.errors import UserError
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.scorer import PredictionMetric, Scorer, with_scorer
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.spec.metrics import TEST
from cnnjobs.spec.own_metric import OwnMetric
from cnnjobs.wording.sentences import cause


def scored(metric: OwnMetric) -> PredictionMetric:
    """Return the metric of the test set with what computes it; its scores are not kept."""

    def scorer(names: Names) -> Scorer:
        return lambda run: _score(metric.called, metric.name, run)

    return with_scorer(metric.form.of_part(TEST), scorer, version=None)


def _score(function: Callable[..., Any], name: str, run: Predicted) -> Score:
    """Return what the function says of a run.

    Raises:
        UserError: if it fails, or says something else than a number.
    """
    labels, probabilities = run.labels.copy(), run.probabilities.copy()  # it may change them
    try:
        value = function(labels, probabilities)
    except Exception as error:
        raise UserError(
            f"`metric` {name}(labels, probabilities) failed with {type(error).__name__}: {cause(error)}. It is called "
            f"with arrays of shapes {labels.shape} and {probabilities.shape}."
        ) from error
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"`metric` {name}(labels, probabilities) must return a number. Received: {value!r}.") from error
    if number != number or number in (float("inf"), float("-inf")):
        return Score(None, f"{name} returned {number}")
    return Score(number)
