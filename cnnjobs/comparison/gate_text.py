"""What a gate says to a person: one sentence of the answer, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterator

from cnnjobs.comparison.gating import NOT_WORSE, Judgement
from cnnjobs.comparison.metric_format import ends_text, metric_format, show
from cnnjobs.stats.sequential import FIRST_LOOK, Verdict
from cnnjobs.store.proposals import Confirmation
from cnnjobs.wording.levels import level_text, p_text


def points(value: float, metric: str, *, signed: bool = False) -> str:
    """Return a difference with its unit: "0.49 points".

    Args:
        value: as the metric is stored.
        metric: a column of `trials`.
        signed: with "+" or "-".
    """
    form = metric_format(metric)
    unit = f" {form.unit_of_difference}" if form.unit_of_difference else ""
    return f"{show(form, value, signed=signed)}{unit}"


def answer_text(judgement: Judgement) -> str:
    """Return the answer in a sentence."""
    return f"{'; '.join([_said(judgement), *_details(judgement)])}."


def confirmation_text(judgement: Judgement, fresh: Confirmation) -> str:
    """Return in a sentence what an accepted candidate has on fresh repeats."""
    asked, repeats = judgement.test.question, fresh.repeats[1] - fresh.repeats[0] + 1
    form = metric_format(asked.metric)
    if fresh.mean is None:
        return f"None of {repeats} fresh repeats of {asked.candidate} has a {form.words}."
    unit = "%" if form.in_percent else ""
    interval = (
        ""
        if fresh.low is None or fresh.high is None
        else f", 95% interval {ends_text(form, fresh.low, fresh.high)}{unit}"
    )
    lost = f", of {repeats}" if fresh.runs < repeats else ""
    return (
        f"{asked.candidate} has {show(form, fresh.mean)}{unit} {form.words} on {fresh.runs} fresh repeats{lost}"
        f"{interval}. Publish this figure: the repeats that decided flatter the candidate."
    )


def _said(judgement: Judgement) -> str:
    asked, one = judgement.test.question, judgement.decision
    completes = " when it completes" if judgement.diverged[0] != judgement.diverged[1] else ""
    pair = f"{asked.candidate} is {{}} {asked.reference}{completes}"
    after = f"after {one.pairs} pairs"
    if one.verdict is Verdict.OPEN:
        return _open(judgement)
    if one.verdict is Verdict.NO_PAIRS:
        own, other = judgement.diverged
        return (
            f"undecided: no pair in {one.repeats} repeats, {asked.candidate} diverged in {own} of them and "
            f"{asked.reference} in {other}"
        )
    if one.mean is None:
        return f"undecided after {one.repeats} repeats, none of which is a pair"
    difference = points(one.mean, asked.metric, signed=True)
    if judgement.answer == NOT_WORSE:
        by = points(judgement.test.shift, asked.metric)
        return f"{pair.format('not worse than')} by {by} or more, {after}: {difference}"
    if one.verdict is Verdict.EQUAL and judgement.test.margin is not None:
        within = points(judgement.test.margin, asked.metric)
        return f"{pair.format('equal to')} within {within}, {after}: {difference}"
    if one.verdict is Verdict.WORSE and judgement.test.shift:
        by = points(judgement.test.shift, asked.metric)
        return f"{pair.format('worse than')} by more than {by}, {after}: {difference}"
    if one.verdict in (Verdict.BETTER, Verdict.WORSE):
        return f"{pair.format(f'{judgement.answer} than')}, by {points(abs(one.mean), asked.metric)} {after}"
    hopeless = f", as {judgement.test.most_repeats} repeats would hardly decide"
    ended = f"given up {after}{hopeless}" if one.verdict is Verdict.GIVEN_UP else f"undecided {after}"
    return f"{asked.candidate} against {asked.reference}: {ended}, {difference}"


def _open(judgement: Judgement) -> str:
    one, asked = judgement.decision, judgement.test.question
    pairs = f"{one.pairs} pairs" if one.pairs != 1 else "1 pair"
    why = "the first look is at 5" if one.pairs < FIRST_LOOK else "more repeats are needed"
    if judgement.waiting is not None:
        why = f"repeat {judgement.waiting + 1} failed"
    return f"{asked.candidate} against {asked.reference}: no answer after {pairs}, {why}"


def _details(judgement: Judgement) -> Iterator[str]:
    one, test = judgement.decision, judgement.test
    form = metric_format(test.question.metric)
    if one.interval.low is not None and one.interval.high is not None:
        ends = ends_text(form, one.interval.low, one.interval.high, signed=True)
        yield f"{level_text(test.level)} interval {ends}, which holds however often one looks"
    if one.pairs >= FIRST_LOOK:
        yield f"sequential p {p_text(one.q_of_verdict)} against {p_text(test.alpha)}"
    allowing = judgement.mean_allowing_for_stop
    if allowing is not None:
        yield f"allowing for the stop about {points(allowing, test.question.metric, signed=True)}"
    own, other = judgement.diverged
    if own or other:
        yield f"diverged: {own} and {other} of {one.repeats} repeats"
    if judgement.further:
        further = ", ".join(show(form, value, signed=True) for value in judgement.further)
        count = len(judgement.further)
        yield f"{count} further pair{'s' if count > 1 else ''}, not used: {further}"
