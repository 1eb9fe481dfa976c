"""The two stages of a half width: the pilot, and the number of repeats of each variant that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cnnjobs.comparison.half_width import SMALL_PILOT, Precision, asked_for, precisions, small_pilot
from cnnjobs.comparison.metric_format import metric_format, show
from cnnjobs.comparison.table import JobTable, job_table
from cnnjobs.planning.trials import Trial
from cnnjobs.run.prepare import Prepared
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.store import Store
from cnnjobs.wording.times import duration


def settled(asked: HalfWidth, prepared: Prepared, store: Store) -> HalfWidth:
    """Return the rule with the pilot that holds, and whether that was chosen late.

    Stein's rule needs a pilot that was chosen before it was known how the runs end. The pilot of the first rule
    therefore stays as soon as repeats beyond it are stored, as long as a variant of the job is still of the same
    conditions. Another pilot is late if repeats beyond it are stored already, or if an earlier one was over; a rule
    stays late. That the user has not looked at the first `pilot` repeats before choosing them cannot be known.

    Args:
        asked: the rule, with the pilot that was asked for.
        prepared: the job.
        store: its folder.

    Raises:
        SpecError: if the pilot that stays has more repeats than are allowed.
    """
    job, conditions = store.job, set(prepared.plan.conditions.values())
    shared = set() if job is None else conditions & {*job.conditions.values()}
    before = job.half_width if job is not None and shared else None
    stored = _stored_repeats(store)
    if before is None:
        return replace(asked, late=_beyond(stored, conditions, asked.pilot))
    if before.pilot == asked.pilot or _beyond(stored, shared, before.pilot):
        late = before.late or _beyond(stored, conditions - shared, before.pilot)
        return replace(asked, pilot=before.pilot, late=late)
    over = _beyond(stored, shared, before.pilot - 1)
    return replace(asked, late=before.late or over or _beyond(stored, conditions, asked.pilot))


def _stored_repeats(store: Store) -> dict[str, int]:
    """Return condition -> its repeats up to the last one that is stored."""
    repeats: dict[str, int] = {}
    for run in store.read("trials", columns=["condition_id", "repeat"]).table.to_pylist():
        repeats[run["condition_id"]] = max(repeats.get(run["condition_id"], 0), run["repeat"] + 1)
    return repeats


def _beyond(stored: Mapping[str, int], conditions: set[str], repeats: int) -> bool:
    """Whether more repeats than those are stored of one of the conditions."""
    return any(stored.get(condition, 0) > repeats for condition in conditions)


def first_stage(prepared: Prepared, rule: HalfWidth) -> Prepared:
    """Return the job whose repeats are the pilot, and which keeps the rule.

    Args:
        prepared: the job.
        rule: with the pilot that holds.
    """
    marked = replace(prepared, half_width=rule)
    if prepared.job.repeats == rule.pilot:
        return marked
    return marked.with_repeats(dict.fromkeys(prepared.job.variants, rule.pilot))


@dataclass(frozen=True)
class SecondStage:
    """What follows from the pilot.

    Args:
        rule: that was asked for.
        table: of the pilot's runs, and of others that are stored.
        planned: what the pilot says of each variant, in the order of the job.
        prepared: the job with the repeats by the rule; of a variant whose pilot is not over, those of the pilot.
    """

    rule: HalfWidth
    table: JobTable
    planned: Sequence[Precision]
    prepared: Prepared

    def announcement(self) -> list[str]:
        """Return in lines what the pilot says of the variants that were asked for."""
        lines = [
            f"{self.prepared.job.name}: half width {asked_for(self.rule)}, after a pilot of {self.rule.pilot} repeats"
        ]
        only = self.prepared.only
        lines += [f"  {self._of(one)}" for one in self.planned if not only or one.variant in only]
        if self.rule.pilot < SMALL_PILOT:
            lines.append(f"note: {small_pilot(self.rule)}")
        return lines

    def _of(self, precision: Precision) -> str:
        if precision.needed is None:
            return f"{precision.variant}: {precision.why}"
        lost = self.rule.pilot - precision.pilot
        of = f" of the {precision.pilot} runs of its pilot that completed" if lost else ""
        sd = show(metric_format(self.rule.metric), precision.sd)
        said = f"{precision.variant}: SD {sd}{of}, {precision.needed:,} runs in all"
        if precision.needed > precision.repeats:
            said += f"; stops at {precision.repeats}, the most that are allowed"
        return said

    def estimate(self, missing: Sequence[Trial], at_once: int) -> str:
        """Say how many more trials there are and how long they take, by the mean of the completed ones.

        Args:
            missing: trials that are to run.
            at_once: how many run at the same time.
        """
        if not missing:
            return "no more trials are needed"
        trials = f"{len(missing):,} more trial" + ("s" if len(missing) != 1 else "")
        means = {row.name: row.cost.seconds for row in self.table.rows}
        seconds = [means[trial.variant] for trial in missing]
        measured = [mean for mean in seconds if mean is not None]
        if len(measured) < len(seconds):
            return trials
        return f"{trials}, about {duration(sum(measured) / at_once)} of training, {at_once} at once"


def second_stage(prepared: Prepared, store: Store, rule: HalfWidth) -> SecondStage:
    """Return what follows from the runs of the pilot.

    Args:
        prepared: the job whose repeats are the pilot.
        store: where its runs are.
        rule: for the repeats of each variant.
    """
    table = job_table(store, rule.metric)
    planned = precisions(store, table, rule)
    return SecondStage(rule, table, planned, prepared.with_repeats({one.variant: one.repeats for one in planned}))
