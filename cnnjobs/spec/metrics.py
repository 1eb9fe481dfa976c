"""What is measured of every trial, of its training rows, its validation rows and the test set."""

METRICS = ("loss", "accuracy", "mse", "top5_accuracy")
"""Columns of `epochs` for the training rows; with `val_` before them for the validation rows, and in `trials`
also with `test_` and `train_`."""

TOP = 5
"""How many of the most probable classes `top5_accuracy` looks at; it says nothing of as many classes or fewer."""

CURVES = ("loss", "accuracy")
"""What learning curves show unless other metrics are asked for."""

MONITORS = (*(f"val_{name}" for name in METRICS), *METRICS)
"""What a callback can watch: columns of `epochs`."""


def is_accuracy(metric: str) -> bool:
    """Say whether a metric is a fraction of right answers: more is better, and people read it in percent."""
    return metric.endswith("accuracy")
