"""Contrasts of a full factorial: main effects and two-way interactions, computed in each repeat."""

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
    """A main effect of one level, or an interaction of two levels of two factors, each against level 0.

    Args:
        levels: factor -> level; one for a main effect, two for an interaction.
        plus: cells whose mean counts positively.
        minus: cells whose mean is subtracted.
        scale: what the difference of these means is multiplied by: 2 for an interaction, a difference of differences.
    """

    levels: Mapping[int, int]
    plus: tuple[Cell, ...]
    minus: tuple[Cell, ...]
    scale: int

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells that it needs."""
        return (*self.plus, *self.minus)


def contrasts(sizes: Sequence[int]) -> Iterator[Contrast]:
    """Yield the main effects of a full factorial, then its two-way interactions.

    The main effect of level a is the mean over all levels of the other factors of y(a) - y(0). The interaction of a and
    b is the mean over all levels of the remaining factors of (y(a, b) - y(0, b)) - (y(a, 0) - y(0, 0)): by how much the
    effect of a changes with b.

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
    """Return both sides of a contrast by run, whose difference it is, and how many runs are left out.

    A repeat counts where each cell that the contrast needs has it.

    Args:
        contrast: which.
        values: cell -> (repeat, fold) -> value.

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
