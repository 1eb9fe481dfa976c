"""Scores of the validation rows at the end of an epoch, by the metrics that a variant watches."""

from collections.abc import Iterator, Mapping

import numpy as np

from cnnjobs.errors import SpecError, StoreError
from cnnjobs.scoring.own import scored
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.prediction_metrics import find_metric
from cnnjobs.scoring.scorer import PredictionMetric, Scorer
from cnnjobs.scoring.scores import Labels, Names, Probabilities, Score
from cnnjobs.spec import OwnMetric, Variant
from cnnjobs.spec.metric_names import most_in
from cnnjobs.spec.watching import Watched, monitored, name_of
from cnnjobs.wording.sentences import clause


class Watching:
    """What computes the metrics that a variant watches.

    Args:
        watched: of `Variant.watched`.
        names: of the classes, in the order of the labels.

    Raises:
        SpecError: for a class that the data set has not, or a metric that says nothing of so many classes.
    """

    def __init__(self, watched: Mapping[str, Watched], names: Names) -> None:
        self._names = names
        self._own = {column for column, one in watched.items() if isinstance(one, OwnMetric)}
        self._scorers = {column: _scorer(one, names) for column, one in watched.items()}

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._scorers)

    def scores(self, probabilities: Probabilities, labels: Labels) -> dict[str, float | None]:
        """Return the value of each metric, by column; None where one is not defined.

        Args:
            probabilities: (n, classes) float32, rows sum to 1.
            labels: (n,) int32 in [0, classes).
        """
        if not self._scorers or not np.isfinite(probabilities).all():
            return dict.fromkeys(self._scorers)
        run = Predicted(labels, probabilities.argmax(axis=1).astype(np.int32), probabilities)
        return {column: scorer(run).value for column, scorer in self._scorers.items()}

    def undefined(self, labels: Labels) -> Iterator[tuple[str, str]]:
        """Yield the columns that can have no value with these labels, whatever is predicted, and why.

        Args:
            labels: (n,) int32 of the validation rows, at least one.
        """
        even = np.full((len(labels), len(self._names)), 1 / len(self._names), np.float32)
        run = Predicted(labels, np.zeros(len(labels), np.int32), even)
        for column, scorer in self._scorers.items():
            score = Score(0.0) if column in self._own else scorer(run)
            if score.value is None:
                yield column, score.remark


def _scorer(watched: Watched, names: Names) -> Scorer:
    """Return what scores predictions by a metric."""
    if isinstance(watched, OwnMetric):
        return scored(watched).scorer(names)
    name = name_of(watched)
    metric, most = find_metric(name), most_in(name)
    if most is not None and most >= len(names):
        raise SpecError(
            f"`watch` must be metrics that say something of {len(names)} classes. Received: {name!r}, of which every "
            f"label is among the {most} most probable classes."
        )
    if not isinstance(metric, PredictionMetric):
        raise KeyError(watched)
    try:
        return metric.scorer(names)
    except StoreError as error:
        raise SpecError(str(error).replace("`metric` must", "`watch` must").replace("metric=", "")) from error


def undefined_notes(watching: Watching, variant: Variant, labels: Labels) -> Iterator[str]:
    """Say which metrics can have no value with these validation rows.

    Args:
        watching: of the variant.
        variant: whose callbacks may monitor some.
        labels: (n,) int32 of the validation rows.

    Raises:
        ValueError: if a callback monitors one of them: it could never decide.
    """
    columns = {monitored(one) for one in variant.callbacks}
    for column, why in watching.undefined(labels) if watching and len(labels) else ():
        told = f"{column} has no value: of the {len(labels):,} validation images, {why}"
        if column in columns:
            raise ValueError(
                f"A callback cannot decide: {clause(told)}. Hold out more images, or monitor another metric."
            )
        yield told
