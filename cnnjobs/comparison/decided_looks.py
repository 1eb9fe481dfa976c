"""How a variant came to be decided: its pairs, and mean and interval after every repeat."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.table import JobTable
from cnnjobs.stats import Interval
from cnnjobs.stats.sequential import (
    Decision,
    Looks,
    Verdict,
    look_at,
    mean_allowing_for_stop,
    repeated_interval,
)

SEED = 0
"""Of the draws for the mean that allows for the stop, so that the same runs give the same number."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What was known of a variant after one of its repeats.

    Args:
        repeat: counted from 1.
        difference: variant minus reference at this repeat; None where one side diverged.
        used: whether the repeat counts; later ones do not.
        pairs: so far.
        mean: of them; None without one, and where it is not used.
        interval: of the mean, which holds at every look together; none before the fifth pair, where all pairs are
            alike, and where it is not used.
        level: of the interval: one minus what Holm leaves the variant at this repeat.
        q: sequential p that nothing differs.
        q_equal: sequential p that the difference is as large as the margin.
    """

    repeat: int
    difference: float | None
    used: bool
    pairs: int
    mean: float | None
    interval: Interval
    level: float
    q: float
    q_equal: float


def steps_of(table: JobTable, ruling: Ruling, variant: str) -> list[Step]:
    """Return what was known after every repeat, those after the decision last.

    Args:
        table: the comparison by the rule's metric, with its reference.
        ruling: what the rule says.
        variant: name.
    """
    decision = ruling.decisions[variant]
    looks, pairs, steps = look_at(decision.differences, ruling.rule.margin), 0, []
    for repeat, difference in enumerate(_differences(table, variant, decision.repeats), start=1):
        used = repeat <= decision.repeats
        pairs += used and difference is not None
        alpha = _alpha(ruling, variant, repeat)
        mean, interval, q, q_equal = (
            _known(looks, pairs, alpha) if used else (None, Interval.none("not used"), 1.0, 1.0)
        )
        steps.append(
            Step(
                repeat=repeat,
                difference=difference,
                used=used,
                pairs=pairs,
                mean=mean,
                interval=interval,
                level=1 - alpha,
                q=q,
                q_equal=q_equal,
            )
        )
    return steps


def allowing_for_stop(ruling: Ruling, variant: str) -> float | None:
    """Return the mean difference that allows for when one stopped; None where no decision stopped it.

    Args:
        ruling: what the rule says.
        variant: name.
    """
    decision = ruling.decisions[variant]
    if not decision.verdict.is_decided or not decision.differences:
        return None
    return _allowing(decision.differences, decision.alpha, ruling.rule.margin)


@functools.lru_cache(maxsize=64)
def _allowing(differences: tuple[float, ...], alpha: float, margin: float | None) -> float | None:
    return mean_allowing_for_stop(differences, alpha, np.random.default_rng(SEED), margin)


def _differences(table: JobTable, variant: str, repeats: int) -> Iterator[float | None]:
    """Yield the difference at each repeat that counts, and at later ones that both sides have ended."""
    own, other = (next(row for row in table.rows if row.name == name) for name in (variant, table.reference))
    last = max((repeat + 1 for repeat, _ in own.values.keys() & other.values.keys()), default=0)
    for repeat in range(max(repeats, last)):
        key = (repeat, 0)
        both = key in own.values and key in other.values
        yield own.values[key] - other.values[key] if both else None


def _known(looks: Looks, pairs: int, alpha: float) -> tuple[float | None, Interval, float, float]:
    if not pairs:
        return None, Interval.none("no pairs"), 1.0, 1.0
    at = pairs - 1
    mean, sd = float(looks.mean[at]), float(looks.sd[at])
    return mean, repeated_interval(mean, sd, pairs, alpha), float(looks.q[at]), float(looks.q_equal[at])


def _alpha(ruling: Ruling, variant: str, repeat: int) -> float:
    """Return the level that Holm leaves a variant at a repeat; where it was decided, that at which it was."""
    decision = ruling.decisions[variant]
    if repeat >= decision.repeats:
        return decision.alpha
    resolved = sum(_is_resolved(one) and one.repeats <= repeat for one in ruling.decisions.values())
    return ruling.rule.alpha / (ruling.family - resolved)


def _is_resolved(decision: Decision) -> bool:
    return decision.verdict in (Verdict.BETTER, Verdict.WORSE)
