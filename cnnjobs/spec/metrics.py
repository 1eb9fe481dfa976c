"""The stored metrics of every trial in one table, which columns, tables, figures, callbacks and planning use.

A new metric is an entry of `TABLE`. A metric that is also computed on the training rows needs a function in
`cnnjobs.training.metrics`, because the predictions for those rows never leave TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Probabilities = NDArray[np.float32]
    Labels = NDArray[np.int32]

TEST, VALIDATION, TRAIN, TTA = "test", "val", "train", "tta"

PARTS = {TEST: "test", VALIDATION: "validation", TRAIN: "train", TTA: "test-time augmented"}
"""Maps the prefix of a metric's column to the name of its rows."""

OF_TEST_ROWS = (TEST, TTA)
"""Prefixes of metrics of the test rows: with plain prediction and with test-time augmentation."""

HEADLINE = "accuracy"
"""The metric on which variants are compared by default."""

TOP = 5
"""Number of most probable classes in `top5_accuracy`, which is not informative for as many classes or fewer."""

MARGIN = 0.2
"""Default difference in percentage points that a comparison of accuracies should resolve."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric and the format of its values.

    Args:
        name: name of its columns, after a prefix such as `test_`.
        words: its name in text.
        higher_is_better: whether higher values are better.
        unit: unit of a displayed value; may be empty.
        unit_of_difference: unit of a displayed difference; may be empty.
        factor: factor by which a stored value is multiplied for display.
        digits: format of the displayed value.
        margin: default for the smallest difference of interest, in displayed units; None if there is no default.
        part: its key in `PARTS`; "" for a metric that does not belong to particular rows.
        lowest: the smallest possible stored value; None if there is none.
        highest: the largest possible stored value; None if there is none.
    """

    name: str
    words: str
    higher_is_better: bool
    unit: str = ""
    unit_of_difference: str = ""
    factor: float = 1
    digits: str = ".4f"
    margin: float | None = None
    part: str = ""
    lowest: float | None = None
    highest: float | None = None

    @property
    def in_percent(self) -> bool:
        """Whether values are displayed in percent, and differences in percentage points."""
        return self.unit == "%"

    @property
    def column(self) -> str:
        """Its column: `test_accuracy`."""
        return column_of(self.part, self.name)

    def of_part(self, part: str) -> Self:
        """Return the metric for one of `PARTS`, with the rows in its name: "test accuracy"."""
        return replace(self, part=part, words=f"{PARTS[part]} {self.words}" if part else self.words)


@dataclass(frozen=True, kw_only=True)
class StoredMetric(Metric):
    """A metric that is stored for every trial and every epoch.

    Args:
        of: function from (probabilities (n, classes), labels (n,)) to the value, in float64.
        least_classes: smallest number of classes for which it is informative.
        in_training: whether it is computed on the training rows, by a function in `cnnjobs.training.metrics`.
        in_curves: whether learning curves show it by default.
        ends_training: whether a value that is not finite means that training has diverged.
    """

    of: Callable[[Probabilities, Labels], float]
    least_classes: int = 2
    in_training: bool = False
    in_curves: bool = False
    ends_training: bool = False


def cross_entropy(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean of -log p(label), computed in float64 with p clipped at 1e-7 as Keras does.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    import numpy as np

    return float(-np.log(np.clip(_of_label(probabilities, labels), 1e-7, 1.0)).mean())


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Return the fraction of rows whose most probable class is the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def mean_squared_error(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean over rows and classes of (p - one-hot label)^2, as `keras.losses.mean_squared_error` of both.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    import numpy as np

    squares = np.square(probabilities, dtype=np.float64).sum(axis=1) - 2 * _of_label(probabilities, labels) + 1
    return float(squares.mean() / probabilities.shape[1])


def top5_accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Return the fraction of rows in which fewer than `TOP` classes are more probable than the label.

    Args:
        probabilities: (n, classes), rows sum to 1; with `TOP` classes or fewer, every row counts.
        labels: (n,) in [0, classes).
    """
    import numpy as np

    own = probabilities[np.arange(len(labels)), labels, np.newaxis]
    return float(((probabilities > own).sum(axis=1) < TOP).mean())


def _of_label(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """Return the probability of each row's label, (n,)."""
    import numpy as np

    of_label: NDArray[np.float64] = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return of_label


TABLE = {
    metric.name: metric
    for metric in (
        StoredMetric(
            name="loss",
            words="loss",
            of=cross_entropy,
            higher_is_better=False,
            lowest=0,
            unit="cross-entropy",
            unit_of_difference="nats",
            in_training=True,
            in_curves=True,
            ends_training=True,
        ),
        StoredMetric(
            name="accuracy",
            words="accuracy",
            of=accuracy,
            higher_is_better=True,
            lowest=0,
            highest=1,
            unit="%",
            unit_of_difference="points",
            factor=100,
            digits=".2f",
            margin=MARGIN,
            in_training=True,
            in_curves=True,
        ),
        StoredMetric(
            name="mse",
            words="mean squared error",
            of=mean_squared_error,
            higher_is_better=False,
            lowest=0,
            highest=1,
            digits="#.4g",  # small where there are many classes
            in_training=True,
        ),
        StoredMetric(
            name="top5_accuracy",
            words="top-5 accuracy",
            of=top5_accuracy,
            higher_is_better=True,
            lowest=0,
            highest=1,
            unit="%",
            unit_of_difference="points",
            factor=100,
            digits=".2f",
            least_classes=TOP + 1,
            margin=MARGIN,
            in_training=True,
        ),
    )
}
"""Every stored metric by name."""

OBJECTIVE = Metric(name="objective", words="objective", higher_is_better=False)
"""The function that training minimises, averaged over the training rows.

It is the variant's loss with sample weights, plus the regularization terms of weights and layers. It is not comparable
between variants with different objectives; `loss` is the plain cross-entropy for all variants.
"""


def column_of(part: str, metric: str) -> str:
    """Return the column of a metric: `val_loss` for "val"; the bare name for "", the training rows in `epochs`."""
    return f"{part}_{metric}" if part else metric


def compared_column(folds: int | None) -> str:
    """Return the column of `trials` on which variants are compared: accuracy, or with folds that of the held-out fold.

    Args:
        folds: number of folds of the cross-validation; None without.
    """
    return column_of(TEST if folds is None else VALIDATION, HEADLINE)


def part_of(column: str) -> str:
    """Return the key in `PARTS` of a column; "" for the training rows in `epochs`."""
    part, line, _ = column.partition("_")
    return part if line and part in PARTS else ""


def all_metrics(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    """Return the values of all metrics by name.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    return {name: metric.of(probabilities, labels) for name, metric in TABLE.items()}


METRICS = tuple(TABLE)
"""Names of the metrics."""

IN_TRAINING = tuple(name for name, metric in TABLE.items() if metric.in_training)
"""Names of the metrics that are computed on the training rows."""

CURVES = tuple(name for name, metric in TABLE.items() if metric.in_curves)
"""Metrics that learning curves show by default."""

CURVE_COLUMNS = tuple(column_of(part, name) for part in ("", VALIDATION) for name in CURVES)
"""Columns of `epochs` that a trial reports while it runs."""

TRIAL_COLUMNS = tuple(column_of(part, name) for part in PARTS for name in METRICS)
"""Columns of `trials`."""

EPOCH_COLUMNS = tuple(column_of(part, name) for part in ("", VALIDATION) for name in METRICS)
"""Columns of `epochs`."""

OBJECTIVE_COLUMNS = (OBJECTIVE.name, column_of(TRAIN, OBJECTIVE.name))
"""Columns of `epochs` and `trials` with the function that training minimises."""

WATCHED = "watched"
"""Column of `epochs` and `trials` with a variant's watched metrics: a map from names (`val_macro_f1`) to values."""

FOLLOWED = (*IN_TRAINING, OBJECTIVE.name)
"""All quantities that are computed on the training rows."""

MONITORS = (*(column_of(VALIDATION, name) for name in METRICS), *FOLLOWED)
"""Columns of `epochs` that a callback can monitor."""
