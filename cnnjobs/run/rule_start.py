"""How a rule of deciding begins: what was fixed stays; what is new, stale or out of reach is said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cnnjobs.comparison.decided_words import margin_text
from cnnjobs.comparison.decisions import Endings, Ruling, ruling
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.errors import SpecError
from cnnjobs.run.deciding import stored_endings, with_rule
from cnnjobs.run.prepare import Prepared, watches_validation
from cnnjobs.spec.decidable import AskedRule
from cnnjobs.stats.sequential import FIRST_LOOK, MOST_PAIRS, smallest_margin, until_equal
from cnnjobs.store.decision_rule import METRIC, DecisionRule
from cnnjobs.store.store import Store
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import clause

HARDLY = 0.5
"""Probability of "equal", without a difference, below which a margin counts as out of reach."""

ELSEWHERE = "Use another folder with `results=PATH` for a rule of its own."


@dataclass(frozen=True)
class RuleStart:
    """A rule as it holds from now on.

    Args:
        prepared: the job.
        store: its folder.
        asked: what is asked for.
        before: the rule that is stored, whose reference the job still has; None if there is none.
        stale: whether one is stored that the job has no reference for any more.
        rule: the rule that holds.
    """

    prepared: Prepared
    store: Store
    asked: AskedRule
    before: DecisionRule | None
    stale: bool
    rule: DecisionRule

    @cached_property
    def _stored(self) -> tuple[Endings, tuple[str, ...]]:
        return stored_endings(self.prepared, self.rule, self.store)

    @property
    def endings(self) -> Endings:
        """How the stored runs ended."""
        return self._stored[0]

    @cached_property
    def ruling(self) -> Ruling:
        """What the rule says of what is stored."""
        return ruling(self.rule, self.prepared.plan.conditions, *self._stored)

    @property
    def decided(self) -> Prepared:
        """The job with its rule, and with as many repeats as that allows."""
        return with_rule(self.prepared, self.rule)

    def notes(self) -> Iterator[str]:
        """Say what a person may not expect of the rule."""
        yield from self._of_what_was_before()
        yield from self._of_comparisons()
        yield from self._of_stored_repeats()
        yield from changed_notes(self.ruling)
        yield from self._of_margin()
        choosing = [name for name, one in self.prepared.job.variants.items() if watches_validation(one)]
        if self.prepared.job.validation == "test" and 0 < len(choosing) < len(self.prepared.job.variants):
            yield f"The test set favours {listed(map(repr, choosing))}, whose callbacks decide by it; so do verdicts"

    def _of_what_was_before(self) -> Iterator[str]:
        """Say what is not as it was when the rule began."""
        if self.stale:
            yield (
                f"The reference, {self.prepared.job.reference!r}, has changed since the rule began. A new rule begins, "
                "and decisions of the old one are stale"
            )
        if self.before is None:
            return
        if "margin" not in self.asked.fixed and self.rule.margin is not None:
            yield f"The margin remains {margin_text(self.rule)}, as it was when the rule began"
        if not self.asked.most_asked and self.asked.rule.most_repeats < self.rule.most_repeats:
            yield f"The rule continues up to {self.rule.most_repeats} repeats, as was asked for before"

    def _of_comparisons(self) -> Iterator[str]:
        """Say which variants came, changed or left since the rule began, and what counts besides those of the job."""
        before = {} if self.before is None else dict(self.before.variants)
        compared = {
            self.rule.variants[one]: one for one in self.prepared.plan.conditions.values() if one in self.rule.variants
        }
        gone = {name for one, name in before.items() if one not in compared.values()}
        joined = {name for name, one in compared.items() if self.before is not None and one not in before}
        count = self.ruling.family
        if changed := sorted(gone & joined):
            yield (
                f"{listed(changed)} {'has' if len(changed) == 1 else 'have'} other settings than when the rule began, "
                f"and must be decided anew, among {count} comparisons, as the earlier settings still count"
            )
        if joined - gone:
            yield (
                f"{listed(sorted(joined - gone))} joined the job after the rule began. Earlier decisions stand; the "
                f"others are made among {count} comparisons"
            )
        if gone - joined:
            counts = "counts" if len(gone - joined) == 1 else "count"
            yield f"{listed(sorted(gone - joined))} left the job after the rule began, but still {counts}"
        if others := count - len(self.ruling.decisions) - len(gone):
            yield (
                f"{others} of {count} comparisons that the rule counts {'is' if others == 1 else 'are'} of settings "
                "that the job no longer has, but of which runs are stored"
            )

    def _of_stored_repeats(self) -> Iterator[str]:
        """Say how stored repeats count, where the rule begins."""
        stored = max((repeat + 1 for _, repeat in self.endings.values), default=0)
        reference = self.rule.reference
        shared = max(len(self.endings.differences(condition, reference)) for condition in self.rule.variants)
        if self.before is None and shared:
            yield f"{shared} stored repeat{'s count' if shared > 1 else ' counts'} for the rule, from the first on"
        undecided = [name for name, one in self.ruling.decisions.items() if not one.verdict.is_decided]
        most = self.rule.most_repeats
        if undecided and most < min(stored, MOST_PAIRS):
            yield f"{stored} repeats are stored. The rule uses the first {most} of them; it may use {MOST_PAIRS}"

    def _of_margin(self) -> Iterator[str]:
        """Say which margin is finer than the test set, or out of reach."""
        margin, images = self.rule.margin, len(self.prepared.dataset.y_test)
        if margin is None:
            return
        points = metric_format(self.rule.metric).factor
        if margin * images < 1:
            yield (
                f"A margin of {margin_text(self.rule)} is less than one of {images:,} test images is worth, "
                f'{points / images:.2g} points: a variant is then "equal" only if nearly all pairs are ties'
            )
        yield from out_of_reach(self.ruling)


def started_rule(asked: AskedRule, prepared: Prepared, store: Store) -> RuleStart:
    """Return the rule that holds: what was fixed when it began stays, and variants are added to those it counts.

    Args:
        asked: what is asked for now.
        prepared: the job.
        store: its folder.

    Raises:
        SpecError: for what cannot change any more.
    """
    conditions = prepared.plan.conditions
    reference, stored = conditions[prepared.job.reference], None if store.job is None else store.job.decide
    compared = {condition: name for name, condition in conditions.items() if condition != reference}
    factor = metric_format(METRIC).factor
    new = DecisionRule(
        alpha=asked.rule.alpha,
        margin=None if asked.rule.margin is None else asked.rule.margin / factor,
        most_repeats=asked.rule.most_repeats,
        metric=METRIC,
        reference=reference,
        variants=compared,
    )
    if stored is None or stored.reference not in conditions.values():
        return RuleStart(prepared, store, asked, None, stored is not None, new)
    looked = _looked_at(prepared, stored, store)
    if not looked:
        kept = {name: getattr(stored, name) for name in ("margin", "alpha") if name not in asked.fixed}
        return RuleStart(prepared, store, asked, None, False, replace(new, **kept))
    _refuse_change(asked, new, stored, conditions)
    most = new.most_repeats if asked.most_asked else max(new.most_repeats, stored.most_repeats)
    rule = replace(stored, most_repeats=most, variants={**stored.variants, **compared})
    return RuleStart(prepared, store, asked, stored, False, rule)


def changed_notes(found: Ruling) -> list[str]:
    """Say which decisions are not what they were made as."""
    notes = []
    for name, why in found.changed.items():
        verdict = found.decisions[name].verdict.replace("_", " ")
        then = "it stands again when they have run again" if name in found.suspended else f"the new one is: {verdict}"
        notes.append(f"The decision on {name!r} does not stand, because {clause(why)}; {then}")
    return notes


def out_of_reach(found: Ruling) -> Iterator[str]:
    """Say of which variants that are not decided the margin is out of reach, by the SD of their pairs."""
    rule = found.rule
    factor, most, alpha, family = metric_format(rule.metric).factor, rule.most_repeats, rule.alpha, found.family
    for name, one in found.decisions.items():
        if rule.margin is None or one.verdict.is_decided or name in found.suspended or not one.sd:
            continue
        until = until_equal(rule.margin, one.sd, most_pairs=most, alpha=alpha, family=family)
        if until.share >= HARDLY:
            continue
        takes = f"about {until.typical}" if until.typical else f"more than {MOST_PAIRS}"
        least = smallest_margin(one.sd, most_pairs=most, alpha=alpha, family=family)
        yield (
            f"A margin of {margin_text(rule)} can hardly be reached within {most} repeats: {one.pairs} pairs of "
            f"{name!r} have an SD of {factor * one.sd:.2f} points, with which variants that do not differ are equal "
            f"after {takes}; a margin of {factor * least:.2g} points can be reached"
        )


def _looked_at(prepared: Prepared, rule: DecisionRule, store: Store) -> bool:
    """Say whether the rule has looked at anything that is stored."""
    endings, _ = stored_endings(prepared, rule, store)
    return bool(rule.decisions) or any(
        len(endings.differences(condition, rule.reference)) >= FIRST_LOOK for condition in rule.variants
    )


def _refuse_change(asked: AskedRule, new: DecisionRule, stored: DecisionRule, conditions: Mapping[str, str]) -> None:
    """Refuse what would have been chosen after a look at the results."""
    if new.reference != stored.reference:
        name = next(name for name, one in conditions.items() if one == stored.reference)
        raise SpecError(
            f"The reference is {name!r}, which the rule of deciding began with, and has been looked at. Received: a "
            f"job whose first variant is another one. Put {name!r} first. {ELSEWHERE}"
        )
    if "margin" in asked.fixed and not _same(new.margin, stored.margin):
        raise SpecError(
            f"`decide` must have the margin that the rule began with, {margin_text(stored)}, because "
            f"results have been looked at since. Received: {margin_text(new)}. {ELSEWHERE}"
        )
    if "alpha" in asked.fixed and not _same(new.alpha, stored.alpha):
        raise SpecError(
            f"`decide` must have the alpha that the rule began with, {stored.alpha:g}, because results have been "
            f"looked at since. Received: alpha={new.alpha:g}. {ELSEWHERE}"
        )
    used = {one: made.repeats for one, made in stored.decisions.items() if one in conditions.values()}
    least = max(used.values(), default=0)
    if asked.most_asked and new.most_repeats < least:
        raise SpecError(
            f"`most_repeats` must be at least {least}, from which a decision was made. Received: "
            f"most_repeats={new.most_repeats}. Leave it out to go on as before."
        )


def _same(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else math.isclose(one, other)
