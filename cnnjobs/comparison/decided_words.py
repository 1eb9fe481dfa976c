"""What the rule of a job says of its variants, in words for people."""

from __future__ import annotations

from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.metric_format import ends_text, metric_format, show
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats.sequential import FIRST_LOOK, MOST_PAIRS, Decision, Verdict
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.wording.levels import level_text, p_text

MORE_REPEATS = (50, MOST_PAIRS)
"""What is proposed as `--most-repeats` where the repeats that are allowed have not decided."""


def rule_text(ruling: Ruling) -> str:
    """Say when the repeats end: "repeats until each of 2 variants is better or worse than base, ...".

    Args:
        ruling: of the job.
    """
    rule, count = ruling.rule, len(ruling.decisions)
    equal = f", worse or equal within {margin_text(ruling.rule)} of" if rule.margin else " or worse than"
    each = "the variant is" if count == 1 else f"each of {count} variants is"
    return (
        f"repeats until {each} better{equal} {ruling.reference}, looking after every repeat from the fifth on; "
        f"at most {rule.most_repeats} repeats"
    )


def start_lines(ruling: Ruling) -> list[str]:
    """Say when the repeats end, and of which variants they have ended already.

    Args:
        ruling: of the job, before anything runs.
    """
    over = [name for name in ruling.decisions if name not in ruling.open]
    return [rule_text(ruling), *(f"already decided: {brief_text(ruling, name)}" for name in over)]


def verdict_text(ruling: Ruling, variant: str, allowing: float | None = None) -> str:
    """Say what is decided of a variant, with all that belongs to it, as a clause.

    "dropout is better than base, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds however often
    one looks; sequential p 0.038; allowing for the stop about 0.46".

    Args:
        ruling: of the job.
        variant: its name.
        allowing: mean of the difference, as the metric is stored, that allows for when one stopped; None to leave it
            out.
    """
    one = ruling.decisions[variant]
    if not one.verdict.is_decided:
        return short_text(ruling, variant)
    told = [short_text(ruling, variant), interval_text(ruling, variant)]
    told += [f"sequential p {p_text(one.q_of_verdict)}"]
    told += [] if allowing is None else [f"allowing for the stop about {_plain(ruling, allowing)}"]
    return "; ".join(part for part in told if part)


def short_text(ruling: Ruling, variant: str) -> str:
    """Say what is decided of a variant in a clause: "dropout is better than base, by 0.49 points after 8 pairs".

    Args:
        ruling: of the job.
        variant: its name.
    """
    one, rule = ruling.decisions[variant], ruling.rule
    after = f"after {pairs_text(one.pairs)}{_of_repeats(ruling, variant)}"
    own, others = ruling.diverged[variant]
    when = " when it completes" if own != others else ""
    if one.verdict in (Verdict.BETTER, Verdict.WORSE):
        by = _amount(ruling, one.mean)
        return f"{variant} is {one.verdict.value} than {ruling.reference}{when}, by {by} {after}"
    if one.verdict is Verdict.EQUAL:
        return f"{variant} is equal to {ruling.reference} within {margin_text(ruling.rule)}{when}, {after}"
    if one.verdict is Verdict.GIVEN_UP:
        why = f"{rule.most_repeats} repeats would hardly decide"
        return f"{variant} is given up {after}: {why}{_within(ruling, one, '; ')}"
    if one.verdict is Verdict.NO_PAIRS:
        who = "it" if own == one.repeats else ruling.reference if others == one.repeats else f"it or {ruling.reference}"
        return f"{variant} is undecided: {who} diverged in {one.repeats} of {one.repeats} repeats"
    if one.verdict is Verdict.UNDECIDED:
        more = next((most for most in MORE_REPEATS if most > rule.most_repeats), None)
        then = f"--most-repeats {more} goes on" if more else f"error rates are known only up to {MOST_PAIRS} pairs"
        return f"{variant} is undecided {after}{_within(ruling, one, ', ')}; {then}"
    if variant in ruling.waiting:
        return f"{variant} is undecided: repeat {ruling.waiting[variant]} failed; the next submit goes on"
    return f"{variant} is not decided yet, {after}"


def news(before: Ruling, now: Ruling) -> list[str]:
    """Say what the rule did not say before: which variants it has done with, and which wait for a repeat that failed.

    Args:
        before: what it said.
        now: what it says.
    """
    told = [name for name in before.open if name not in now.open]
    waiting = [name for name in now.waiting if name in now.open and name not in before.waiting]
    return [brief_text(now, name) for name in told] + [short_text(now, name) for name in waiting]


def brief_text(ruling: Ruling, variant: str) -> str:
    """Say what is decided of a variant, with the sequential p: "tiny is worse than base, by 0.53 points after ...".

    Args:
        ruling: of the job.
        variant: its name.
    """
    one = ruling.decisions[variant]
    if not one.verdict.is_decided:
        return short_text(ruling, variant)
    return f"{short_text(ruling, variant)}; sequential p {p_text(one.q_of_verdict)}"


def look_text(ruling: Ruling) -> str:
    """Say how far the variants are that are not decided: "after repeat 6: tiny: 6 pairs, p 0.120 (0.025)".

    Args:
        ruling: of the job.
    """
    told = ", ".join(standing_text(ruling, name) for name in ruling.open)
    return f"after repeat {ruling.first + ruling.looked_at}: {told}"


def interval_text(ruling: Ruling, variant: str) -> str:
    """Give the interval of a variant's difference: "95% interval [+0.03, +0.95], which holds however often one looks".

    Args:
        ruling: of the job.
        variant: its name.

    Returns:
        Empty where there is none, as before the first look.
    """
    one = ruling.decisions[variant]
    if not (ends := _ends(ruling, one)):
        return ""
    return f"{level_text(1 - one.alpha)} interval {ends}, which holds however often one looks"


def standing_text(ruling: Ruling, variant: str) -> str:
    """Say in a few words how far an open variant is: "tiny: 7 pairs, p 0.120 (0.025)".

    Before the first look there is only how many pairs there are; the number in brackets is the p that decides. Where
    the variant is nearer to being equal than to another decision, p is of that.

    Args:
        ruling: of the job.
        variant: its name.
    """
    one = ruling.decisions[variant]
    if variant in ruling.waiting:
        return f"{variant}: repeat {ruling.waiting[variant]} failed"
    if one.pairs < FIRST_LOOK:
        return f"{variant}: {pairs_text(one.pairs)}"
    equal = ruling.rule.alpha / (ruling.family - sum(d.verdict is Verdict.EQUAL for d in ruling.decisions.values()))
    if one.q_equal / equal < one.q / one.alpha:
        return f"{variant}: {pairs_text(one.pairs)}, p of equal {p_text(one.q_equal)} ({p_text(equal)})"
    return f"{variant}: {pairs_text(one.pairs)}, p {p_text(one.q)} ({p_text(one.alpha)})"


def pairs_text(pairs: int) -> str:
    """Return "1 pair", "8 pairs"."""
    return f"{pairs} pair" + ("s" if pairs != 1 else "")


def _of_repeats(ruling: Ruling, variant: str) -> str:
    """Say how many repeats gave the pairs, where some gave none, and who diverged in those."""
    one = ruling.decisions[variant]
    if not one.lost:
        return ""
    own, others = ruling.diverged[variant]
    return f" of {one.repeats} repeats (it diverged in {own}, {ruling.reference} in {others})"


def _within(ruling: Ruling, one: Decision, before: str) -> str:
    ends = _ends(ruling, one)
    return f"{before}within {ends}" if ends else ""


def _ends(ruling: Ruling, one: Decision) -> str:
    if one.interval.low is None or one.interval.high is None:
        return ""
    return ends_text(_metric(ruling), one.interval.low, one.interval.high, signed=True)


def _amount(ruling: Ruling, value: float | None) -> str:
    """Return a difference without its sign, with its unit: "0.49 points"."""
    metric = _metric(ruling)
    return f"{_plain(ruling, abs(value or 0.0))} {metric.unit_of_difference}".rstrip()


def margin_text(rule: DecisionRule) -> str:
    """Return the margin of a rule as it was asked for, with its unit: "0.5 points"; "no margin" without one."""
    if rule.margin is None:
        return "no margin"
    metric = metric_format(rule.metric)
    value, unit = f"{metric.factor * rule.margin:g}", metric.unit_of_difference
    return f"{value} {unit.removesuffix('s') if value == '1' else unit}".rstrip()


def _plain(ruling: Ruling, value: float) -> str:
    return show(_metric(ruling), value)


def _metric(ruling: Ruling) -> Metric:
    return metric_format(ruling.rule.metric)
