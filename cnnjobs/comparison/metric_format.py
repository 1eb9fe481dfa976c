"""Text form of a metric: name, unit and digits."""

from collections.abc import Mapping

from cnnjobs.spec.metric_names import metric_of
from cnnjobs.spec.metrics import HEADLINE, TABLE, Metric, part_of


def metric_format(column: str) -> Metric:
    """Return the metric of a column of `trials` or `epochs`: `val_mse` is the validation mean squared error."""
    return metric_of(column).of_part(part_of(column))


def axis_label(metric: Metric) -> str:
    """Return the metric in words, with its unit."""
    return f"{metric.words} ({metric.unit})" if metric.unit else metric.words


def difference_label(metric: Metric, reference: str) -> str:
    """Return what a difference to the reference is called, with its unit."""
    unit = f", {metric.unit_of_difference}" if metric.unit_of_difference else ""
    return f"{metric.words} minus {reference}{unit}"


def capital(text: str) -> str:
    """Return a text with a capital first letter: to begin a title."""
    return text[:1].upper() + text[1:]


def show(metric: Metric, value: float | None, *, signed: bool = False) -> str:
    """Return a value for people, "-" if there is none.

    Accuracies are in percent or points with two decimals, losses have four, and mean squared errors four significant
    digits.
    """
    if value is None:
        return "-"
    return f"{metric.factor * value:{'+' if signed else ''}{metric.digits}}"


def ends_text(metric: Metric, low: float, high: float, *, signed: bool = False) -> str:
    """Return an interval for people, within what the metric can be: [98.21, 100.00].

    Args:
        metric: which.
        low: lower end as stored and computed.
        high: upper end.
        signed: whether it is of a difference, with its signs.
    """
    return "[{}, {}]".format(
        *(show(metric, end, signed=signed) for end in within_bounds(metric, low, high, difference=signed))
    )


def within_bounds(metric: Metric, low: float, high: float, *, difference: bool = False) -> tuple[float, float]:
    """Return an interval cut off where the metric ends: a t interval of a few accuracies can reach beyond 100%.

    The mean that it is of cannot lie beyond, so it covers as often as before.

    Args:
        metric: which.
        low: lower end as stored and computed.
        high: upper end.
        difference: whether it is of a difference of two values.
    """
    lowest, highest = metric.lowest, metric.highest
    if difference:
        span = None if lowest is None or highest is None else highest - lowest
        lowest, highest = None if span is None else -span, span
    return _inside(low, lowest, highest), _inside(high, lowest, highest)


def _inside(end: float, lowest: float | None, highest: float | None) -> float:
    end = end if lowest is None else max(lowest, end)
    return end if highest is None else min(highest, end)


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
