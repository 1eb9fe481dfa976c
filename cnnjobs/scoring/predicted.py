"""What one run predicts of the test set, read from its rows and checked."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

COLUMNS = ("example", "label", "predicted", "probabilities")
"""What is used of the rows of a run."""


@dataclass(frozen=True)
class Predicted:
    """What one run predicts of the test set.

    Args:
        labels: (examples,) int32, the truth, in [0, classes).
        classes: (examples,) int32, the class it predicts of each.
        probabilities: (examples, classes) float32.
    """

    labels: NDArray[np.int32]
    classes: NDArray[np.int32]
    probabilities: NDArray[np.float32]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """(examples,) on which the run is wrong."""
        is_wrong: NDArray[np.bool_] = self.labels != self.classes
        return is_wrong


def predicted_of(rows: pa.Table, classes: int) -> Predicted | str:
    """Return what a run predicts, or what keeps it from being used.

    Args:
        rows: of one run, with `COLUMNS`; at least one.
        classes: of the data set.
    """
    if any(rows[name].null_count for name in COLUMNS):
        return "lacks a label or a prediction"
    examples, labels, predicted = (rows[name].to_numpy() for name in COLUMNS[:3])
    if not np.array_equal(examples, np.arange(len(examples))):
        return "does not hold every test image once, in order"
    widths = pc.min_max(pc.list_value_length(rows["probabilities"])).as_py()
    extremes = min(labels.min(), predicted.min()), max(labels.max(), predicted.max())
    if extremes[0] < 0 or extremes[1] >= classes or widths != {"min": classes, "max": classes}:
        return f"is not of the {classes} classes of job.json"
    probabilities = pc.list_flatten(rows["probabilities"]).to_numpy().reshape(len(labels), classes)
    if not np.isfinite(probabilities).all():
        return "holds probabilities that are not finite"
    return Predicted(labels, predicted, probabilities)
