"""What a submit with a rule of deciding would run: what is decided, what is open, how far the rule can reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnnjobs.comparison.decided_words import margin_text, rule_text, short_text
from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.metric_format import metric_format, show
from cnnjobs.comparison.outlook import Outlook, differences, outlooks, typical_outlooks
from cnnjobs.planning.trials import Trial
from cnnjobs.run.rule_start import RuleStart
from cnnjobs.stats import Interval
from cnnjobs.stats.sequential import FIRST_LOOK, MOST_PAIRS
from cnnjobs.wording.labels import listed
from cnnjobs.wording.times import duration


@dataclass(frozen=True)
class ReachTable:
    """What a rule can reach, as a table for people.

    Args:
        title: over it.
        header: names of the columns.
        rows: cells.
        note: what the columns say.
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    note: str


@dataclass(frozen=True)
class DecidePlan:
    """What the rule of a job would run.

    Args:
        start: the rule as it holds now, with what is decided.
        missing: trials that would run at most, were all open variants to take all repeats that are allowed.
        rates: condition -> mean seconds per epoch of its completed trials.
    """

    start: RuleStart
    missing: Sequence[Trial]
    rates: Mapping[str, float]

    @property
    def ruling(self) -> Ruling:
        """What the rule says now."""
        return self.start.ruling

    @cached_property
    def outlooks(self) -> dict[str, Outlook]:
        """What the rule can reach for each variant that is not decided and has pairs."""
        return outlooks(self.ruling)

    @property
    def at_least(self) -> list[Trial]:
        """The trials that run before the next look, at which all may be decided."""
        return [trial for trial in self.missing if trial.repeat < self._next_look]

    @property
    def following(self) -> list[Trial]:
        """The trials of the next repeat that is not complete."""
        repeat = min((trial.repeat for trial in self.missing), default=0)
        return [trial for trial in self.missing if trial.repeat == repeat]

    @property
    def _next_look(self) -> int:
        looked = min((one.repeats for one in self.ruling.decisions.values() if one.left), default=0)
        return max(looked + 1, FIRST_LOOK)

    def seconds(self, trials: Sequence[Trial]) -> float | None:
        """Return how long trials take one after the other, by those that are stored; None where none are."""
        if not self.rates:
            return None
        other = sum(self.rates.values()) / len(self.rates)
        return sum(trial.spec.epochs * self.rates.get(trial.condition_id, other) for trial in trials)

    def lines(self) -> Iterator[str]:
        """Say what the rule is, what is decided, and what would run."""
        ruling = self.ruling
        yield f"The rule {rule_text(ruling)}."
        yield from (f"{short_text(ruling, name)}." for name, one in ruling.decisions.items() if one.pairs)
        if not self.missing:
            return
        least, following = self.at_least, self.following
        seconds = self.seconds(least), self.seconds(self.missing)
        time = ""
        if seconds[0] is not None and seconds[1] is not None:
            time = f", {duration(seconds[0])} to {duration(seconds[1])} of training, one trial after the other"
        count = f"{len(self.missing)} trial" + ("s" if len(self.missing) != 1 else "")
        range_ = (
            f"It may end after {len(least)} and takes at most {count}"
            if len(least) < len(self.missing)
            else f"It takes at most {count}"
        )
        names = listed(trial.variant for trial in following)
        yield f"{range_}{time}; next, repeat {following[0].repeat + 1} of {names}."

    def table(self) -> ReachTable | None:
        """Return what the rule can reach; None where nothing is open."""
        rule, known = self.ruling.rule, self.outlooks
        if not known and not any(one.left and one.sd is None for one in self.ruling.decisions.values()):
            return None
        metric, most = metric_format(rule.metric), rule.most_repeats
        points = [_points(metric.factor * one) for one in differences(rule)]
        header = ["better from", "equal from", *(f"{one} after" for one in points)]
        header = [*(["variant", "SD of pairs", "95% interval"] if known else ["SD of pairs"]), *header]
        said = f'"from": the smallest true difference, or margin, that {most} repeats decide in 80% of jobs; "after": '
        said += "the repeats that decide a difference in 80% of jobs"
        if rule.margin is not None:
            header.append("equal after")
            said += f'; "equal after": the same, if there is no difference, within {margin_text(rule)}'
        rows = [
            [name, show(metric, one.sd), _ends(metric.factor, one.interval), *self._reach(one)]
            for name, one in known.items()
        ]
        if not known:
            rows = [[show(metric, one.sd), *self._reach(one)] for one in typical_outlooks(self.ruling)]
        of = "the SD of the pairs so far" if known else "possible SDs, as there are no pairs yet"
        return ReachTable(f"Differences that the rule can decide, in points, by {of}", header, rows, said)

    def _reach(self, one: Outlook) -> list[str]:
        """Return the cells of what can be reached at an SD."""
        metric = metric_format(self.ruling.rule.metric)
        reach = [show(metric, one.least_difference), show(metric, one.least_margin)]
        after = [*one.better.values(), *([one.equal] if self.ruling.rule.margin is not None else [])]
        return [*reach, *map(_repeats, after)]


def _points(points: float) -> str:
    return f"{points:g} point" + ("" if points == 1 else "s")


def _repeats(count: int | None) -> str:
    return f"> {MOST_PAIRS}" if count is None else str(count)


def _ends(factor: float, interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return "-"
    return f"{factor * interval.low:.2f} to {factor * interval.high:.2f}"
