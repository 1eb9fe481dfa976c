"""What is measured of every trial: one table, which columns, tables, figures, callbacks and planning ask.

A new metric is an entry of `TABLE`. To be followed over the training rows as well it needs a function in
`cnnjobs.training.metrics`, because those rows are never outside of TensorFlow.
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
"""What stands before a metric in the name of a column, and which rows it is of in words."""

OF_TEST_ROWS = (TEST, TTA)
"""Those of the test rows: predicted plainly, and with test-time augmentation."""

HEADLINE = "accuracy"
"""What variants are compared on unless another metric is asked for."""

TOP = 5
"""How many of the most probable classes `top5_accuracy` looks at; it says nothing of as many classes or fewer."""

MARGIN = 0.2
"""Percentage points that a comparison of accuracies should resolve, unless others are asked for."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: what it is, and how people read it.

    Args:
        name: of its columns; `test_` and so on come before it.
        words: what people call it.
        higher_is_better: direction.
        unit: of a value as it is shown; may be empty.
        unit_of_difference: of a difference as it is shown; may be empty.
        factor: what a value is multiplied by to be shown.
        digits: how it is formatted then.
        margin: the difference worth resolving, as it is shown, unless another is asked for; None for no such number.
        part: which of `PARTS` it is of; "" for a metric of no rows in particular.
        lowest: the smallest value that it can have, as stored; None for none.
        highest: the largest value that it can have, as stored; None for none.
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
        """Whether people read it in percent, and its differences in percentage points."""
        return self.unit == "%"

    @property
    def column(self) -> str:
        """Its column: `test_accuracy`."""
        return column_of(self.part, self.name)

    def of_part(self, part: str) -> Self:
        """Return the metric of one of `PARTS`, with its rows in its words: "test accuracy"."""
        return replace(self, part=part, words=f"{PARTS[part]} {self.words}" if part else self.words)


@dataclass(frozen=True, kw_only=True)
class StoredMetric(Metric):
    """A metric that is stored of every trial, and of every epoch.

    Args:
        of: (probabilities (n, classes), labels (n,)) -> value, in float64.
        least_classes: with fewer classes it says nothing.
        in_training: whether it is followed over the training rows, by a function in `cnnjobs.training.metrics`.
        in_curves: whether learning curves show it unless other metrics are asked for.
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
        probabilities: (n, classes), rows sum to 1; with `TOP` classes or fewer every row counts.
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
"""Every metric that is stored, by name."""

OBJECTIVE = Metric(name="objective", words="objective", higher_is_better=False)
"""What training minimises, averaged over the training rows: the variant's loss with weights of rows, and what
regularization and layers add. Variants that minimise something else cannot be compared in it; `loss` is plain
cross-entropy for all."""


def column_of(part: str, metric: str) -> str:
    """Return the column of a metric: `val_loss` of "val"; the name alone of "", the training rows in `epochs`."""
    return f"{part}_{metric}" if part else metric


def compared_column(folds: int | None) -> str:
    """Return the column of `trials` that variants are compared on: accuracy, with folds that of the fold held out.

    Args:
        folds: of cross-validation; None without.
    """
    return column_of(TEST if folds is None else VALIDATION, HEADLINE)


def part_of(column: str) -> str:
    """Return which of `PARTS` a column is of; "" for the training rows in `epochs`."""
    part, line, _ = column.partition("_")
    return part if line and part in PARTS else ""


def all_metrics(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    """Return every metric under its name.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    return {name: metric.of(probabilities, labels) for name, metric in TABLE.items()}


METRICS = tuple(TABLE)
"""Names of the metrics."""

IN_TRAINING = tuple(name for name, metric in TABLE.items() if metric.in_training)
"""Those that are followed over the training rows."""

CURVES = tuple(name for name, metric in TABLE.items() if metric.in_curves)
"""What learning curves show unless other metrics are asked for."""

CURVE_COLUMNS = tuple(column_of(part, name) for part in ("", VALIDATION) for name in CURVES)
"""Columns of `epochs` that are told of a trial while it runs."""

TRIAL_COLUMNS = tuple(column_of(part, name) for part in PARTS for name in METRICS)
"""Columns of `trials`."""

EPOCH_COLUMNS = tuple(column_of(part, name) for part in ("", VALIDATION) for name in METRICS)
"""Columns of `epochs`."""

OBJECTIVE_COLUMNS = (OBJECTIVE.name, column_of(TRAIN, OBJECTIVE.name))
"""Column of `epochs`, and of `trials`, of what training minimises."""

WATCHED = "watched"
"""Column of `epochs` and `trials` with the metrics that a variant watches: name, `val_macro_f1`, -> value."""

FOLLOWED = (*IN_TRAINING, OBJECTIVE.name)
"""All that is followed over the training rows."""

MONITORS = (*(column_of(VALIDATION, name) for name in METRICS), *FOLLOWED)
"""What a callback can watch: columns of `epochs`."""
