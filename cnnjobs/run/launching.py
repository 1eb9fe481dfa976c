"""Which runs may start next where a rule looks at repeats in their order: those of the next repeats only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cnnjobs.comparison.decisions import Run
from cnnjobs.stats.sequential import FIRST_LOOK


def window(sides: Sequence[str], looked_at: int, most_repeats: int, at_once: int) -> Iterator[Run]:
    """Yield the runs that may be under way, repeat by repeat.

    Those of the repeat that is waited for, and of as many repeats after it as keep all slots busy meanwhile: a decision
    may come at every repeat, and what is ahead of it then was for nothing. Before the first look none can come.

    Args:
        sides: condition ids of the variants that go on, and of the reference.
        looked_at: repeats that have ended on all sides.
        most_repeats: of each side.
        at_once: how many runs are under way at the same time.
    """
    ahead = math.ceil(at_once / len(sides))
    until = min(max(looked_at + 1 + ahead, FIRST_LOOK), most_repeats)
    return ((side, repeat) for repeat in range(looked_at, until) for side in sides)
