"""Weights of classes in the loss: balanced, or by the names of the classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import number
from cnnjobs.wording.labels import listed

BALANCED = "balanced"

EXPECTED = '"balanced", a dict of the weights of classes by their names, or None for all alike'


def checked_class_weight(value: Any) -> str | dict[str, float] | None:
    """Return the weights of classes, sorted by name if they are given by name.

    Raises:
        SpecError: for anything else, and for invalid weights.
    """
    if value is None or (isinstance(value, str) and value == BALANCED):
        return None if value is None else BALANCED
    if not isinstance(value, Mapping) or not value:
        raise SpecError(f"`class_weight` must be {EXPECTED}. Received: class_weight={value!r}.{_named(value)}")
    numbered = [key for key in value if not isinstance(key, str)]
    if numbered:
        raise SpecError(
            f"`class_weight` must name classes by their names, as text. Received: class_weight={dict(value)!r}. "
            f"`cnnjobs show` lists the names; classes that are numbers have such names: {str(numbered[0])!r}."
        )
    return {str(key): number(f"class_weight[{str(key)!r}]", value[key], least=0) for key in sorted(value)}


def _named(value: Any) -> str:
    """Say how to write what people bring from elsewhere."""
    if isinstance(value, list | tuple) or hasattr(value, "shape"):
        return ' A list of weights does not say which class each belongs to: class_weight={"cat": 2.0, "dog": 1.0}.'
    return ""


def check_class_names(variant: str, weights: Any, class_names: Sequence[str]) -> None:
    """Refuse weights of classes that a data set does not have.

    Args:
        variant: name of the variant, for messages.
        weights: `class_weight` of a variant.
        class_names: names of the data set's classes.

    Raises:
        SpecError: with the names of the existing classes.
    """
    if not isinstance(weights, dict):
        return
    unknown = [name for name in weights if name not in class_names]
    if unknown:
        raise SpecError(
            f"Variant {variant!r}: `class_weight` must name classes of the data set. Received: {listed(unknown)}. "
            f"Its classes: {listed(class_names)}. Those that are not named count 1."
        )
    if not any(weights.get(name, 1.0) for name in class_names):
        raise SpecError(f"Variant {variant!r}: `class_weight` must leave a class that counts. Received: {weights!r}.")
