"""Watched metrics of a variant, computed on its validation rows: those of `watch` and those that callbacks monitor."""

from collections.abc import Iterable
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.metric_names import FORMS, find_metric, near, without_quotes
from cnnjobs.spec.metrics import MONITORS, PARTS, VALIDATION, Metric, column_of, part_of
from cnnjobs.spec.own_metric import OwnMetric, metric

Watched = str | OwnMetric
"""A watched metric: its name without `val_`, or a user's own metric."""


def checked_watch(watch: Any) -> tuple[Watched, ...]:
    """Return the metrics to watch without duplicates, ordered by name; without those that are always computed.

    Raises:
        SpecError: for a value that is not a metric of validation rows.
    """
    several = tuple(watch) if isinstance(watch, list | tuple) else (watch,)
    found = _by_column(map(_checked, several))
    return tuple(one for column, one in found.items() if column not in MONITORS)


def checked_monitor(argument: str, monitor: Any) -> Watched:
    """Return the monitored quantity of a callback: a column of `epochs`, or a user's own metric.

    Args:
        argument: name of the argument, for messages.
        monitor: the value that the user gave.

    Raises:
        SpecError: for a value that is neither.
    """
    if isinstance(monitor, OwnMetric):
        return monitor.watched()
    if isinstance(monitor, str):
        own = without_quotes(monitor.removeprefix(column_of(VALIDATION, "")))
        if monitor in MONITORS or (part_of(monitor) == VALIDATION and find_metric(own) is not None):
            return monitor if monitor in MONITORS else column_of(VALIDATION, own)
        if find_metric(without_quotes(monitor)) is not None:
            raise SpecError(
                f"`{argument}` must be a metric of the validation rows. Received: monitor={monitor!r}, which is not "
                f"computed of the training rows. Use monitor={column_of(VALIDATION, own)!r}."
            )
        near_it = near(monitor.removeprefix(column_of(part_of(monitor), "")))
    else:
        near_it = _hint_of_function(monitor, "monitor={}")
    raise SpecError(
        f"`{argument}` must be one of {', '.join(map(repr, MONITORS))}, or, with val_ before it, a metric of "
        f"predictions: {', '.join(FORMS)}; or your own, of `metric`. Received: monitor={monitor!r}."
        f"{near_it.replace(' Near it:', ' Near it, with val_ before it:')}"
    )


def watched_by(watch: Iterable[Watched], callbacks: Iterable[Any]) -> dict[str, Watched]:
    """Return all watched metrics, except those that are always computed, by column and ordered by column.

    Args:
        watch: `watch` of a variant.
        callbacks: callbacks of a variant.
    """
    monitors = (getattr(one, "monitor", None) for one in callbacks)
    monitored = (one for one in monitors if one is not None and one not in MONITORS)
    return _by_column((*watch, *monitored))


def _by_column(several: Iterable[Watched]) -> dict[str, Watched]:
    """Return metrics by their columns, in the order of these.

    Raises:
        SpecError: if two metrics of the user's have one name.
    """
    found: dict[str, Watched] = {}
    for one in several:
        column = column_of_watched(one)
        if found.setdefault(column, one) != one and isinstance(one, OwnMetric):
            raise SpecError(
                f"`watch` must have one metric of each name. Received: two different ones called {one.name!r}. "
                f"Use metric(..., name='other_{one.name}') for one of them."
            )
    return {column: found[column] for column in sorted(found)}


def monitored(callback: Any) -> str:
    """Return the column that a callback monitors; empty if it monitors none that is known here."""
    monitor = getattr(callback, "monitor", None)
    return "" if monitor is None else column_of_watched(monitor)


def name_of(watched: Watched) -> str:
    """Return the name of a metric, without `val_`."""
    if isinstance(watched, OwnMetric):
        return watched.name
    return without_quotes(watched.removeprefix(column_of(VALIDATION, "")))


def column_of_watched(watched: Watched) -> str:
    """Return the name of a watched metric in logs of epochs, `val_macro_f1`; a monitored column is kept as it is."""
    return watched if watched in MONITORS else column_of(VALIDATION, name_of(watched))


def form_of_watched(watched: Watched) -> Metric:
    """Return how the values of a watched metric are displayed."""
    if isinstance(watched, OwnMetric):
        return watched.form
    found = find_metric(name_of(watched))
    if found is None:
        raise KeyError(watched)
    return found


def _checked(one: Any) -> Watched:
    """Return a metric that is followed, by its name or as a value."""
    if isinstance(one, OwnMetric):
        return one.watched()
    if not isinstance(one, str):
        raise SpecError(
            "`watch` must be a tuple of names of metrics, such as ('macro_f1', 'recall[cat]'), and of your own, of "
            f"`metric`. Received: {one!r}.{_hint_of_function(one, 'watch=({},)')}"
        )
    name, part = name_of(one), part_of(one)
    if part not in ("", VALIDATION) and find_metric(name.removeprefix(column_of(part, ""))) is not None:
        own = name.removeprefix(column_of(part, ""))
        raise SpecError(
            f"`watch` must be metrics of the validation rows. Received: {one!r}, of the {PARTS[part]} rows. "
            f"Use {own!r}. (Of the test set it needs no watching: `aggregate` computes it from stored predictions.)"
        )
    if find_metric(name) is None:
        raise SpecError(
            f"`watch` must be names of metrics: {', '.join(FORMS)}; or your own, of `metric`. Received: {one!r}."
            f"{near(name)}"
        )
    return name


def _hint_of_function(value: Any, form: str) -> str:
    """Say how a bare function becomes a metric."""
    if not callable(value):
        return ""
    made = f"{metric.__name__}({getattr(value, '__name__', 'function')}, higher_is_better=True)"
    return f" Use {form.format(made)}."
