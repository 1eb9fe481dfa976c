"""Decisions on several variants against one reference, at every repeat that all of them have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cnnjobs.stats.families import holm
from cnnjobs.stats.outcomes import Interval, Reals
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, bound_of_x, critical_t
from cnnjobs.stats.sequential.looks import Looks, look_at, repeated_interval
from cnnjobs.stats.sequential.rule import Decision, Kept, Rule, Verdict

GIVING_UP = 1.5
"""Standard errors by which the effect may be larger than it looks, before the rule gives up."""


class _Variant:
    """The looks at one variant, by repeat."""

    def __init__(self, endings: Sequence[float | None], rule: Rule, kept: Kept | None) -> None:
        self.endings = endings[: rule.most_repeats if kept is None else kept.repeats]
        self.values = np.array([one for one in self.endings if one is not None], dtype=np.float64)
        self.looks: Looks = look_at(self.values, rule.margin)
        self.pairs = np.concatenate([[0], np.cumsum([one is not None for one in self.endings])]).astype(int)
        self._q, self._q_equal = self.looks.q, self.looks.q_equal
        self.stopped = None if kept is None else kept.repeats
        self.verdict = Verdict.OPEN if kept is None else kept.verdict
        self.alpha = rule.alpha if kept is None else kept.alpha

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

    def direction(self, repeat: int, alpha: float) -> int:
        """Return on which side of 0 the pairs are, 1 or -1, at the look that decides at that level; 0 if not any more.

        That look may be an earlier one, where the level was not yet reached: the pairs since may say the contrary.
        """
        means = self.looks.mean[: self.pairs_at(repeat)]
        then, now = np.sign(means[_deciding(self.looks.x_now[: means.size], alpha) - 1]), np.sign(means[-1])
        return int(now) if now == then else 0

    def is_within(self, margin: float | None, repeat: int) -> bool:
        """Say whether the mean is within the margin; `equal` may have been reached at an earlier look."""
        return margin is not None and abs(float(self.looks.mean[self.pairs_at(repeat) - 1])) < margin


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
    earlier = kept or {}
    variants = {name: _Variant(endings, rule, earlier.get(name)) for name, endings in sequences.items()}
    count = max(family or 0, len(variants))
    clock = 0
    while clock < rule.most_repeats:
        going_on = [name for name, one in variants.items() if one.verdict is Verdict.OPEN]
        ready = {name: len(variants[name].endings) > clock for name in going_on}
        if not any(ready.values()) or not all(ready[name] for name in going_on if name not in waiting):
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
        side = 0 if by_better is None else one.direction(clock, by_better)
        if side:
            one.stop(Verdict.BETTER if (side > 0) == rule.higher_is_better else Verdict.WORSE, clock, by_better)
        elif by_equal is not None and one.is_within(rule.margin, clock):
            one.stop(Verdict.EQUAL, clock, by_equal)
    level = rule.alpha / max(1, sum(step is None for step in better))
    for name in going_on:
        one = variants[name]
        if one.verdict is not Verdict.OPEN:
            continue
        one.alpha = level
        seen = min(clock, len(one.endings))
        if seen >= FIRST_LOOK and not one.pairs_at(clock):
            one.stop(Verdict.NO_PAIRS, clock)
        elif rule.gives_up and FIRST_LOOK <= seen < rule.most_repeats and _is_hopeless(one, seen, rule):
            one.stop(Verdict.GIVEN_UP, clock)


def _steps(ps: Sequence[float], alpha: float) -> list[float | None]:
    """Return for each p the level at which Holm decides it; None where he does not."""
    ranks = np.argsort(np.argsort(ps, kind="stable"), kind="stable")
    adjusted = holm(ps)
    return [
        alpha / (len(ps) - int(rank)) if p is not None and p <= alpha else None
        for rank, p in zip(ranks, adjusted, strict=True)
    ]


def _is_hopeless(one: _Variant, repeat: int, rule: Rule) -> bool:
    """Say whether all repeats that are allowed would hardly decide; no error rate depends on it."""
    n = one.pairs_at(repeat)
    most = n + rule.most_repeats - repeat
    if most < FIRST_LOOK:
        return True
    if n < FIRST_LOOK:
        return False
    mean, sd = abs(float(one.looks.mean[n - 1])), float(one.looks.sd[n - 1])
    needed = float(critical_t(most, one.alpha)) / most**0.5
    if rule.margin is not None and rule.margin > needed * sd:
        return False
    effect = mean / sd if sd else (np.inf if mean else 0.0)
    return bool(effect + GIVING_UP / n**0.5 < needed)


def _decision(one: _Variant, clock: int, rule: Rule) -> Decision:
    """Return what is known of a variant after so many repeats."""
    used = min(one.stopped if one.stopped is not None else clock, len(one.endings))
    n = one.pairs_at(used)
    looks, last = one.looks, n - 1
    look = _deciding_look(one, n)
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


def _deciding_look(one: _Variant, n: int) -> int:
    """Return the pairs at the look that the interval is of: the one that decided, or else the last."""
    if one.verdict in (Verdict.BETTER, Verdict.WORSE):
        return _deciding(one.looks.x_now[:n], one.alpha)
    if one.verdict is Verdict.EQUAL:
        return _deciding(one.looks.equal_now[:n], one.alpha)
    return n


def _deciding(now: Reals, alpha: float) -> int:
    """Return the pairs at the last look, unless an earlier one alone reaches the level: then at the smallest x."""
    bound = bound_of_x(alpha)
    alone = now.size and now[-1] > bound and now.min() <= bound
    return int(np.argmin(now)) + 1 if alone else now.size
