"""What a gate answers, from how runs have ended: the rule of one comparison, at whatever level."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from cnnjobs.comparison.decisions import Endings
from cnnjobs.files.digests import digest_of
from cnnjobs.stats import ALPHA, Interval, summarize
from cnnjobs.stats.sequential import (
    FIRST_LOOK,
    MOST_PAIRS,
    Decision,
    Rule,
    Verdict,
    critical_t,
    decide,
    mean_allowing_for_stop,
)
from cnnjobs.store.looks import Look, Seen, now
from cnnjobs.store.proposals import Confirmation, Ending, Question

ACCEPT, REJECT, OPEN = 0, 1, 3
"""Exit codes of a gate: the answer is yes, it is no, there is none yet."""

NOT_WORSE = "not_worse"
"""The decision of a candidate that need only be no worse, beside those of `Verdict`."""

USUAL_REPEATS = 20
"""At most so many by default, at the usual level."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """One comparison, as it was fixed before its runs were looked at.

    Args:
        question: of whom, and what.
        alpha: level.
        margin: within which the two count as equal, as the metric is stored; None for no "equal".
        most_repeats: of each.
        first: repeat that is compared first, from 0.
    """

    __test__ = False  # nothing of pytest's

    question: Question
    alpha: float
    margin: float | None
    most_repeats: int
    first: int = 0

    @property
    def shift(self) -> float:
        """What is added to every difference, so that a candidate that is worse by less is above 0."""
        return self.question.no_worse_by or 0.0

    @property
    def level(self) -> float:
        """Of the interval that agrees with the answer."""
        return 1 - self.alpha


@dataclass(frozen=True)
class Judgement:
    """What is known now.

    Args:
        test: the comparison.
        decision: of the rule, in the unit of the metric.
        waiting: the repeat, from 0, that failed and without which nothing more can be said; None if there is none.
        further: differences of later repeats, which are not used.
        diverged: (candidate's, reference's) repeats without a value, of those used.
        kept: whether it is what was decided earlier, and what is stored now does not say the same: it is all missing,
            or gives another decision.
    """

    test: Test
    decision: Decision
    waiting: int | None = None
    further: tuple[float, ...] = ()
    diverged: tuple[int, int] = (0, 0)
    kept: bool = False

    @property
    def answer(self) -> str:
        """The decision in one word: better, not_worse, worse, equal; undecided, given_up, no_pairs or open."""
        verdict = self.decision.verdict
        if verdict is Verdict.BETTER and self.test.question.no_worse_by is not None:
            return NOT_WORSE
        return verdict.value

    @property
    def exit_code(self) -> int:
        """What a program is told."""
        if self.decision.verdict is Verdict.BETTER:
            return ACCEPT
        return REJECT if self.decision.verdict.is_decided else OPEN

    @property
    def goes_on(self) -> bool:
        """Whether the next repeat would be of use."""
        return self.decision.verdict is Verdict.OPEN and self.waiting is None

    @functools.cached_property
    def mean_allowing_for_stop(self) -> float | None:
        """The mean without what the choice of the moment adds to it; None unless pairs decided."""
        if not self.decision.verdict.is_decided or not self.decision.differences:
            return None
        shifted = np.array(self.decision.differences) + self.test.shift
        rng = np.random.default_rng(0)
        found = mean_allowing_for_stop(shifted, self.test.alpha, rng, self.test.margin)
        return None if found is None else found - self.test.shift

    def ending(self) -> Ending:
        """Return what the ledger keeps of it."""
        one = self.decision
        return Ending(
            decision=self.answer,
            p=one.q_of_verdict,
            pairs=one.pairs,
            repeats=one.repeats,
            mean=one.mean,
            low=one.interval.low,
            high=one.interval.high,
        )


def differences(endings: Endings, test: Test) -> list[float | None]:
    """Return, repeat by repeat, candidate minus reference, until the first that has not ended on both sides."""
    return endings.differences(test.question.candidate_id, test.question.reference_id, test.first)


def judge(test: Test, endings: Endings, known: Ending | None = None) -> Judgement:
    """Return what the rule says, as far as runs have ended: the same however often and in whatever order they came.

    Args:
        test: the comparison.
        endings: how runs ended.
        known: what it came to earlier: a decision stands, whatever became of its runs.
    """
    now = _judged(test, endings)
    if known is None or not known.final or _is_same(now.ending(), known):
        return now
    return _kept(test, known)


def _is_same(now: Ending, known: Ending) -> bool:
    """Say whether two are of the same pairs; another version of a library may differ in the last digit."""
    alike = (now.decision, now.pairs, now.repeats) == (known.decision, known.pairs, known.repeats)
    return alike and math.isclose(now.p, known.p, rel_tol=1e-6)


def _kept(test: Test, known: Ending) -> Judgement:
    """Return a decision of earlier without its runs."""
    verdict = Verdict.BETTER if known.accepted else Verdict(known.decision)
    equal = verdict is Verdict.EQUAL
    decision = Decision(
        verdict=verdict,
        repeats=known.repeats,
        pairs=known.pairs,
        differences=(),
        mean=known.mean,
        sd=None,
        x=np.nan,
        q=1.0 if equal else known.p,
        x_equal=np.nan,
        q_equal=known.p if equal else 1.0,
        alpha=test.alpha,
        interval=Interval(known.low, known.high),
        look=known.pairs,
    )
    return Judgement(test, decision, kept=True)


def _judged(test: Test, endings: Endings) -> Judgement:
    """Return what the rule says of the runs."""
    name = test.question.candidate
    found = differences(endings, test)
    following = test.first + len(found)
    own, other = test.question.candidate_id, test.question.reference_id
    failed = endings.waits(own, other, following)
    rule = Rule(
        alpha=test.alpha,
        margin=None if test.question.no_worse_by is not None else test.margin,
        most_repeats=test.most_repeats,
    )
    shifted = [None if one is None else one + test.shift for one in found]
    decision = _moved(decide({name: shifted}, rule)[name], -test.shift)
    return Judgement(
        test,
        decision,
        following if failed and decision.verdict is Verdict.OPEN else None,
        tuple(one for one in found[decision.repeats :] if one is not None),
        (
            endings.diverged(own, decision.repeats, test.first),
            endings.diverged(other, decision.repeats, test.first),
        ),
    )


def _moved(decision: Decision, by: float) -> Decision:
    """Return a decision on differences that were moved, as one on the differences themselves."""
    interval = decision.interval
    if interval.low is not None and interval.high is not None:
        interval = Interval(interval.low + by, interval.high + by)
    return replace(
        decision,
        differences=tuple(one + by for one in decision.differences),
        mean=None if decision.mean is None else decision.mean + by,
        interval=interval,
    )


def confirmation(endings: Endings, test: Test, used: int, repeats: int) -> Confirmation:
    """Return the candidate measured on the repeats after those that decided.

    Args:
        endings: how runs ended.
        test: that accepted it.
        used: repeats by which it was accepted.
        repeats: after them, that are looked at.
    """
    first = test.first + used
    runs = [endings.values.get((test.question.candidate_id, repeat)) for repeat in range(first, first + repeats)]
    values = [value for value in runs if value is not None]
    last = first + repeats - 1
    if not values:
        return Confirmation(repeats=(first, last), runs=0, mean=None, sd=None, low=None, high=None)
    found = summarize(values)
    return Confirmation(
        repeats=(first, last), runs=found.n, mean=found.mean, sd=found.sd, low=found.low, high=found.high
    )


def looks_of(judgement: Judgement, endings: Endings) -> list[Look]:
    """Return the looks of the rule: at the fifth pair, and at each that followed.

    Args:
        judgement: what it came to.
        endings: how runs ended.
    """
    asked, test = judgement.test.question, judgement.test
    ids: list[str] = []
    looks: list[Look] = []
    for repeat in range(test.first, test.first + judgement.decision.repeats):
        sides = (asked.candidate_id, repeat), (asked.reference_id, repeat)
        if any(endings.values.get(side) is None for side in sides):
            continue
        ids += [endings.ids[side] for side in sides]
        if len(ids) >= 2 * FIRST_LOOK:
            seen = Seen(variant=asked.candidate, pairs=len(ids) // 2, runs=digest_of("\n".join(ids).encode())[:16])
            looks.append(
                Look(
                    at=now(later=len(looks)),
                    metric=asked.metric,
                    reference=asked.reference_id,
                    seen={asked.candidate_id: seen},
                )
            )
    return looks


def effect_within_reach(repeats: int, alpha: float) -> float:
    """Return the mean, in SDs of the pairs, that so many of them, at least 5, just decide at a level."""
    critical = float(critical_t(repeats, alpha))
    return critical / math.sqrt(repeats)


def usual_repeats(alpha: float) -> int:
    """Return the repeats that decide at a level what 20 decide at 5%; 100 at most.

    Example:
        >>> usual_repeats(0.05), usual_repeats(0.01), usual_repeats(0.001)
        (20, 29, 42)
    """
    usual = effect_within_reach(USUAL_REPEATS, ALPHA) * (1 + 1e-9)
    enough = (n for n in range(USUAL_REPEATS, MOST_PAIRS) if effect_within_reach(n, alpha) <= usual)
    return next(enough, MOST_PAIRS)
