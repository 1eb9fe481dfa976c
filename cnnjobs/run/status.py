"""The status of the trials in stores: completed, running, failed with reasons, missing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnjobs.errors import StoreError
from cnnjobs.messages import Status
from cnnjobs.report.render.text import plain, table_text
from cnnjobs.store.expectation import expected_runs
from cnnjobs.store.lock import Running, read_heartbeat
from cnnjobs.store.results import open_stores
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import run_label
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible

if TYPE_CHECKING:
    import pandas as pd

    from cnnjobs.comparison.decisions import Ruling

COLUMNS = ("variant", "expected", *(kind.value for kind in Status), "running", "missing")
"""Of `JobStatus.rows`."""


@dataclass(frozen=True)
class FailedTrial:
    """A trial that failed.

    Args:
        variant: its name.
        repeat: counted from 0.
        fold: counted from 0; None where the job has no folds.
        error: one line.
        log: where to read on.
    """

    variant: str
    repeat: int
    fold: int | None
    error: str
    log: str

    @property
    def label(self) -> str:
        """The trial for people."""
        return run_label(self.variant, self.repeat, self.fold)


@dataclass(frozen=True)
class JobStatus:
    """The status of one job's trials.

    Args:
        job: its name.
        results: folder or URI.
        rows: one row per variant, with `COLUMNS`.
        under_way: the trials that run.
        failed: the trials that failed.
        damaged: unreadable files.
        submitting: whether a submit is at work.
        cut_off: whether the last submit ended without a word.
        stopped: what the last submit said in the end, if it was stopped; else empty.
        ruling: what the rule says by which repeats end; None for a job without one.
    """

    job: str
    results: str
    rows: tuple[Mapping[str, Any], ...]
    under_way: tuple[Running, ...]
    failed: tuple[FailedTrial, ...]
    damaged: tuple[str, ...]
    submitting: bool
    cut_off: bool
    stopped: str = ""
    ruling: Ruling | None = None

    @property
    def running(self) -> Mapping[str, str]:
        """Label of each running trial -> its progress."""
        return {trial.label: _doing(trial) for trial in self.under_way}

    @property
    def failures(self) -> tuple[str, ...]:
        """A sentence for each failed trial."""
        return tuple(f"{trial.label}: {clause(trial.error)}; log: {trial.log}" for trial in self.failed)

    def text(self) -> str:
        """Return what `cnnjobs status` shows, with ANSI codes."""
        header = ("variant", *COLUMNS[2:])
        most = self._at_most()
        cells = [[_cell(row, name, at_most=row["variant"] in most) for name in header] for row in self.rows]
        lines = [table_text(self.job, header, cells), *self._decided()]
        lines += [f"running: {label}: {what}" for label, what in self.running.items()]
        lines += [f"failed: {failure}" for failure in self.failures]
        lines += [f"not readable: {name}" for name in self.damaged]
        lines += ["The last submit was cut off; submit the job again to continue."] if self.cut_off else []
        lines += [f"The last submit, {self.stopped}"] if self.stopped and not self.running else []
        return "\n".join([lines[0], *map(visible, lines[1:])])

    def _at_most(self) -> set[str]:
        """Return the variants of which not all the runs that are expected may be needed."""
        return {*self.ruling.open, self.ruling.reference} if self.ruling is not None and self.ruling.open else set()

    def _decided(self) -> list[str]:
        """Say by which rule repeats end, and what it says of each variant."""
        if self.ruling is None:
            return []
        from cnnjobs.comparison.decided_words import brief_text, rule_text, standing_text

        ruling = self.ruling
        told = (
            standing_text(ruling, name) if name in ruling.open else brief_text(ruling, name)
            for name in ruling.decisions
        )
        return [rule_text(ruling), *(f"  {line}" for line in told)]


@dataclass(frozen=True, repr=False)
class ResultsStatus:
    """The status of all jobs in a folder. `print` shows the output of `cnnjobs status`; a notebook shows a table.

    Args:
        jobs: one entry per job, with `.rows`, `.running`, `.failures`, `.damaged`, `.cut_off` and `.stopped`.
        broken: errors of the jobs that cannot be read.
    """

    jobs: tuple[JobStatus, ...]
    broken: tuple[StoreError, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per job and variant: numbers of expected, completed, diverged, failed, running and missing runs."""
        import pandas as pd

        rows = [{"job": job.job, **row} for job in self.jobs for row in job.rows]
        return pd.DataFrame(rows, columns=["job", *COLUMNS])

    def __str__(self) -> str:
        """Return the status as text."""
        return plain("\n".join([*(job.text() for job in self.jobs), *map(str, self.broken)]))

    __repr__ = __str__  # at the prompt it is read

    def _repr_html_(self) -> str:
        """Return it for a notebook."""
        from html import escape

        notes = [f"failed: {failure}" for job in self.jobs for failure in job.failures]
        notes += [f"not readable: {name}" for job in self.jobs for name in job.damaged]
        notes += map(str, self.broken)
        return str(self.table.to_html(index=False)) + "".join(f"<p>{escape(note)}</p>" for note in notes)


def status_of(results: str) -> ResultsStatus:
    """Return what a job's folder, or a folder of jobs, holds.

    Args:
        results: path or URI.

    Raises:
        StoreError: if there is none that can be read.
    """
    stores, broken = open_stores(results)
    jobs = []
    for store in stores:
        try:
            jobs.append(job_status(store))
        except StoreError as error:
            broken.append(error)
    return ResultsStatus(tuple(jobs), tuple(broken))


def job_status(store: Store) -> JobStatus:
    """Return what a store holds of its job."""
    job = store.kept_job()
    stored = store.read("trials", columns=["variant", "fold", "error", "log", *_read_of(job)])
    trials = stored.table.to_pylist()
    expected = expected_runs(job, trials)
    heartbeat = read_heartbeat(store.files)
    under_way = heartbeat.running if heartbeat is not None and heartbeat.alive else ()
    rows, failed = [], list[FailedTrial]()
    for name, condition in job.conditions.items():
        own = [trial for trial in trials if trial["condition_id"] == condition]
        active = sum(trial.variant == name for trial in under_way)
        rows.append(_row(name, own, expected[name], active))
        failed += [_failed(job, name, trial) for trial in own if trial["status"] == Status.FAILED]
    submitting = heartbeat is not None and bool(heartbeat.alive)
    return JobStatus(
        job=job.name,
        results=store.files.location,
        rows=tuple(rows),
        under_way=tuple(under_way),
        failed=tuple(failed),
        damaged=stored.damaged,
        submitting=submitting,
        cut_off=heartbeat is not None and not submitting,
        stopped=store.last_stop(),
        ruling=_ruling(job, trials),
    )


def _read_of(job: StoredJob) -> tuple[str, ...]:
    """Return the columns of `trials` that tell how runs ended, and, to a rule, with which value."""
    if job.decide is None:
        return ("condition_id", "repeat", "status")
    from cnnjobs.comparison.decisions import COLUMNS as OF_RULE

    return (*OF_RULE, job.decide.metric)


def _ruling(job: StoredJob, trials: Sequence[Mapping[str, Any]]) -> Ruling | None:
    if job.decide is None:
        return None
    from cnnjobs.comparison.decisions import ruling_of

    return ruling_of(job, trials)


def _doing(trial: Running) -> str:
    """Say what a trial under way is doing, and since when it makes no progress, if it makes none."""
    if trial.quiet_since is None:
        return trial.doing
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(trial.quiet_since))
    minutes = max(0.0, time.time() - trial.quiet_since) / 60
    return f"{trial.doing}, no progress since {since} ({minutes:.0f} min)"


def _row(name: str, trials: list[dict[str, Any]], expected: int, active: int) -> dict[str, Any]:
    counts = {kind.value: sum(trial["status"] == kind for trial in trials) for kind in Status}
    missing = max(expected - sum(counts.values()), 0)
    return {"variant": name, "expected": expected, **counts, "running": active, "missing": missing}


def _failed(job: StoredJob, name: str, trial: Mapping[str, Any]) -> FailedTrial:
    fold = trial["fold"] if job.protocol.folds else None
    return FailedTrial(name, trial["repeat"], fold, trial["error"], trial["log"])


def _cell(row: Mapping[str, Any], column: str, *, at_most: bool) -> str:
    if column == Status.COMPLETED:
        return (
            f"{row['completed']} of at most {row['expected']}" if at_most else f"{row['completed']}/{row['expected']}"
        )
    return f"at most {row[column]}" if at_most and column == "missing" and row[column] else str(row[column])
