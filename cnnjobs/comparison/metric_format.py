"""Text form of a metric: name, unit and digits."""

from collections.abc import Mapping
from dataclasses import replace

from cnnjobs.spec.metrics import HEADLINE, PARTS, TABLE, Metric, metric_of, part_of


def metric_format(metric: str) -> Metric:
    """Return how a column of `trials` or `epochs` is written: `val_mse` is the validation mean squared error."""
    definition, rows = metric_of(metric), PARTS.get(part_of(metric), "")
    return replace(definition, words=f"{rows} {definition.words}".strip())


def axis_label(metric: str) -> str:
    """Return the metric in words, with its unit."""
    notation = metric_format(metric)
    return f"{notation.words} ({notation.unit})" if notation.unit else notation.words


def difference_label(metric: str, reference: str) -> str:
    """Return what a difference to the reference is called, with its unit."""
    notation = metric_format(metric)
    unit = f", {notation.unit_of_difference}" if notation.unit_of_difference else ""
    return f"{notation.words} minus {reference}{unit}"


def capital(text: str) -> str:
    """Return a text with a capital first letter: to begin a title."""
    return text[:1].upper() + text[1:]


def show(metric: str, value: float | None, *, signed: bool = False) -> str:
    """Return a value for people, "-" if there is none.

    Accuracies are in percent or points with two decimals, losses have four, and mean squared errors four significant
    digits.
    """
    if value is None:
        return "-"
    notation = metric_format(metric)
    return f"{notation.factor * value:{'+' if signed else ''}{notation.digits}}"


def said_of(values: Mapping[str, float], classes: int) -> list[str]:
    """Return what there is to say of one network, metric by metric: "accuracy 97.50%", "loss 0.0812".

    Nothing stands below a value here, so zeros at its end are left out where its digits are significant ones.

    Args:
        values: by name of the metric.
        classes: of the data set.
    """
    names = [HEADLINE, *(name for name in values if name != HEADLINE)]
    told = [TABLE[name] for name in names if classes >= TABLE[name].least_classes]
    return [
        f"{metric.words} {_plain(metric, values[metric.name])}{'%' if metric.in_percent else ''}" for metric in told
    ]


def _plain(metric: Metric, value: float) -> str:
    return f"{metric.factor * value:{metric.digits.removeprefix('#')}}"
