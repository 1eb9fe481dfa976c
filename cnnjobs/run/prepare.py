"""Prepares a job: from job and overrides to data set, plan and store, with all errors before a trial starts."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from cnnjobs.datasets import Dataset, dataset_spec, load_dataset, source_of
from cnnjobs.datasets.group_splits import numbered
from cnnjobs.datasets.overview import class_counts
from cnnjobs.errors import SpecError
from cnnjobs.models import check_network
from cnnjobs.planning.identity import canonical, pinned_data
from cnnjobs.planning.job_file import JobFile, job_of_session, load_job
from cnnjobs.planning.needs import Needs, needs_of
from cnnjobs.planning.own_schedules import schedule_notes
from cnnjobs.planning.rows import plan_on, pooled_note, split_notes, split_rows, used_by
from cnnjobs.planning.trained_alike import trained_alike_notes
from cnnjobs.planning.trials import Plan
from cnnjobs.process.numeric_environment import while_pinned
from cnnjobs.run.backends import import_matplotlib
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.steering import Steer
from cnnjobs.scoring.watching import Watching
from cnnjobs.spec import CustomCallback, DatasetSpec, Job, Variant
from cnnjobs.spec.class_weights import check_class_names
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.spec.metrics import VALIDATION, part_of
from cnnjobs.spec.mixing import check_weights
from cnnjobs.spec.transforms.fits import check_transforms
from cnnjobs.spec.watching import monitored
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import AuditMark, StoredDataset, StoredJob
from cnnjobs.wording.nearest import not_a_variant

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to run.

    Args:
        file: where the job comes from.
        job: with the overrides applied.
        source: which data set.
        dataset: loaded, with `limit_train` applied; with its own validation set apart only if that validates.
        plan: its trials.
        only: names of the variants to run; empty for all.
        audit: of what the job is an audit; None if it is none.
        half_width: the rule for its repeats; None if no half width was asked for.
        decide: the rule by which its repeats end; None if no verdict by the fewest was asked for.
        steer: makes what says which trial starts next; None where all are to run.
        needs: of the functions in it.
        data_notes: what a person should know of how the job uses the data set, and of schedules of the user's.
    """

    file: JobFile
    job: Job
    source: DatasetSpec
    dataset: Dataset
    plan: Plan
    only: tuple[str, ...]
    audit: AuditMark | None = None
    half_width: HalfWidth | None = None
    decide: DecisionRule | None = None
    steer: Steer | None = None
    needs: Needs = field(default_factory=Needs)
    data_notes: tuple[str, ...] = ()

    def with_repeats(self, repeats: Mapping[str, int]) -> "Prepared":
        """Return it with other numbers of repeats, one for each variant."""
        plan = self.plan.with_repeats(repeats)
        return replace(self, job=plan.job, plan=plan)

    @cached_property
    def about(self) -> tuple[str, ...]:
        """What a person should know of the data, their splits, functions, variants; the report says it, too."""
        data = self.dataset
        splits = split_notes(data.training_rows, self.plan.trials, data.class_names)
        return (*data.notes, *self.data_notes, *self.needs.notes, *splits, *trained_alike_notes(self.job))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before reading the results."""
        about = (*self.dataset.handling, *self.about, *self.file.notes)
        choosing = [name for name, variant in self.job.variants.items() if watches_validation(variant)]
        if self.job.validation != "test" or not choosing:
            return about
        names = ", ".join(repr(name) for name in choosing)
        flattered = f"Callbacks of {names} decide by the test set (validation='test'), which flatters its figures"
        return (*about, flattered)

    def as_stored(self) -> StoredJob:
        """Return what `job.json` keeps of it."""
        return replace(
            self.plan.as_stored(self._stored_dataset()),
            file=self.file.name,
            text=self.file.text,
            audit=self.audit,
            half_width=self.half_width,
            decide=self.decide,
        )

    def _stored_dataset(self) -> StoredDataset:
        data, rows = self.dataset, self.dataset.training_rows
        validation_rows = rows.own_validation_rows
        tested = data.groups_test
        return StoredDataset(
            name=data.name,
            source=canonical(self.source),
            fingerprint=data.fingerprint,
            train_rows=len(rows) - (validation_rows or 0),
            validation_rows=validation_rows,
            test_rows=len(data.y_test),
            image_shape=tuple(data.image_shape),
            classes=len(data.class_names),
            class_names=tuple(data.class_names),
            notes=self.about,
            groups=rows.group_count,
            test_groups=None if tested is None else tuple(numbered(tested).tolist()),
            largest_class=float(class_counts(data)["test"].max() / len(data.y_test)),
        )


@dataclass(frozen=True)
class ReadJob:
    """A job as it was read, before its data set is touched.

    Args:
        file: where the job comes from.
        job: with the overrides applied.
        dataset: which data set.
        audit: of what the job is an audit; None if it is none.
        needs: of the functions in it.
        data: the data set, where it had to be loaded already.
    """

    file: JobFile
    job: Job
    dataset: DatasetSpec
    audit: AuditMark | None = None
    needs: Needs = field(default_factory=Needs)
    data: Dataset | None = None

    def loaded(self, on_progress: OnProgress) -> tuple["ReadJob", Dataset]:
        """Return the job with `validation` as it is on its data set, and the data set.

        Raises:
            UserError: if it cannot be loaded, or has no validation set of its own that the job asks for.
        """
        data = load_dataset(self.dataset, on_progress) if self.data is None else self.data
        validation = self.job.validation_on(has_own=data.is_validation is not None)
        job = self.job if self.job.folds is not None else self.job.but(validation=validation)
        return replace(self, job=job, data=data), data


def read_job(job: str | Path | Job, overrides: Overrides) -> ReadJob:
    """Return a job with the overrides applied.

    Args:
        job: a job, or the file that defines one.
        overrides: what changes of it.

    Raises:
        UserError: for whatever is wrong with either.
    """
    if not isinstance(job, Job | str | Path):
        raise SpecError(
            f"`job` must be a Job, or the path of a file that defines one. Received: a {type(job).__name__}."
        )
    if os.environ.get("MPLBACKEND"):
        import_matplotlib()  # now, while the variable is there for what a notebook draws
    with while_pinned():  # the file may import Keras
        file = job_of_session(job) if isinstance(job, Job) else load_job(job)
    changed = _overridden(file.job, overrides)
    dataset = _decoded_as(_dataset_spec(changed, overrides), overrides.image_size, overrides.strict)
    return ReadJob(file, changed, pinned_data(dataset), needs=needs_of(changed, file))


def read_dataset(value: str, *, image_size: int | None, strict: bool) -> DatasetSpec:
    """Return the data set that a name or path on the command line means.

    Raises:
        SpecError: if it is neither a known name nor a path, or the options do not apply to it.
    """
    return _decoded_as(dataset_spec(value, Path.cwd()), image_size, strict)


def _decoded_as(spec: DatasetSpec, image_size: int | None, strict: bool) -> DatasetSpec:
    """Return the data set with the options of the command line; one without encoded pictures takes none."""
    decoded: DatasetSpec = source_of(spec).decoded_as(image_size, strict)
    return decoded


def _dataset_spec(job: Job, overrides: Overrides) -> DatasetSpec:
    """Return the data set; another of its kind is read as the job says."""
    if overrides.dataset is None:
        return dataset_spec(job.dataset, Path.cwd())
    other: DatasetSpec = source_of(dataset_spec(overrides.dataset, Path.cwd())).read_as(job.dataset)
    return other


def prepare(read: ReadJob, overrides: Overrides, on_progress: OnProgress) -> Prepared:
    """Return the job with its data and plan, checked against each other.

    Raises:
        UserError: for whatever is wrong before a trial starts.
    """
    read, dataset = read.loaded(on_progress)
    job, fitting = read.job, used_by(read.job, dataset)
    if overrides.limit_train is not None:
        fitting = fitting.limited(overrides.limit_train)
    _check_rows(job, fitting)
    _check_variants(job, fitting)
    plan = plan_on(job, fitting, overrides.limit_train)
    _check_batches(plan, fitting)
    return Prepared(
        read.file,
        job,
        read.dataset,
        fitting,
        plan,
        overrides.only,
        read.audit,
        needs=read.needs,
        data_notes=(*pooled_note(job, dataset), *schedule_notes(job.variants, trained_rows(plan, fitting))),
    )


def store_at(results: str, job: Job) -> Store:
    """Return the job's folder below the results folder; nothing is made."""
    return Store(Files(results).below(job.name))


def _overridden(job: Job, overrides: Overrides) -> Job:
    for name in overrides.only:
        if name not in job.variants:
            raise SpecError(not_a_variant("only", name, job.name, job.variants))
    if overrides.repeats is not None:
        job = job.but(repeats=overrides.repeats)
    if overrides.gpus_per_trial is not None:
        job = _with_gpus(job, overrides.gpus_per_trial)
    if overrides.epochs is not None:
        job = job.but(variants={name: _with_epochs(name, one, overrides) for name, one in job.variants.items()})
    return job


def _with_epochs(name: str, variant: Variant, overrides: Overrides) -> Variant:
    try:
        return variant.but(epochs=overrides.epochs_of(variant.epochs))
    except SpecError as error:  # fewer epochs than it has before it is fine-tuned
        raise SpecError(f"Variant {name!r}: {error}") from error


def _with_gpus(job: Job, gpus: float) -> Job:
    """Return a job whose trials hold so many GPUs instead of those that it asks for.

    On cores it keeps its replicas, as on a machine without GPUs, so that its trials remain the same ones.
    """
    if gpus == 0:
        return job.but(gpus_per_trial=gpus, replicas=job.replicas)
    return job.but(gpus_per_trial=gpus, replicas=int(gpus)) if gpus >= 2 else job.but(gpus_per_trial=gpus)


def watches_validation(variant: Variant) -> bool:
    """Say whether callbacks of the variant decide by what it does on the validation rows; the user's own may."""
    return any(isinstance(one, CustomCallback) or part_of(monitored(one)) == VALIDATION for one in variant.callbacks)


def _check_rows(job: Job, dataset: Dataset) -> None:
    """Refuse what leaves nothing to train or to validate on."""
    rows = dataset.training_rows
    if job.folds is not None:
        rows.check_folds(job.folds, stratify=job.stratify, class_names=dataset.class_names)
    elif isinstance(job.validation, float) and not 0 < round(len(rows) * job.validation) < len(rows):
        raise SpecError(
            f"`validation` must leave rows on both sides. Received: validation={job.validation} of "
            f"{len(rows)} training rows."
        )


def _check_variants(job: Job, dataset: Dataset) -> None:
    """Refuse variants that ask for validation rows that there are not, or that cannot take the images."""
    for name, variant in job.variants.items():
        if job.folds is None and job.validation is None and watches_validation(variant):
            raise SpecError(
                f"Variant {name!r}: its callbacks need validation rows. Received: validation=None. "
                "Use `validation=0.2`, or a variant without them."
            )
        if job.folds is None and job.validation is None and variant.watch:
            raise SpecError(
                f"Variant {name!r}: `watch` needs validation rows. Received: validation=None. "
                "Use `validation=0.2`, or a variant without it."
            )
        try:
            Watching(variant.watched, dataset.class_names)
        except SpecError as error:
            raise SpecError(f"Variant {name!r}: {error}") from error
        check_network(name, variant.network, dataset.image_shape)
        check_transforms(name, variant.transforms, dataset.image_shape)
        check_class_names(name, variant.class_weight, dataset.class_names)
        check_weights(name, variant.mixings, weighted=dataset.weights_train is not None)


def _check_batches(plan: Plan, dataset: Dataset) -> None:
    """Refuse batches that no trial could fill."""
    rows = trained_rows(plan, dataset)
    for name, variant in plan.job.variants.items():
        if variant.batch_size > rows:
            raise SpecError(
                f"Variant {name!r}: `batch_size` must be at most {rows}, the rows it trains on. "
                f"Received: batch_size={variant.batch_size}."
            )


def trained_rows(plan: Plan, dataset: Dataset) -> int:
    """Return how many rows the trials of the first repeat train on (in the smallest training fold).

    Args:
        plan: the trials.
        dataset: as they use it.
    """
    protocol, rows = plan.protocol, dataset.training_rows
    available = len(rows) - (rows.own_validation_rows or 0)
    if protocol.groups:
        first = [trial for trial in plan.trials if trial.repeat == 0 and trial.variant == plan.trials[0].variant]
        return min(len(split_rows(rows, trial)[0]) for trial in first)
    if protocol.folds is not None:
        return available - -(-available // protocol.folds)
    held_out = protocol.validation if isinstance(protocol.validation, float) else 0.0
    return available - round(available * held_out)
