"""Variants that train alike, because they differ in how they are evaluated alone."""

from collections.abc import Iterator
from itertools import combinations

from cnnjobs.spec import Job


def trained_alike_notes(job: Job) -> Iterator[str]:
    """Say which variants differ in test-time augmentation alone, each with the first of them."""
    told: set[str] = set()
    for (first, one), (second, other) in combinations(job.variants.items(), 2):
        if second not in told and one.tta != other.tta and one.but(tta=None) == other.but(tta=None):
            told.add(second)
            yield (
                f"{second!r} trains to the same bits as {first!r}, because they differ only in `tta`. A variant with "
                "`tta` has the numbers of plain prediction, too, so that one of the two is enough"
            )
