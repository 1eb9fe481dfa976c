"""The seed audit: one variant, with one source of chance varying at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.errors import SpecError
from cnnjobs.messages import FINISHED, Predictions, Status
from cnnjobs.planning.audit_names import ALL, TWICE, alone
from cnnjobs.planning.chance import not_drawn
from cnnjobs.planning.identity import canonical, digest
from cnnjobs.run.prepare import Prepared, ReadJob
from cnnjobs.spec import SOURCES, Job
from cnnjobs.store.files import plain_name
from cnnjobs.store.store import KEY_COLUMNS, Store
from cnnjobs.store.stored_job import AuditMark
from cnnjobs.wording.nearest import not_a_variant

LONGEST_NAME = 100
"""Characters that the name of a job may have."""

HASH_DIGITS = 8
"""Hexadecimal digits that tell apart names that were cut short."""


def for_audit(read: ReadJob, variant: str, only: tuple[str, ...] = ()) -> ReadJob:
    """Return the job that audits a variant.

    Args:
        read: the job of the variant.
        variant: its name.
        only: variants that the user asked to run alone.

    Raises:
        SpecError: no such variant, too few repeats, or only some variants asked for.
    """
    job = read.job
    if variant not in job.variants:
        raise SpecError(not_a_variant("audit", variant, job.name, job.variants))
    if only:
        raise SpecError("`audit=VARIANT` and `only` exclude each other: an audit is of one variant.")
    if job.repeats_of(variant) < 2:
        raise SpecError(
            "`audit` needs at least 2 repeats, better 10 or more, to see how far they differ. Received: "
            f"repeats={job.repeats_of(variant)}. Use `repeats=10`."
        )
    mark = AuditMark(job=job.name, variant=variant, left_out=left_out(job, variant))
    return replace(read, job=audit_of(job, variant), audit=mark)


def audit_of(job: Job, variant: str) -> Job:
    """Return the job that audits a variant: the same variant under a name for each source of chance.

    All sources vary in the first, so that its trials are those of the job itself; each has the repeats of the
    variant, and "same seeds twice" two.

    Args:
        job: the job of the variant.
        variant: its name.
    """
    kept = [source for source in SOURCES if source not in left_out(job, variant)]
    vary: dict[str, tuple[str, ...]] = {ALL: SOURCES, **{alone(source): (source,) for source in kept}, TWICE: ()}
    repeats = dict.fromkeys(vary, job.repeats_of(variant)) | {TWICE: 2}
    variants = dict.fromkeys(vary, job.variants[variant])
    return job.but(name=audit_name(job, variant), variants=variants, vary=vary, repeats=repeats, decide=None)


def audit_name(job: Job, variant: str) -> str:
    """Return the name of the audit, which names its folder beside that of the job.

    The name of a variant that is too long for it is cut short, and ends with a hash of the whole.

    Raises:
        SpecError: if the job's own name leaves no room for it.
    """
    plain = [plain_name(name) for name in job.variants]
    place = list(job.variants).index(variant)
    own = plain[place] if plain.count(plain[place]) == 1 else f"{plain[place]}-{place + 1}"
    room = LONGEST_NAME - len(f"{job.name}-audit-")
    if room < HASH_DIGITS:
        raise SpecError(
            f"`audit` needs a job whose `name` has at most {LONGEST_NAME - len('-audit-') - HASH_DIGITS} characters, "
            f"because it adds to it. Received: a name of {len(job.name)}. Shorten the name of the job."
        )
    if len(own) > room:
        cut = own[: room - HASH_DIGITS - 1].rstrip("-") if room > HASH_DIGITS + 1 else ""
        own = "-".join([*([cut] if cut else []), digest(variant, HASH_DIGITS)])
    return f"{job.name}-audit-{own}"


def left_out(job: Job, variant: str) -> dict[str, str]:
    """Return the sources that the variant certainly does not draw from, and why."""
    return not_drawn(canonical(job.variants[variant]), folds=job.folds, validation=job.validation)


@dataclass(frozen=True)
class StoredRun:
    """A stored run, whole.

    Args:
        row: of `trials`.
        epochs: column -> one value an epoch; may be empty.
        predictions: of the test set; None for a run that diverged.
    """

    row: dict[str, Any]
    epochs: Mapping[str, list[Any]]
    predictions: Predictions | None


def take_over(source: Store, target: Store, prepared: Prepared) -> int:
    """Copy finished trials of the audit that the job's own store holds; return how many.

    A trial's identity holds all that decides it, so that a run of the same identity is the run itself; only the
    names of job and variant are others.

    Args:
        source: the job's store.
        target: the audit's, which this process has claimed.
        prepared: the audit.
    """
    taken = 0
    for run in to_take_over(source, target, prepared):
        target.commit(run.row | {"job": prepared.job.name, "variant": ALL}, run.epochs, run.predictions)
        taken += 1
    return taken


def to_take_over(source: Store, target: Store, prepared: Prepared) -> Iterator[StoredRun]:
    """Yield the finished trials of the audit that the job's own store holds whole, and the audit's does not."""
    planned = {trial.trial_id for trial in prepared.plan.trials if trial.variant == ALL}
    there = {row["trial_id"] for row in _finished(target, planned)}
    for row in _finished(source, planned):
        run = _whole(source, row) if row["trial_id"] not in there else None
        if run is not None:
            yield run


def _finished(store: Store, trials: set[str]) -> list[dict[str, Any]]:
    """Return the rows of those of the trials that ended by themselves."""
    table = store.read("trials").table
    wanted = pc.and_(
        pc.is_in(table["trial_id"], pa.array(sorted(trials), pa.string())),
        pc.is_in(table["status"], pa.array(FINISHED, pa.string())),
    )
    rows: list[dict[str, Any]] = table.filter(wanted).to_pylist()
    return rows


def _whole(store: Store, row: dict[str, Any]) -> StoredRun | None:
    """Return a run with its epochs and predictions; None if it had some that are damaged or missing."""
    epochs, predictions = (store.read(name, [row["trial_id"]]).table for name in ("epochs", "predictions"))
    completed = row["status"] == Status.COMPLETED
    if (completed or row["epochs_done"]) and not epochs.num_rows:
        return None
    if completed and not predictions.num_rows:
        return None
    return StoredRun(row, _epochs(epochs), _predictions(predictions))


def _epochs(table: pa.Table) -> Mapping[str, list[Any]]:
    columns: dict[str, list[Any]] = table.drop_columns(list(KEY_COLUMNS)).to_pydict()
    return columns if table.num_rows else {}


def _predictions(table: pa.Table) -> Predictions | None:
    if not table.num_rows:
        return None
    labels = table["label"].to_numpy().astype(np.int32)
    probabilities = table["probabilities"].combine_chunks().flatten().to_numpy().reshape(len(labels), -1)
    return Predictions(labels, probabilities)
