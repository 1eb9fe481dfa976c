"""Grids: the Cartesian product of several values of several settings, as named variants."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice, product
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named, unknown_argument
from cnnjobs.spec.level_names import distinct, level_names
from cnnjobs.spec.variant import Variant
from cnnjobs.wording.sentences import cause

MOST_POINTS = 5_000
"""Largest number of variants; more are taken for a mistake, since a generator may be infinite."""

LONGEST = 100
"""Largest number of characters in a variant's name."""


@dataclass(frozen=True)
class _Axis:
    """One axis.

    Args:
        name: of the field or argument.
        levels: what its values are called.
        values: to try.
    """

    name: str
    levels: Sequence[str]
    values: Sequence[Any]


@arguments_named
def grid(make: Variant | Callable[..., Variant], /, **axes: Iterable[Any]) -> dict[str, Variant]:
    """Return the Cartesian product of `axes` as named variants.

    Variants are named by the settings that differ: "batch_size=32, xla=True" for plain values, "SGD 0.1, no
    augmentation" for specs. If the values of one axis differ in a single setting, that setting names them:
    "learning_rate=0.1". Once every combination has been trained, the report shows main effects and two-way interactions
    of the axes.

    Args:
        make: a `Variant`, whose fields the axes change, or a function of the axes that returns one.
        **axes: for each field or argument, the values to try: for example a list, or a mapping from names to values,
            `augment={"none": None, "flip": Augment(flip="horizontal")}`.

    Returns:
        A mapping from names to variants, for `Job(variants=...)`; the last axis changes fastest, and the first point is
        the reference.

    Raises:
        SpecError: for an axis that is not a field, is empty, has no order or contains a value twice; for more than
            5,000 points; and for an invalid combination, which the message names.

    Example:
        >>> from cnnjobs import SGD, Adam, Augment, Variant, grid, vgg
        >>> list(grid(Variant(model=vgg()), batch_size=[32, 64], epochs=[5]))
        ['batch_size=32, epochs=5', 'batch_size=64, epochs=5']
        >>> list(grid(Variant(model=vgg()), optimizer=[SGD(0.1), Adam()], augment=[None, Augment(shift=0.1)]))
        ['SGD 0.1, no augmentation', 'SGD 0.1, shift 0.1', 'Adam 0.001, no augmentation', 'Adam 0.001, shift 0.1']
    """
    build = _builder(make, axes)
    read = [_axis(name, values) for name, values in axes.items()]
    points = math.prod(len(axis.values) for axis in read)
    if points > MOST_POINTS:
        sizes = " x ".join(str(len(axis.values)) for axis in read)
        raise SpecError(
            f"`grid` must have at most {MOST_POINTS:,} points. Received: {sizes} values, {points:,} points. "
            "Leave out values, or make several jobs."
        )
    names = distinct([_fitting(levels) for levels in product(*(axis.levels for axis in read))])
    settings = [dict(zip(axes, point, strict=True)) for point in product(*(axis.values for axis in read))]
    made = {name: _point(build, name, one) for name, one in zip(names, settings, strict=True)}
    _refuse_twins(made)
    return made


def _builder(make: Any, axes: Mapping[str, Any]) -> Callable[..., Any]:
    """Return what makes a variant of one value of each axis."""
    if not axes:
        raise SpecError("`grid` needs values of at least one field, such as batch_size=[32, 64]. Received: none.")
    if isinstance(make, Variant):
        known = [item.name for item in fields(make)]
        for name in axes:
            if name not in known:
                raise SpecError(unknown_argument("grid", name, known))
        return make.but
    if not callable(make) or isinstance(make, type):
        raise SpecError(f"`grid` needs a Variant, or a function that returns one. Received: make={make!r}.")
    try:
        inspect.signature(make).bind(**axes)
    except TypeError as error:
        call = ", ".join(f"{name}=..." for name in axes)
        raise SpecError(f"`grid`: its function must be callable as make({call}). Received: {cause(error)}.") from error
    except ValueError:  # one without a signature is called and says so itself
        pass
    built: Callable[..., Any] = make
    return built


def _axis(name: str, values: Any) -> _Axis:
    """Return the values of an axis, each with a name."""
    if isinstance(values, Mapping):
        levels, tried = [str(key).strip() for key in values], list(values.values())
        if not all(level and level.isprintable() for level in levels) or len(set(levels)) < len(levels):
            raise SpecError(f"`grid({name}=...)` must have printable names that differ. Received: {list(values)!r}.")
    else:
        tried = _listed(name, values)
        levels = level_names(name, tried)
    if not tried:
        raise SpecError(f"`grid({name}=...)` must have at least one value. Received: {name}={values!r}.")
    for place, value in enumerate(tried):
        if any(value is one or _equal(value, one) for one in tried[:place]):
            raise SpecError(f"`grid({name}=...)` must not have a value twice. Received: {value!r} again.")
    return _Axis(name, levels, tried)


def _listed(name: str, values: Any) -> list[Any]:
    single = isinstance(values, str | bytes) or not isinstance(values, Iterable)
    if single:
        raise SpecError(
            f"`grid({name}=...)` must be a list of values. Received: {name}={values!r}. "
            f"For a single value, write {name}=[{values!r}]."
        )
    if isinstance(values, set | frozenset):
        raise SpecError(
            f"`grid({name}=...)` must be a list: a set has no order, and the first point is the reference. "
            f"Received: {name}={values!r}."
        )
    found = list(islice(values, MOST_POINTS + 1))
    if len(found) > MOST_POINTS:
        raise SpecError(
            f"`grid({name}=...)` must have at most {MOST_POINTS:,} values. Received: more, or a generator without end."
        )
    return found


def _equal(one: Any, other: Any) -> bool:
    """Say whether two values are one setting: 1 and 1.0 are, 1 and True are not."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    try:
        return bool(one == other)
    except Exception:  # an array has no truth value
        return False


def _fitting(levels: Sequence[str]) -> str:
    """Return the name of a point; names of levels are cut where they are too long together."""
    name = ", ".join(levels)
    if len(name) <= LONGEST:
        return name
    room = (LONGEST - 5 - 2 * (len(levels) - 1)) // len(levels)  # five for a number behind it
    return ", ".join(level if len(level) <= room else f"{level[: room - 1].rstrip()}…" for level in levels)


def _point(build: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> Variant:
    """Return the variant of one point; of several settings it is said which point of the grid they are."""
    try:
        variant = build(**settings)
    except SpecError as error:
        raise SpecError(f"`grid` at {name!r}: {error}") from error
    if not isinstance(variant, Variant):
        raise SpecError(f"`grid` at {name!r}: its function must return a Variant. Received: {variant!r}.")
    return variant


def _refuse_twins(made: Mapping[str, Variant]) -> None:
    """Refuse points that are one variant: values that become equal, or an argument that is not used."""
    seen: dict[str, str] = {}
    for name, variant in made.items():
        first = seen.setdefault(repr(variant), name)
        if first != name:
            raise SpecError(
                f"`grid` must have points that differ. Received: {first!r} and {name!r}, whose settings are all the "
                "same. Remove one of the values, or use each argument of the function."
            )
