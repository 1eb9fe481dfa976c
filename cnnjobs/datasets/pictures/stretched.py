"""Pictures that are stretched: said before anything is trained on them, with what keeps their shape."""

from collections.abc import Iterator, Sequence

from cnnjobs.datasets.pictures.picture_pixels import Facts
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.spec.data import PicturesSpec

MUCH = 1.2
"""From this factor of one side against the other on, a picture counts as stretched: 4:3 to a square is 1.33."""

SHARE = 0.05
"""Of the pictures: fewer are not spoken of."""


def stretched_notes(reading: Reading, facts: Sequence[Facts], name: str, spec: PicturesSpec) -> Iterator[str]:
    """Yield how many pictures of a data set are stretched, and what to write instead.

    Args:
        reading: how they were read.
        facts: what is known of each.
        name: of the data set.
        spec: what a job file says of it.
    """
    if reading.resize != "stretch":
        return
    factors = {one.sides: stretch(one.sides, reading.size) for one in facts if all(one.sides)}
    count = sum(factors.get(one.sides, 1.0) >= MUCH for one in facts)
    if not count or count < SHARE * len(facts):
        return
    most = max(factors, key=lambda sides: factors[sides])
    (height, width), size = most, reading.size
    kind = type(spec).__name__
    yield (
        f"{name}: {count:,} of {len(facts):,} pictures are stretched to {size[0]} x {size[1]}, by up to "
        f'{100 * (factors[most] - 1):.0f}% (one of {height} x {width}): {kind}(..., resize="crop") keeps their shape '
        'and cuts off edges, resize="pad" puts black around them'
    )


def stretch(sides: tuple[int, int], size: tuple[int, int]) -> float:
    """Return by what factor one side of a picture grows against the other where it is stretched; 1 for none.

    Args:
        sides: its height and width.
        size: those that it is brought to.
    """
    factor = sides[0] * size[1] / (sides[1] * size[0])
    return max(factor, 1 / factor)
