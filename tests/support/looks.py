"""Jobs whose runs become more, looked at between."""

from pathlib import Path

import cnnjobs
from support.stores import make_store


def growing(folder, values, counts):
    """Yield the store of a job with the first so many runs of each variant, one number of them after the other.

    Args:
        folder: where it lies.
        values: variant -> all its values.
        counts: runs of each variant.
    """
    for count in counts:
        yield make_store(folder, {name: runs[:count] for name, runs in values.items()}, repeats=counts[-1])


def compared(store, **options):
    """A look by a program."""
    return cnnjobs.compare(cnnjobs.load_results(store.files.location), **options)


def kept(store):
    """Names of the files of looks."""
    return sorted(path.name for path in Path(store.files.location, "looks").glob("*"))
