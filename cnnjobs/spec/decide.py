"""The request to reach a verdict with as few repeats as possible."""

from __future__ import annotations

from dataclasses import dataclass

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import number, whole

FEWEST_REPEATS, MOST_REPEATS = 5, 100
"""Of `most_repeats`: repeats at the first look, and at the last for which error rates are known."""

SMALLEST_ALPHA, LARGEST_ALPHA = 0.001, 0.2
"""Of `alpha`."""

DEFAULT_MOST = 20
"""Default of `most_repeats`."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Decide:
    """Repeat variants only until each is known to be better, worse or equal.

    The runs are analysed after every repeat from the fifth on. A false "better" or "worse" occurs in at most `alpha` of
    all jobs, over all variants and all these analyses together, if differences are normally distributed. The
    documentation's page on deciding gives the rates for other distributions.

    Args:
        margin: difference in percentage points of test accuracy within which a variant counts as equal to the
            reference; None if no variant is to count as equal.
        most_repeats: largest number of repeats per variant, 5 to 100; it may be raised later.
        alpha: accepted rate of false verdicts, in [0.001, 0.2].

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Decide
        >>> Decide(margin=0.5)
        Decide(margin=0.5, most_repeats=20, alpha=0.05)
    """

    margin: float | None = None
    most_repeats: int = DEFAULT_MOST
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.margin is not None:
            hint = "They are percentage points of test accuracy."
            object.__setattr__(self, "margin", number("margin", self.margin, hint, above=0, below=100))
        hint = "The first look is after five repeats; rates of false verdicts are known up to a hundred."
        most = whole("most_repeats", self.most_repeats, least=FEWEST_REPEATS, most=MOST_REPEATS, hint=hint)
        object.__setattr__(self, "most_repeats", most)
        object.__setattr__(self, "alpha", number("alpha", self.alpha, least=SMALLEST_ALPHA, most=LARGEST_ALPHA))
