"""Contrasts of a full factorial design: main effects and two-way interactions, computed in each repeat."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TypeVar

import numpy as np

Cell = tuple[int, ...]
"""The level of each factor, counted from 0."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Contrast:
    """A main effect of one level, or an interaction of two levels of two factors, each compared with level 0.

    Args:
        levels: mapping from factors to levels; one for a main effect, two for an interaction.
        plus: cells whose mean is added.
        minus: cells whose mean is subtracted.
        scale: factor of the difference of these means: 2 for an interaction, which is a difference of differences.
    """

    levels: Mapping[int, int]
    plus: tuple[Cell, ...]
    minus: tuple[Cell, ...]
    scale: int

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells that the contrast needs."""
        return (*self.plus, *self.minus)


def contrasts(sizes: Sequence[int]) -> Iterator[Contrast]:
    """Yield the main effects of a full factorial design, then its two-way interactions.

    The main effect of level a is the mean of y(a) - y(0) over all levels of the other factors. The interaction of a and
    b is the mean of (y(a, b) - y(0, b)) - (y(a, 0) - y(0, 0)) over all levels of the remaining factors: the amount by
    which the effect of a changes with b.

    Args:
        sizes: number of levels of each factor.

    Example:
        >>> main, other, both = contrasts((2, 2))
        >>> main.plus, main.minus
        (((1, 0), (1, 1)), ((0, 0), (0, 1)))
        >>> both.plus, both.minus, both.scale
        (((0, 0), (1, 1)), ((0, 1), (1, 0)), 2)
    """
    cells = list(product(*(range(size) for size in sizes)))
    for factor, size in enumerate(sizes):
        for level in range(1, size):
            plus, minus = (tuple(cell for cell in cells if cell[factor] == one) for one in (level, 0))
            yield Contrast({factor: level}, plus, minus, 1)
    for one, other in combinations(range(len(sizes)), 2):
        for a, b in product(range(1, sizes[one]), range(1, sizes[other])):
            within = [cell for cell in cells if cell[one] in (0, a) and cell[other] in (0, b)]
            plus = tuple(cell for cell in within if (cell[one] == a) == (cell[other] == b))
            minus = tuple(cell for cell in within if (cell[one] == a) != (cell[other] == b))
            yield Contrast({one: a, other: b}, plus, minus, 2)


def contrast_sides(
    contrast: Contrast, values: Mapping[Cell, Mapping[Key, float]]
) -> tuple[dict[Key, float], dict[Key, float], int]:
    """Return the two sides of a contrast for each run, and the number of runs that are left out.

    The contrast is the first side minus the second. A repeat is used if all cells that the contrast needs have it.

    Args:
        contrast: the contrast.
        values: mapping from cells to mappings from (repeat, fold) to values.

    Example:
        >>> (main,) = contrasts((2,))
        >>> contrast_sides(main, {(0,): {1: 0.5, 2: 0.25}, (1,): {1: 0.75}})
        ({1: 0.75}, {1: 0.5}, 1)
    """
    runs = [values[cell] for cell in contrast.cells]
    shared = [key for key in runs[0] if all(key in own for own in runs)]
    plus, minus = (
        {key: contrast.scale * float(np.mean([values[cell][key] for cell in cells])) for key in shared}
        for cells in (contrast.plus, contrast.minus)
    )
    return plus, minus, sum(len(own) for own in runs) - len(runs) * len(shared)
