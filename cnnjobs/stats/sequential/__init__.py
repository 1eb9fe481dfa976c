"""A verdict on paired differences that holds however often one looks, up to 100 pairs.

Looks begin at the fifth pair. With p_n(theta) the two-sided paired t test of a mean theta over the first n pairs,
x_n(theta) = p_n(theta) sqrt(n / 5), and F(x) is the probability that some x_n, n = 5..100, is at most x where the mean
is theta, whatever the spread: so F of the smallest x so far is a p-value at any stop. See Jennison and Turnbull, Group
Sequential Methods (2000), on repeated confidence intervals.
"""

from cnnjobs.stats.sequential.crossing import (
    FIRST_LOOK,
    MOST_PAIRS,
    bound_of_x,
    critical_t,
    crossing_probability,
    nominal_level,
)
from cnnjobs.stats.sequential.decisions import decide
from cnnjobs.stats.sequential.looks import Looks, look_at, repeated_interval
from cnnjobs.stats.sequential.reach import Prospect, smallest_difference, smallest_margin, until_better, until_equal
from cnnjobs.stats.sequential.rule import Decision, Kept, Rule, Verdict
from cnnjobs.stats.sequential.stopping import mean_allowing_for_stop

__all__ = [
    "FIRST_LOOK",
    "MOST_PAIRS",
    "Decision",
    "Kept",
    "Looks",
    "Prospect",
    "Rule",
    "Verdict",
    "bound_of_x",
    "critical_t",
    "crossing_probability",
    "decide",
    "look_at",
    "mean_allowing_for_stop",
    "nominal_level",
    "repeated_interval",
    "smallest_difference",
    "smallest_margin",
    "until_better",
    "until_equal",
]
