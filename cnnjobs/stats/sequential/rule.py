"""When the repeats of variants end, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnnjobs.stats.outcomes import ALPHA, Interval
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, MOST_PAIRS


class Verdict(StrEnum):
    """What became of a variant."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    UNDECIDED = "undecided"
    """All repeats that are allowed have been used."""
    GIVEN_UP = "given_up"
    """All repeats that are allowed would hardly decide."""
    NO_PAIRS = "no_pairs"
    """No pair in the first repeats: one side or the other diverged in each."""
    OPEN = "open"
    """The rule goes on."""

    @property
    def is_decided(self) -> bool:
        """Whether it is better, worse or equal, for good."""
        return self in (Verdict.BETTER, Verdict.WORSE, Verdict.EQUAL)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When the repeats of a variant end.

    Args:
        alpha: probability of any false "better" or "worse", over all variants and looks; the same again for "equal".
        margin: within which a difference counts as none, in the unit of the differences; None for none.
        most_repeats: of a variant, 5 to 100.
        higher_is_better: whether positive differences are better.
        gives_up: whether a variant ends early that would hardly be decided.

    Raises:
        ValueError: for a value for which the rule promises nothing.
    """

    alpha: float = ALPHA
    margin: float | None = None
    most_repeats: int = 20
    higher_is_better: bool = True
    gives_up: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1 / 2:
            raise ValueError(f"`alpha` must be above 0 and below 0.5. Received: {self.alpha}.")
        if self.margin is not None and not 0 < self.margin < np.inf:
            raise ValueError(f"`margin` must be a finite number above 0, or None. Received: {self.margin}.")
        if not FIRST_LOOK <= self.most_repeats <= MOST_PAIRS:
            limits = f"from {FIRST_LOOK} to {MOST_PAIRS}"
            raise ValueError(f"`most_repeats` must be {limits}. Received: {self.most_repeats}.")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A decision of earlier, which stands.

    Args:
        verdict: better, worse or equal.
        repeats: after which it was made.
        alpha: level at which Holm decided.
    """

    verdict: Verdict
    repeats: int
    alpha: float


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the rule says of one variant.

    Args:
        verdict: what became of it.
        repeats: used: the first so many; all that counted so far where it is open.
        pairs: of these, those with a value on both sides.
        differences: (pairs,) variant minus reference, in the order of repeats.
        mean: of the pairs; None without one.
        sd: of the pairs, ddof=1; None below two.
        x: smallest p sqrt(n / 5) so far.
        q: sequential p that nothing differs; 1 before the fifth pair.
        x_equal: as `x`, of a difference as large as the margin.
        q_equal: as `q`, that the difference is as large as the margin.
        alpha: level at which Holm decided, or would decide next.
        interval: of the mean at one minus `alpha`, which holds at every look together; agrees with the verdict.
        look: pairs at the look that the interval is of: `pairs`, unless an earlier look decided at a level that was
            reached later.
        left: repeats that may still be used.
    """

    verdict: Verdict
    repeats: int
    pairs: int
    differences: tuple[float, ...]
    mean: float | None
    sd: float | None
    x: float
    q: float
    x_equal: float
    q_equal: float
    alpha: float
    interval: Interval
    look: int
    left: int = 0

    @property
    def lost(self) -> int:
        """Repeats without a pair: one side or the other diverged."""
        return self.repeats - self.pairs

    @property
    def x_of_verdict(self) -> float:
        """The `x` that the verdict is by: `x_equal` where it is "equal"."""
        return self.x_equal if self.verdict is Verdict.EQUAL else self.x

    @property
    def q_of_verdict(self) -> float:
        """The sequential p that the verdict is by: `q_equal` where it is "equal"."""
        return self.q_equal if self.verdict is Verdict.EQUAL else self.q
