"""Plans a job: its trials, those stored, those that would run. Starts no Ray, writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnjobs.datasets import needs_download
from cnnjobs.datasets.overview import parts_text
from cnnjobs.planning.trials import Trial
from cnnjobs.report.render.text import plain, table_text
from cnnjobs.run.audit import for_audit, to_take_over
from cnnjobs.run.decided_job import decided_by
from cnnjobs.run.missing import State, missing_trials
from cnnjobs.run.networks import NO_NETWORKS, Networks, look_before_plan
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import Prepared, prepare, read_job, store_at
from cnnjobs.run.progress import Waiting
from cnnjobs.run.submit import Goal
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.run.unwatched import unwatched_notes
from cnnjobs.spec import Job
from cnnjobs.spec.decidable import AskedRule
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.store import Store
from cnnjobs.versions import installed_versions
from cnnjobs.wording.terminal import visible

if TYPE_CHECKING:
    import pandas as pd

    from cnnjobs.run.decide_plan import DecidePlan

COLUMNS = ("variant", "repeats", "folds", "epochs", "parameters", "done", "missing", "stale", "would run")

NO_MORE = Goal()
"""The repeats of the job, and no more."""

GoOn = Callable[[Prepared, HalfWidth], str]
"""Returns the command that runs the repeats missing from a half width."""


@dataclass(frozen=True)
class Stored:
    """The part of a plan that needs the data set.

    Args:
        prepared: the job with its data.
        store: its folder.
        missing: trials that would run.
        state: what the store holds.
        to_take_over: trials of an audit that its job has run already, and where.
        deciding: what the rule of deciding would run; None without one.
        rule_notes: what a person may not expect of it.
    """

    prepared: Prepared
    store: Store
    missing: tuple[Trial, ...]
    state: State
    to_take_over: tuple[int, str] = (0, "")
    deciding: DecidePlan | None = None
    rule_notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class JobPlan:
    """The trials that a submit would run. `print` shows the output of `cnnjobs plan`; a notebook shows a table.

    Args:
        job: the job, with the overrides applied.
        only: names of the selected variants; empty for all.
        networks: networks of its variants, with their numbers of parameters; empty unless `sizes`.
        stored: prepared job, store and missing trials; None if the data set has to be downloaded first.
        go_on: function that returns the command that runs the repeats missing for a half width.
        surroundings: sentences on settings of this environment that do not reach the trials.
    """

    job: Job
    only: tuple[str, ...]
    networks: Networks
    stored: Stored | None
    go_on: GoOn
    surroundings: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Trial, ...]:
        """The trials that would run, the longest first.

        Raises:
            LookupError: if the data set is not on this machine yet.
        """
        if self.stored is None:
            raise LookupError("The data set is not on this machine yet, so that the stored trials are not known.")
        return self.stored.missing

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about data, networks and unreadable results."""
        stored = self.stored
        damaged = stored.state.damaged if stored is not None else ()
        about = stored.prepared.notes if stored is not None else ()
        unreadable = (f"{name} cannot be read, so that its trials count as missing" for name in damaged)
        mixed = stored.state.mixed_with(installed_versions()) if stored is not None and stored.missing else ()
        unwatched = unwatched_notes(stored.prepared, stored.store) if stored is not None and stored.missing else ()
        networks = (*self.networks.refusals(), *self.networks.notes)
        rule = stored.rule_notes if stored is not None else ()
        return (*about, *self.surroundings, *networks, *unwatched, *mixed, *rule, *unreadable)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per variant, with the columns of `table`; unknown values are None."""
        return [self._row(name) for name in self.job.variants]

    @property
    def table(self) -> pd.DataFrame:
        """One row per variant: repeats, folds, epochs, parameters; trials that are done, missing or stale.

        `would run` is the number of trials that a submit would run.
        """
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def __str__(self) -> str:
        """Return the output of `cnnjobs plan`."""
        return plain(self.text())

    __repr__ = __str__  # at the prompt it is read

    def _repr_html_(self) -> str:
        """Return it for a notebook."""
        from html import escape

        lines = "".join(f"<p>{escape(line)}</p>" for line in self.lines())
        return str(self.table.to_html(index=False, na_rep="-")) + lines

    def text(self, *, sizes: bool = True) -> str:
        """Return the table and the sentences, with ANSI codes.

        Args:
            sizes: whether the numbers of parameters are shown.
        """
        rows = self.rows if sizes else [{**row, "parameters": None} for row in self.rows]
        cells = [[_cell(row[name], self.stored is None, name) for name in COLUMNS] for row in rows]
        tables = [table_text(self.job.name, COLUMNS, cells)]
        deciding = None if self.stored is None else self.stored.deciding
        if deciding is not None and (reached := deciding.table()) is not None:
            tables.append(table_text(reached.title, reached.header, reached.rows, reached.note))
        return "\n".join([*tables, *map(visible, self.lines())])

    def lines(self) -> list[str]:
        """Return sentences on the data set, the protocol and the trials that would run."""
        if self.stored is None:
            return [
                "The data set is not on this machine yet: `submit` downloads it. Which trials are stored cannot be "
                "told until then, because a trial's identity holds the content of its data set."
            ]
        stored = self.stored
        rule = () if stored.deciding is None else stored.deciding.lines()
        return [*_counts(stored), *rule, *self._half_width(stored), *_taken_over(stored)]

    def _row(self, name: str) -> dict[str, Any]:
        job, stored = self.job, self.stored
        own: dict[str, Any] = {
            "variant": name,
            "repeats": job.repeats_of(name),
            "folds": job.folds,
            "epochs": job.variants[name].epochs,
            "parameters": self.networks.parameters().get(name),
        }
        if stored is None:
            return own | dict.fromkeys(COLUMNS[5:])
        trials = [trial.trial_id for trial in stored.prepared.plan.trials if trial.variant == name]
        done = sum(identity in stored.state.finished for identity in trials)
        return own | {
            "done": done,
            "missing": len(trials) - done,
            "stale": stored.state.stale.get(name, 0),
            "would run": sum(trial.variant == name for trial in stored.missing),
        }

    def _half_width(self, stored: Stored) -> list[str]:
        """Say which half width was asked for and is not reached, and how to go on."""
        job, current = stored.store.job, set(stored.prepared.plan.conditions.values())
        if job is None or job.half_width is None or current.isdisjoint(job.conditions.values()):
            return []
        from cnnjobs.comparison.half_width import asked_for, precisions
        from cnnjobs.comparison.table import job_table

        rule, names = job.half_width, {name for name, condition in job.conditions.items() if condition in current}
        table = job_table(stored.store, rule.metric)
        unmet = [one for one in precisions(stored.store, table, rule) if one.left and one.variant in names]
        left = sum(one.left for one in unmet)
        if not left:
            return []
        least = "at least " if any(one.needed is None for one in unmet) else ""
        return [
            f"A half width of {asked_for(rule)} was asked for: {least}{left:,} run{'s' if left > 1 else ''} still to "
            f"go: {self.go_on(stored.prepared, rule)}"
        ]


def plan_job(
    job: str | Path | Job,
    results: str,
    overrides: Overrides,
    *,
    goal: Goal = NO_MORE,
    sizes: bool,
    summary: bool,
    go_on: GoOn,
) -> JobPlan:
    """Return what a submit would run.

    Args:
        job: a job, or the file that defines one.
        results: folder or URI of results.
        overrides: what changes of the job.
        goal: what more than its repeats the job would be submitted for.
        sizes: whether to count parameters, which loads TensorFlow.
        summary: whether layers are asked for, which does as well.
        go_on: says how to run what a half width still needs.

    Raises:
        UserError: for whatever is wrong before a trial starts.
    """
    plain_job, audit = read_job(job, overrides), goal.audit
    asked, resting = goal.decision(plain_job.job, overrides), goal.resting(plain_job.job, overrides)
    known = needs_download(plain_job.dataset)
    read = plain_job
    if audit is not None:
        read = for_audit(plain_job if known else plain_job.loaded(Waiting())[0], audit, overrides.only)
    surroundings = (*surroundings_notes(), *resting)  # before networks are built, which may change settings of Keras
    prepared = prepare(read, overrides, Waiting()) if known is None else None
    if prepared is not None:
        known = prepared.dataset.image_shape, len(prepared.dataset.class_names)
    if prepared is None:  # else they are among its own
        surroundings = (*surroundings, *read.needs.notes)
    networks = NO_NETWORKS
    if known is not None and (sizes or summary):
        networks = look_before_plan(read, known, None if prepared is None else prepared.dataset, Waiting())
    stored = None if prepared is None else _stored(prepared, results, asked, None if audit is None else plain_job.job)
    planned = read.job if stored is None else stored.prepared.job
    return JobPlan(planned, overrides.only, networks, stored, go_on, surroundings)


def _stored(prepared: Prepared, results: str, asked: AskedRule | None, audited: Job | None) -> Stored:
    store = store_at(results, prepared.job)
    prepared, start, notes = decided_by(asked, prepared, store)
    missing, state = missing_trials(prepared, store)
    shared = (0, "")
    if audited is not None:
        source = store_at(results, audited)
        shared = (sum(1 for _ in to_take_over(source, store, prepared)), source.files.location)
    deciding = None
    if start is not None:
        from cnnjobs.run.decide_plan import DecidePlan

        repeats = start.ruling.repeats
        missing = [trial for trial in missing if trial.repeat < repeats[trial.variant]]
        deciding, prepared = DecidePlan(start, tuple(missing), state.rates), prepared.with_repeats(repeats)
    return Stored(prepared, store, tuple(missing), state, shared, deciding, notes)


def _counts(stored: Stored) -> list[str]:
    """Say what the data are, and how many trials would run."""
    data, plan, state = stored.prepared.dataset, stored.prepared.plan, stored.state
    place = stored.store.files.location
    failed = f" ({len(state.failed)} of them failed before)" if state.failed else ""
    most = "at most " if stored.deciding is not None else ""
    would = f"`submit` would run {most}{len(stored.missing)} of {len(plan.trials)} trials{failed}; results: {place}"
    return [
        f"{data.name}: {parts_text(data)}; {plan.protocol.describe()}.",
        would if stored.missing else f"`submit` would run nothing: all is stored in {place}",
    ]


def _taken_over(stored: Stored) -> list[str]:
    """Say how many trials of an audit its job has run already."""
    count, place = stored.to_take_over
    return [f"{count} of these are stored in {place}: `submit` takes them over from there."] if count else []


def _cell(value: Any, unknown: bool, column: str) -> str:
    if value is None:
        return "?" if unknown and column in COLUMNS[5:] else "-"
    return f"{value:,}" if column == "parameters" else str(value)
