"""A metric with what computes it from predictions."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from cnnjobs.scoring.predicted import Predicted
from cnnjobs.scoring.scores import Names, Score
from cnnjobs.spec.metrics import Metric

Scorer = Callable[[Predicted], Score]
"""Makes the score of a run."""


@dataclass(frozen=True, kw_only=True)
class PredictionMetric(Metric):
    """A metric that is computed from predictions.

    Args:
        scorer: names of the classes -> what scores a run; raises a StoreError if there is no such class.
        version: raised when values change: scores that were kept are computed again. None: they are not kept.
    """

    scorer: Callable[[Names], Scorer]
    version: int | None = 1


def with_scorer(form: Metric, scorer: Callable[[Names], Scorer], version: int | None = 1) -> PredictionMetric:
    """Return a metric with what computes it."""
    own = {item.name: getattr(form, item.name) for item in fields(Metric)}
    return PredictionMetric(**own, scorer=scorer, version=version)
