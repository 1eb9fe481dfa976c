"""Which factors the variants of a job are all combinations of, told by their settings, whoever wrote them down."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from cnnjobs.spec.level_names import collapsed, distinct, level_names
from cnnjobs.spec.variant import Variant

Partition = tuple[int, ...]
"""The level of each variant, numbered as they come."""

Leaves = Mapping[str, Any]
"""Path of a setting, "model.options.dropout" -> its value."""

_ABSENT = "absent"

_USUAL = {one.name: one.default for one in fields(Variant)}
"""Field -> its value where that is not stored."""


@dataclass(frozen=True)
class Factor:
    """What variants differ in.

    Args:
        name: the field of a variant, or the setting within one; several that change together with " and ".
        levels: what its levels are called, that of the reference first.
    """

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Factorial:
    """Variants that are every combination of the levels of some factors.

    Args:
        factors: two or more.
        cells: variant -> its level of each factor, counted from 0, which is that of the reference.
    """

    factors: tuple[Factor, ...]
    cells: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Group:
    """Settings that change together.

    Args:
        paths: of the settings.
        levels: of each variant.
    """

    paths: tuple[str, ...]
    levels: Partition


def factorial_of(settings: Mapping[str, Mapping[str, Any]], reference: str) -> Factorial | None:
    """Return the factors of which variants are every combination; None where they are none of two or more.

    A factor is a field of the variants, or settings within a field that are combined themselves:
    `vgg(dropout=..., weight_decay=...)`. Settings that always change together are one factor. One rate for all layers
    is one rate, however many layers there are.

    Args:
        settings: variant -> its settings, as `job.json` keeps them.
        reference: the variant whose levels come first.
    """
    names = list(settings)
    if len(names) < 4:
        return None
    tops = [{str(name): value for name, value in one.items()} for one in settings.values()]
    fields = _groups(tops)
    if not _is_full(fields, len(names)):
        fields = _groups([dict(_leaves(one)) for one in settings.values()])
        return _named(names, tops, fields, reference) if len(fields) > 1 and _is_full(fields, len(names)) else None
    groups = [part for group in fields for part in _divided(group, tops)]
    return _named(names, tops, groups, reference) if len(groups) > 1 else None


def _divided(group: _Group, tops: Sequence[Leaves]) -> list[_Group]:
    """Return the groups of settings within a group whose levels are all combinations of theirs; else the group."""
    leaves = [dict(_leaves({path: one[path] for path in group.paths if path in one})) for one in tops]
    parts = _groups(leaves)
    return parts if len(parts) > 1 and _is_full(parts, len(set(group.levels))) else [group]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings within a value; a list is one, and what it holds several times alike it holds once."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, collapsed(value)


def _groups(variants: Sequence[Leaves]) -> list[_Group]:
    """Return the settings that differ, those together of which one tells the other."""
    found: list[_Group] = []
    for path in dict.fromkeys(path for one in variants for path in one):
        levels = _numbered(json.dumps(collapsed(one.get(path, _ABSENT)), sort_keys=True) for one in variants)
        if not any(levels):
            continue
        joined, apart = _Group((path,), levels), []
        for group in found:
            if _tells(group.levels, joined.levels) or _tells(joined.levels, group.levels):
                joined = _Group((*group.paths, *joined.paths), _numbered(zip(group.levels, joined.levels, strict=True)))
            else:
                apart.append(group)
        found = [*apart, joined]
    return sorted(found, key=lambda group: min(_place(path, variants) for path in group.paths))


def _place(path: str, variants: Sequence[Leaves]) -> int:
    return next(place for place, known in enumerate(dict.fromkeys(p for one in variants for p in one)) if known == path)


def _numbered(values: Iterable[Any]) -> Partition:
    numbers: dict[Any, int] = {}
    return tuple(numbers.setdefault(value, len(numbers)) for value in values)


def _tells(one: Partition, other: Partition) -> bool:
    """Say whether the level of one tells that of the other."""
    return len(set(zip(one, other, strict=True))) == len(set(one))


def _is_full(groups: Sequence[_Group], combinations: int) -> bool:
    """Say whether there is every combination of the levels of groups."""
    sizes = [len(set(group.levels)) for group in groups]
    different = set(zip(*(group.levels for group in groups), strict=True))
    return math.prod(sizes) == combinations == len(different)


def _named(names: Sequence[str], tops: Sequence[Leaves], groups: Sequence[_Group], reference: str) -> Factorial:
    """Return the factors with the names of their levels: those in the names of the variants, or of their settings."""
    start, factors, cells = names.index(reference), [], []
    for group in groups:
        order = [group.levels[start], *(one for one in range(len(set(group.levels))) if one != group.levels[start])]
        first = [group.levels.index(level) for level in order]
        levels = _levels_in_names(names, group) or _levels_in_settings(group, tops)
        factors.append(Factor(" and ".join(_shortest(group)), tuple(distinct([levels[place] for place in first]))))
        cells.append([order.index(level) for level in group.levels])
    return Factorial(tuple(factors), dict(zip(names, zip(*cells, strict=True), strict=True)))


def _levels_in_names(names: Sequence[str], group: _Group) -> Sequence[str] | None:
    """Return the part of each variant's name that says its level, where names are lists of such parts, as of `grid`."""
    parts = [name.split(", ") for name in names]
    if len({len(one) for one in parts}) > 1:
        return None
    columns = [column for column in zip(*parts, strict=True) if _numbered(column) == group.levels]
    return columns[0] if columns else None


def _levels_in_settings(group: _Group, tops: Sequence[Leaves]) -> list[str]:
    """Return what says the level of each variant: the setting that tells all of them, or several."""
    columns = []
    for path in _shortest(group, whole=True):
        values = [collapsed(_at(one, path)) if "." in path else one.get(path, _USUAL.get(path)) for one in tops]
        first = [group.levels.index(level) for level in range(len(set(group.levels)))]
        told = level_names(path.rpartition(".")[2], [values[place] for place in first])
        columns.append([told[level] for level in group.levels])
    return [", ".join(parts) for parts in zip(*columns, strict=True)]


def _shortest(group: _Group, *, whole: bool = False) -> list[str]:
    """Return the settings that name a factor: the fields, or where it is within a field the setting itself."""
    fields = list(dict.fromkeys(path.partition(".")[0] for path in group.paths))
    paths = fields if len(fields) > 1 or fields[0] in group.paths else list(group.paths[:1])
    return paths if whole else [path.rpartition(".")[2] for path in paths]


def _at(settings: Any, path: str) -> Any:
    """Return the value at a path."""
    for name in path.split("."):
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    return settings
