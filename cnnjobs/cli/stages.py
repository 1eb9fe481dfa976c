"""The second stage of a half width: what the pilot says of the repeats that each variant needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnjobs.analysis.half_widths import Precision, precisions
from cnnjobs.analysis.measures import show
from cnnjobs.analysis.report_half_width import SMALL_PILOT, asked_for, small_pilot
from cnnjobs.analysis.tables import JobTable, job_table
from cnnjobs.cli.progress import duration
from cnnjobs.plan import Trial
from cnnjobs.preparation import Prepared
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.store import Store


@dataclass(frozen=True)
class SecondStage:
    """What follows from the pilot.

    Args:
        rule: that was asked for.
        table: of the pilot's runs, and of others that are stored.
        planned: what the pilot says of each variant whose pilot is over.
        prepared: the job with the repeats by the rule; of a variant whose pilot is not over, those of the pilot.
    """

    rule: HalfWidth
    table: JobTable
    planned: Sequence[Precision]
    prepared: Prepared

    def announcement(self) -> list[str]:
        """Return in lines what the pilot says of the variants that were asked for."""
        lines = [
            f"{self.prepared.job.name}: half width {asked_for(self.rule)}, by a pilot of {self.rule.pilot} repeats"
        ]
        only = self.prepared.only
        lines += [f"  {self._of(one)}" for one in self.planned if not only or one.variant in only]
        if self.rule.pilot < SMALL_PILOT:
            lines.append(f"note: {small_pilot(self.rule)}")
        return lines

    def _of(self, one: Precision) -> str:
        if one.needed is None:
            return f"{one.variant}: {one.why}"
        lost = self.rule.pilot - one.pilot
        of = f" of the {one.pilot} runs of its pilot that completed" if lost else ""
        said = f"{one.variant}: SD {show(self.rule.metric, one.sd)}{of}, {one.needed:,} runs in all"
        if one.needed > one.repeats:
            said += f"; stops at {one.repeats}, `--most-repeats`"
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
        known = [one for one in seconds if one is not None]
        if len(known) < len(seconds):
            return trials
        return f"{trials}, about {duration(sum(known) / at_once)} of training, {at_once} at once"


def second_stage(prepared: Prepared, store: Store, rule: HalfWidth) -> SecondStage:
    """Return what follows from the runs of the pilot.

    Args:
        prepared: the job whose repeats are the pilot.
        store: where its runs are.
        rule: for the repeats of each variant.
    """
    table = job_table(store, rule.metric)
    stored = {trial for row in table.rows for trial in row.trials}
    waiting = {trial.variant for trial in prepared.plan.trials if trial.trial_id not in stored}
    planned = [one for one in precisions(table, rule) if one.variant not in waiting]
    repeats = dict.fromkeys(prepared.job.variants, rule.pilot) | {one.variant: one.repeats for one in planned}
    return SecondStage(rule, table, planned, prepared.with_repeats(repeats))
