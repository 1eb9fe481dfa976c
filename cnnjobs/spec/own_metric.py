"""Users' own prediction metrics."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction
from cnnjobs.spec.metric_names import PERCENT, find_metric
from cnnjobs.spec.metrics import TEST, Metric


@dataclass(frozen=True)
class MetricFunction(UserFunction):
    """A function of (labels, probabilities) that a variant watches; part of the identity of its trials."""

    kind: ClassVar[str] = "MetricFunction"
    maker: ClassVar[str] = "metric"
    role: ClassVar[str] = "metric"
    arguments: ClassVar[tuple[str, ...]] = ("labels", "probabilities")


@dataclass(frozen=True, kw_only=True)
class OwnMetric:
    """A user's own metric; made by `metric()`.

    Args:
        function: is called with labels, (images,) int32, and probabilities, (images, classes) float32.
        higher_is_better: whether higher values are better.
        name: name of its columns, after `test_` or `val_`.
        percent: whether its values are fractions that are shown in percent.
    """

    kind: ClassVar[str] = "OwnMetric"

    function: Callable[..., Any] | MetricFunction
    higher_is_better: bool
    name: str
    percent: bool = False

    @property
    def form(self) -> Metric:
        """How its values are shown."""
        return form_of(self.name, higher_is_better=self.higher_is_better, percent=self.percent)

    @property
    def column(self) -> str:
        """Its column for the test set."""
        return self.form.of_part(TEST).column

    @property
    def called(self) -> Callable[..., Any]:
        """The function itself."""
        return self.function.function if isinstance(self.function, MetricFunction) else self.function

    def watched(self) -> "OwnMetric":
        """Return the metric with a function that is part of the identity of trials and is sent to workers.

        Raises:
            SpecError: if it is not a plain function.
        """
        return (
            self if isinstance(self.function, MetricFunction) else replace(self, function=MetricFunction(self.function))
        )


def form_of(name: str, *, higher_is_better: bool, percent: bool) -> Metric:
    """Return how the values of a user's own metric are shown."""
    form: dict[str, Any] = dict(PERCENT) if percent else {}
    return Metric(name=name, words=name, higher_is_better=higher_is_better, **form)


@arguments_named
def metric(
    function: Callable[..., Any], *, higher_is_better: bool, name: str | None = None, percent: bool = False
) -> OwnMetric:
    """Return your own metric, for `compare(results, metric=...)`, `load_results(path, metrics=[...])` and `watch`.

    `compare` and `load_results` compute it from the stored predictions of each run whenever it is requested: nothing is
    trained, and its values are not stored. A variant that watches it, `Variant(watch=(metric(f2, ...),))`, computes it
    on the validation rows at the end of each epoch and stores the values as `val_f2`; the code of the function is then
    part of the identity of the variant's trials, and the function must be a `def`.

    Args:
        function: is called with labels, (images,) int32, and probabilities, (images, classes) float32 whose rows sum to
            1, for the test set of one run or for the validation rows; returns a number, or nan if the metric is
            undefined. Functions of `sklearn.metrics` take the same two arguments in this order.
        higher_is_better: whether higher values are better.
        name: name of its column, after `test_`; None for the name of the function.
        percent: whether its values are fractions that are shown in percent.

    Returns:
        The metric.

    Raises:
        ValueError: if `function` cannot be called, or `name` is the name of another metric.

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
    return OwnMetric(
        function=function, higher_is_better=higher_is_better, name=_name_of(function, name), percent=percent
    )


def _name_of(function: Callable[..., Any], name: str | None) -> str:
    called = getattr(function, "__name__", "<lambda>") if name is None else name
    if not isinstance(called, str) or not called.isidentifier():
        raise ValueError(
            f"`name` must be a name as Python's are, such as 'f2', because it names a column. Received: {called!r}."
        )
    if find_metric(called) is not None:
        raise ValueError(f"`name` must be that of no other metric. Received: {called!r}. Use name='own_{called}'.")
    return called
