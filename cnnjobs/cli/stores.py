"""Goes through the jobs of a results folder; one that cannot be read does not hide the others."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cnnjobs.store.store import Store


T = TypeVar("T")


def for_each_store(
    results: str, show: "Callable[[Store], T]", at_the_end: Callable[[Sequence[T]], None] = lambda shown: None
) -> None:
    """Call `show` with every job's store, then `at_the_end` with what it returned.

    Raises:
        StoreError: in the end, if a job could not be read; the others were shown.
    """
    from cnnjobs.errors import StoreError
    from cnnjobs.store.results import open_stores

    stores, broken = open_stores(results)
    shown = []
    for store in stores:
        try:
            shown.append(show(store))
        except StoreError as error:
            broken.append(error)
    at_the_end(shown)
    if broken:
        raise StoreError("\n".join(str(error) for error in broken)) from broken[0]
