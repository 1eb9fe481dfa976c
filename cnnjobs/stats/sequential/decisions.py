"""Decisions on several variants against one reference, at every repeat that all of them have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnnjobs.stats.families import holm
from cnnjobs.stats.outcomes import ALPHA, Interval
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, bound_of_x, critical_t
from cnnjobs.stats.sequential.looks import Looks, look_at, repeated_interval

GIVING_UP = 1.5
"""Standard errors by which the effect may be larger than it looks, before the rule gives up."""


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
    """

    alpha: float = ALPHA
    margin: float | None = None
    most_repeats: int = 20
    higher_is_better: bool = True
    gives_up: bool = True


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


class _Variant:
    """The looks at one variant, by repeat."""

    def __init__(self, endings: Sequence[float | None], rule: Rule) -> None:
        self.endings = endings[: rule.most_repeats]
        self.values = np.array([one for one in self.endings if one is not None], dtype=np.float64)
        self.looks: Looks = look_at(self.values, rule.margin)
        self.pairs = np.concatenate([[0], np.cumsum([one is not None for one in self.endings])]).astype(int)
        self._q, self._q_equal = self.looks.q, self.looks.q_equal
        self.stopped: int | None = None
        self.verdict = Verdict.OPEN
        self.alpha = rule.alpha

    def pairs_at(self, repeat: int) -> int:
        """Return the pairs of the first repeats, as far as they count."""
        return int(self.pairs[min(repeat, len(self.endings), self.stopped or repeat)])

    def q(self, repeat: int) -> float:
        """Return the sequential p that nothing differs."""
        n = self.pairs_at(repeat)
        return float(self._q[n - 1]) if n else 1.0

    def q_equal(self, repeat: int) -> float:
        """Return the sequential p that the difference is as large as the margin."""
        n = self.pairs_at(repeat)
        return float(self._q_equal[n - 1]) if n else 1.0

    def stop(self, verdict: Verdict, repeat: int, alpha: float | None = None) -> None:
        """Use no further repeats."""
        self.verdict, self.stopped = verdict, repeat
        self.alpha = self.alpha if alpha is None else alpha

    def direction(self, repeat: int, *, higher_is_better: bool) -> Verdict:
        """Return on which side the variant is, by the mean at the most convincing look."""
        look = int(np.argmin(self.looks.x_now[: self.pairs_at(repeat)]))
        return Verdict.BETTER if (self.looks.mean[look] > 0) == higher_is_better else Verdict.WORSE


def decide(
    sequences: Mapping[str, Sequence[float | None]],
    rule: Rule,
    *,
    family: int | None = None,
    kept: Mapping[str, Kept] | None = None,
    waiting: Collection[str] = (),
) -> dict[str, Decision]:
    """Return what the rule says of each variant, from its pairs in the order of repeats: the same at every replay.

    At every repeat Holm (1979) is taken over the sequential p of all variants. A decided variant keeps its own; its
    further pairs are not used. The repeats of the others go on.

    Args:
        sequences: variant -> for each repeat, from the first, variant minus reference; None where it has no pair, as
            one side diverged. It ends before the first repeat that has not ended on both sides.
        rule: when repeats end.
        family: comparisons in all, with those of variants that are not among these any more; None for these.
        kept: decisions of earlier, which stand.
        waiting: variants whose next repeat failed: they keep what they have, and the others do not wait for them.

    Example:
        >>> found = decide({"wider": [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3]}, Rule())["wider"]
        >>> found.verdict.value, found.pairs, round(found.q, 4), round(found.interval.low, 3)
        ('better', 8, 0.0384, 0.03)
    """
    variants = {name: _Variant(endings, rule) for name, endings in sequences.items()}
    count = max(family or 0, len(variants))
    for name, earlier in (kept or {}).items():
        variants[name].stop(earlier.verdict, earlier.repeats, earlier.alpha)
    clock = 0
    while clock < rule.most_repeats:
        going_on = [name for name, one in variants.items() if one.verdict is Verdict.OPEN]
        ready = [len(variants[name].endings) > clock for name in going_on if name not in waiting]
        if not ready or not all(ready):
            break
        clock += 1
        _look(variants, going_on, clock, rule, count)
    for name, one in variants.items():
        if one.verdict is Verdict.OPEN and clock == rule.most_repeats and name not in waiting:
            one.stop(Verdict.UNDECIDED, clock)
    return {name: _decision(one, clock, rule) for name, one in variants.items()}


def _look(variants: Mapping[str, _Variant], going_on: Sequence[str], clock: int, rule: Rule, family: int) -> None:
    """Decide what can be decided after so many repeats."""
    others = [1.0] * (family - len(variants))
    better = _steps([one.q(clock) for one in variants.values()] + others, rule.alpha)
    equal = _steps([one.q_equal(clock) for one in variants.values()] + others, rule.alpha)
    for name, by_better, by_equal in zip(variants, better, equal, strict=False):
        one = variants[name]
        if name not in going_on:
            continue
        if by_better is not None:
            one.stop(one.direction(clock, higher_is_better=rule.higher_is_better), clock, by_better)
        elif by_equal is not None and rule.margin is not None:
            one.stop(Verdict.EQUAL, clock, by_equal)
    resolved = sum(one.verdict in (Verdict.BETTER, Verdict.WORSE) for one in variants.values())
    for name in going_on:
        one = variants[name]
        if one.verdict is not Verdict.OPEN:
            continue
        one.alpha = rule.alpha / (family - resolved)
        n = one.pairs_at(clock)
        if clock >= FIRST_LOOK and not n:
            one.stop(Verdict.NO_PAIRS, clock)
        elif (
            rule.gives_up
            and clock < rule.most_repeats
            and n >= FIRST_LOOK
            and _is_hopeless(one.looks, n, rule, one.alpha)
        ):
            one.stop(Verdict.GIVEN_UP, clock)


def _steps(ps: Sequence[float], alpha: float) -> list[float | None]:
    """Return for each p the level at which Holm decides it; None where he does not."""
    ranks = np.argsort(np.argsort(ps, kind="stable"), kind="stable")
    adjusted = holm(ps)
    return [
        alpha / (len(ps) - int(rank)) if p is not None and p <= alpha else None
        for rank, p in zip(ranks, adjusted, strict=True)
    ]


def _is_hopeless(looks: Looks, n: int, rule: Rule, alpha: float) -> bool:
    """Say whether all repeats that are allowed would hardly decide; no error rate depends on it."""
    mean, sd = abs(float(looks.mean[n - 1])), float(looks.sd[n - 1])
    needed = float(critical_t(rule.most_repeats, alpha)) / rule.most_repeats**0.5
    if rule.margin is not None and rule.margin > needed * sd:
        return False
    effect = mean / sd if sd else (np.inf if mean else 0.0)
    return bool(effect + GIVING_UP / n**0.5 < needed)


def _decision(one: _Variant, clock: int, rule: Rule) -> Decision:
    """Return what is known of a variant after so many repeats."""
    used = min(one.stopped if one.stopped is not None else clock, len(one.endings))
    n = one.pairs_at(used)
    looks, last = one.looks, n - 1
    look = _deciding_look(one, n, rule)
    interval = (
        repeated_interval(float(looks.mean[look - 1]), float(looks.sd[look - 1]), look, one.alpha)
        if n
        else Interval.none("no pairs")
    )
    x, x_equal = (float(values[last]) if n else np.inf for values in (looks.x, looks.x_equal))
    return Decision(
        verdict=one.verdict,
        repeats=used,
        pairs=n,
        differences=tuple(one.values[:n].tolist()),
        mean=float(looks.mean[last]) if n else None,
        sd=float(looks.sd[last]) if n > 1 else None,
        x=x,
        q=one.q(used),
        x_equal=x_equal,
        q_equal=one.q_equal(used),
        alpha=one.alpha,
        interval=interval,
        look=look,
        left=rule.most_repeats - used if one.verdict is Verdict.OPEN else 0,
    )


def _deciding_look(one: _Variant, n: int, rule: Rule) -> int:
    """Return the pairs at the look that the interval is of: the last, unless an earlier one alone agrees."""
    if one.verdict in (Verdict.BETTER, Verdict.WORSE):
        now = one.looks.x_now[:n]
    elif one.verdict is Verdict.EQUAL:
        now = one.looks.equal_now[:n]
    else:
        return n
    return n if now[-1] <= bound_of_x(one.alpha) else int(np.argmin(now)) + 1
