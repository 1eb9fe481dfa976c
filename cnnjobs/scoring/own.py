"""A person's own metric of predictions."""

from collections.abc import Callable
from typing import Any

from cnnjobs.errors import UserError
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.prediction_metrics import PERCENT, PredictionMetric, Scorer, find_metric
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.spec.metrics import TEST
from cnnjobs.wording.sentences import cause


def metric(
    function: Callable[..., Any], *, higher_is_better: bool, name: str | None = None, percent: bool = False
) -> PredictionMetric:
    """Return your own metric, for `compare(results, metric=...)` and `load_results(path, metrics=[...])`.

    It is computed from the stored predictions of each run, whenever it is asked for: nothing is trained, and its
    values are not kept.

    Args:
        function: called with labels, (images,) int32, and probabilities, (images, classes) float32 whose rows sum to
            1, of the test set of one run; returns a number, or nan where there is none. Functions of
            `sklearn.metrics` take the same two in this order.
        higher_is_better: whether the higher value is the better one.
        name: of its column, after `test_`; None for that of the function.
        percent: whether its values are fractions that people read in percent.

    Returns:
        The metric.

    Raises:
        ValueError: if `function` cannot be called, or `name` is that of another metric.

    Example:
        >>> import cnnjobs
        >>> from sklearn.metrics import fbeta_score
        >>> def f2(labels, probabilities):
        ...     return fbeta_score(labels, probabilities.argmax(axis=1), beta=2, average="macro")
        >>> results = cnnjobs.load_results("results/digits")
        >>> found = cnnjobs.compare(results, metric=cnnjobs.metric(f2, higher_is_better=True))  # doctest: +SKIP
    """
    if not callable(function):
        raise ValueError(f"`function` must be a function of (labels, probabilities). Received: function={function!r}.")
    if not isinstance(higher_is_better, bool):
        raise ValueError(f"`higher_is_better` must be True or False. Received: higher_is_better={higher_is_better!r}.")
    if not isinstance(percent, bool):
        raise ValueError(f"`percent` must be True or False. Received: percent={percent!r}.")
    called = _name_of(function, name)

    def scorer(names: Names) -> Scorer:
        return lambda run: _score(function, called, run)

    form: dict[str, Any] = dict(PERCENT) if percent else {}
    return PredictionMetric(
        name=called, words=called, higher_is_better=higher_is_better, scorer=scorer, version=None, **form
    ).of_part(TEST)


def _name_of(function: Callable[..., Any], name: str | None) -> str:
    called = getattr(function, "__name__", "<lambda>") if name is None else name
    if not isinstance(called, str) or not called.isidentifier():
        raise ValueError(
            f"`name` must be a name as Python's are, such as 'f2', because it names a column. Received: {called!r}."
        )
    if find_metric(called) is not None:
        raise ValueError(f"`name` must be that of no other metric. Received: {called!r}. Use name='own_{called}'.")
    return called


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
