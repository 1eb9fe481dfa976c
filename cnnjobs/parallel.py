"""Does many slow things at once: object storage answers each request after some time, and many at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(function: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> Iterator[Result]:
    """Yield what the function returns for each item, in order; so many are under way at a time.

    Args:
        function: is called from several threads, unless `at_once` is 1.
        items: what it is called with.
        at_once: how many threads.
    """
    if at_once == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="storage") as pool:
        yield from pool.map(function, items)
