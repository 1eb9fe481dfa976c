"""How people write a metric: its name, unit and digits."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Measure:
    """How people write a metric.

    Args:
        name: in words.
        unit: of a value; may be empty.
        unit_of_difference: of a difference; may be empty.
        factor: what a stored value is multiplied by to be shown.
        digits: how a value is formatted then.
    """

    name: str
    unit: str
    unit_of_difference: str
    factor: float
    digits: str


MEASURES = {
    "loss": Measure("loss", "cross-entropy", "nats", 1, ".4f"),
    "accuracy": Measure("accuracy", "%", "points", 100, ".2f"),
    "mse": Measure("mean squared error", "", "", 1, "#.4g"),  # small where there are many classes
    "top5_accuracy": Measure("top-5 accuracy", "%", "points", 100, ".2f"),
}

PARTS = {"test_": "test ", "val_": "validation ", "train_": "train "}


def measure(metric: str) -> Measure:
    """Return how a column of `trials` or `epochs` is written: `val_mse` is the validation mean squared error."""
    part = next((part for part in PARTS if metric.startswith(part)), "")
    found = MEASURES[metric.removeprefix(part)]
    return replace(found, name=PARTS.get(part, "") + found.name)


def axis_label(metric: str) -> str:
    """Return the metric in words, with its unit."""
    found = measure(metric)
    return f"{found.name} ({found.unit})" if found.unit else found.name


def difference_label(metric: str, reference: str) -> str:
    """Return what a difference to the reference is called, with its unit."""
    found = measure(metric)
    unit = f", {found.unit_of_difference}" if found.unit_of_difference else ""
    return f"{found.name} minus {reference}{unit}"


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
    found = measure(metric)
    return f"{found.factor * value:{'+' if signed else ''}{found.digits}}"
