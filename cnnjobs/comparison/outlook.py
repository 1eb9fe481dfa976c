"""How many repeats the rule of a job will want, by the SD of the pairs that there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.stats import Interval
from cnnjobs.stats.outcomes import reals, sd
from cnnjobs.stats.sequential import smallest_difference, smallest_margin, until_better, until_equal
from cnnjobs.stats.summary import sd_interval
from cnnjobs.store.decision_rule import DecisionRule

TYPICAL = (0.1, 0.2, 0.5, 1.0, 2.0)
"""SDs of pairs in points, for a job without any pairs."""

ASKED = (0.5, 1.0)
"""Differences in points, beside the margin, for which repeats are given."""


@dataclass(frozen=True)
class Outlook:
    """What the rule can reach at one SD of pairs; all in the unit in which the metric is stored.

    Args:
        sd: of the pairs, ddof=1.
        interval: of it, at 95%; none where it is assumed.
        better: difference -> pairs by which 80% of such differences are decided; None for more than 100.
        least_difference: the smallest that 80% of the time is decided within the repeats that are allowed.
        least_margin: the smallest within which, 80% of the time, no difference is decided as equal within them.
        equal: pairs by which, 80% of the time, no difference is equal within the margin; None for more than 100, or
            without a margin.
    """

    sd: float
    interval: Interval
    better: dict[float, int | None]
    least_difference: float
    least_margin: float
    equal: int | None


def outlook(sd: float, rule: DecisionRule, family: int, interval: Interval | None = None) -> Outlook:
    """Return what the rule can reach.

    Args:
        sd: of the pairs, above 0.
        rule: of the job.
        family: comparisons that Holm counts.
        interval: of the SD.
    """
    alpha, most = rule.alpha, rule.most_repeats
    equal = None
    if rule.margin is not None:
        equal = until_equal(rule.margin, sd, most_pairs=most, alpha=alpha, family=family).needed
    return Outlook(
        sd,
        interval or Interval.none("assumed"),
        {one: until_better(one, sd, most_pairs=most, alpha=alpha, family=family).needed for one in differences(rule)},
        smallest_difference(sd, most_pairs=most, alpha=alpha, family=family),
        smallest_margin(sd, most_pairs=most, alpha=alpha, family=family),
        equal,
    )


def differences(rule: DecisionRule) -> tuple[float, ...]:
    """Return the differences for which repeats are given, the smallest first: the margin among them."""
    factor = metric_format(rule.metric).factor
    margin = () if rule.margin is None else (rule.margin,)
    return tuple(sorted({*(one / factor for one in ASKED), *margin}))


def outlooks(found: Ruling) -> dict[str, Outlook]:
    """Return what the rule can reach for each variant that is not decided and has pairs that differ.

    By all its pairs: those that wait until a variant that was added later has as many repeats are among them.
    """
    pairs = {
        name: (*one.differences, *found.further[name])
        for name, one in found.decisions.items()
        if not one.verdict.is_decided and name not in found.suspended
    }
    spreads = {name: sd(reals(values)) for name, values in pairs.items() if values}
    return {
        name: outlook(spread, found.rule, found.family, sd_interval(pairs[name]))
        for name, spread in spreads.items()
        if spread
    }


def typical_outlooks(found: Ruling) -> Iterator[Outlook]:
    """Yield what the rule can reach at SDs that there may be."""
    factor = metric_format(found.rule.metric).factor
    return (outlook(sd / factor, found.rule, found.family) for sd in TYPICAL)
