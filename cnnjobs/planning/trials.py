"""From a job to its trials: which there are, their seeds and identities, and which are missing."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from types import FunctionType, MappingProxyType
from typing import ClassVar

import numpy as np

from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import NUMERICS_VERSION, canonical, digest, pinned, sha256_of_source
from cnnjobs.spec import SOURCES, Job, Variant
from cnnjobs.spec.fields import later_field
from cnnjobs.spec.functions import functions_in
from cnnjobs.store.stored_job import StoredDataset, StoredJob, StoredProtocol, StoredVariant
from cnnjobs.wording.labels import run_label


@dataclass(frozen=True)
class Seeds:
    """One seed a source of chance, each in [0, 2**31)."""

    kind: ClassVar[str] = "Seeds"

    split: int
    init: int
    order: int
    augment: int
    dropout: int


@dataclass(frozen=True)
class DataProtocol:
    """How the training rows are used, the same for every variant of a job.

    Args:
        validation: fraction held out, "own" for the data set's own validation set, or "test"; None with folds, or for
            no validation.
        folds: k of k-fold cross-validation, or None.
        stratify: whether splits keep the classes in proportion.
        limit_train: use only that many training rows (stratified), or None for all.
        replicas: devices a trial.
        small_classes: whether a hold-out in proportion could leave a class out; such a class is given a row.
        groups: whether whole groups of rows are held out.
        own_rows: rows of the data set's own validation set; None where that does not serve.
    """

    kind: ClassVar[str] = "Protocol"

    validation: float | str | None
    folds: int | None
    stratify: bool
    limit_train: int | None
    replicas: int
    small_classes: bool = later_field(default=False)
    groups: bool = later_field(default=False)
    own_rows: int | None = later_field(None)

    def describe(self) -> str:
        """Say in words which rows serve as validation set."""
        plainly = "" if self.stratify else ", not stratified"
        plainly += ", whole groups" if self.groups else ""
        if self.folds is not None:
            return f"{self.folds}-fold cross-validation on the training rows{plainly}"
        if self.validation == "own":
            return f"the data set's own validation set, {self.own_rows:,} pictures, the same in every repeat"
        if self.validation == "test":
            return "the test set doubles as validation set (the tutorials' protocol)"
        if self.validation is None:
            return "all training rows, no validation"
        at_least = ", one of each class at least" if self.small_classes else ""
        return f"{float(self.validation):.0%} of the training rows held out for validation{plainly}{at_least}"


@dataclass(frozen=True)
class Trial:
    """One training run: variant x repeat x fold.

    Args:
        trial_id: identity of the run; equal ids would give equal numbers.
        condition_id: identity of all that the repeats and folds of a variant share.
        length_free_id: identity of the run but for the number of its epochs.
        variant: its name in the job.
        spec: the variant itself.
        repeat: counted from 0; the same repeat has the same seeds in every variant.
        fold: counted from 0; always 0 without folds.
        seeds: where its chance comes from.
        protocol: how the training rows are used.
    """

    trial_id: str
    condition_id: str
    length_free_id: str
    variant: str
    spec: Variant
    repeat: int
    fold: int
    seeds: Seeds
    protocol: DataProtocol

    def label(self) -> str:
        """Name the trial for people, counting from 1."""
        return run_label(self.variant, self.repeat, self.fold if self.protocol.folds else None)


@dataclass(frozen=True)
class Plan:
    """All trials of a job on one data set.

    Args:
        job: the job, overrides applied.
        protocol: how the training rows are used.
        conditions: condition id of each variant.
        length_free_conditions: condition id of each variant: as its condition, but for the number of epochs.
        trials: in the order of the job: variant, repeat, fold.
    """

    job: Job
    protocol: DataProtocol
    conditions: Mapping[str, str]
    length_free_conditions: Mapping[str, str]
    trials: tuple[Trial, ...]

    def missing(
        self, done: Collection[str], only: Collection[str] = (), rates: Mapping[str, float] | None = None
    ) -> list[Trial]:
        """Return the trials that are not done, those that take longest first.

        Args:
            done: ids of trials that need not run.
            only: names of the variants to consider; empty for all.
            rates: condition -> seconds per epoch, of those that were measured; others count as the mean of these.
        """
        known = rates or {}
        other = sum(known.values()) / len(known) if known else 1.0
        wanted = [trial for trial in self.trials if trial.trial_id not in done]
        wanted = [trial for trial in wanted if not only or trial.variant in only]
        seconds = {trial.trial_id: trial.spec.epochs * known.get(trial.condition_id, other) for trial in wanted}
        return sorted(wanted, key=lambda trial: -seconds[trial.trial_id])  # stable: repeats of a variant stay together

    def as_stored(self, dataset: StoredDataset) -> StoredJob:
        """Return the resolved job for `job.json`.

        Args:
            dataset: what is kept of the data set.
        """
        job = self.job
        return StoredJob(
            name=job.name,
            repeats=max(job.repeats_of(name) for name in job.variants),
            seed=job.seed,
            vary=_in_order(source for name in job.variants for source in job.vary_of(name)),
            reference=job.reference,
            protocol=StoredProtocol(**asdict(self.protocol)),
            variants={name: self._variant_as_stored(name) for name in job.variants},
            protocol_text=self.protocol.describe(),
            dataset=dataset,
        )

    def _variant_as_stored(self, name: str) -> StoredVariant:
        """Return a variant; with repeats and sources of chance of its own where they are not the same for all."""
        job = self.job
        return StoredVariant(
            condition_id=self.conditions[name],
            settings=canonical(job.variants[name]),
            repeats=job.repeats_of(name) if isinstance(job.repeats, Mapping) else None,
            vary=_in_order(job.vary_of(name)) if isinstance(job.vary, Mapping) else None,
        )

    def with_repeats(self, repeats: Mapping[str, int]) -> Plan:
        """Return the plan with other numbers of repeats; repeats that both have are the same trials.

        Args:
            repeats: of each variant.
        """
        known = {(trial.variant, trial.repeat, trial.fold): trial for trial in self.trials}
        job = self.job.but(repeats=repeats)
        return _plan(job, self.protocol, self.conditions, self.length_free_conditions, known)


def _in_order(sources: Iterable[str]) -> tuple[str, ...]:
    """Return sources of chance, each once, in their order."""
    found = set(sources)
    return tuple(source for source in SOURCES if source in found)


def make_plan(
    job: Job,
    fingerprint: str,
    limit_train: int | None = None,
    *,
    small_classes: bool = False,
    groups: bool = False,
    own_rows: int | None = None,
) -> Plan:
    """Return the trials of `job` on the data set with that content fingerprint.

    Args:
        job: the job.
        fingerprint: of the data set's content.
        limit_train: so many training rows are used; None for all.
        small_classes: whether a hold-out in proportion could leave a class out.
        groups: whether whole groups of rows are held out.
        own_rows: rows of the data set's own validation set; None where it has none, or that does not serve.
    """
    validation = job.validation_on(has_own=own_rows is not None)
    protocol = DataProtocol(
        validation, job.folds, job.stratify, limit_train, job.replicas, small_classes, groups, own_rows
    )
    conditions, variants = {}, {}
    sha256_of = functools.cache(sha256_of_source)  # variants often share a function
    for name, variant in job.variants.items():
        try:
            variants[name] = pinned(variant, sha256_of)
            conditions[name] = condition_id(job, name, variants[name], protocol, fingerprint)
        except SpecError as error:
            raise SpecError(f"Variant {name!r}: {error}") from error
        except RecursionError:
            raise SpecError(f"Variant {name!r}: a hyperparameter must not contain itself.") from None
    _refuse_twins(conditions)
    length_free_conditions = {
        name: condition_id(job, name, variant.shortest, protocol, fingerprint) for name, variant in variants.items()
    }
    return _plan(job.but(variants=variants), protocol, conditions, length_free_conditions)


def _plan(
    job: Job,
    protocol: DataProtocol,
    conditions: Mapping[str, str],
    length_free_conditions: Mapping[str, str],
    known: Mapping[tuple[str, int, int], Trial] = MappingProxyType({}),
) -> Plan:
    """Return the plan of a job; trials that are known already, by variant, repeat and fold, are taken as they are."""
    trials = tuple(
        known.get((name, repeat, fold))
        or _trial(job, name, conditions[name], length_free_conditions[name], repeat, fold, protocol)
        for name in job.variants
        for repeat in range(job.repeats_of(name))
        for fold in range(job.folds or 1)
    )
    return Plan(job, protocol, conditions, length_free_conditions, trials)


def condition_id(job: Job, name: str, variant: Variant, protocol: DataProtocol, fingerprint: str) -> str:
    """Return the identity of all that the repeats and folds of a variant share.

    Names, resources, storage and concurrency stay out; `name` only says whose sources of chance vary.
    """
    return digest(
        {
            "variant": variant,
            "protocol": protocol,
            "dataset": fingerprint,
            "seed": job.seed,
            "vary": [source for source in SOURCES if source in job.vary_of(name)],
            "numerics": NUMERICS_VERSION,
        }
    )


def user_functions(trials: Iterable[Trial]) -> list[FunctionType]:
    """Return the functions of the user's that trials call."""
    specs = {id(trial.spec): trial.spec for trial in trials}.values()
    parts = [part for spec in specs for part in functions_in(spec)]
    return [part.function for part in parts if isinstance(part.function, FunctionType)]


def seeds_of(job_seed: int, repeat: int, vary: Collection[str] = SOURCES) -> Seeds:
    """Return the seeds of a repeat: one independent stream a source of chance.

    A source that does not vary keeps its seed of the first repeat. Derived with
    `numpy.random.SeedSequence` from (job seed, repeat, source).
    """
    values = {}
    for index, source in enumerate(SOURCES):
        entropy = [job_seed, repeat if source in vary else 0, index]
        values[source] = int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)
    return Seeds(**values)


def _trial(
    job: Job, name: str, condition: str, length_free_condition: str, repeat: int, fold: int, protocol: DataProtocol
) -> Trial:
    seeds = seeds_of(job.seed, repeat, job.vary_of(name))
    identity, length_free_id = (
        digest({"condition": one, "seeds": seeds, "repeat": repeat, "fold": fold})
        for one in (condition, length_free_condition)
    )
    return Trial(identity, condition, length_free_id, name, job.variants[name], repeat, fold, seeds, protocol)


def _refuse_twins(conditions: Mapping[str, str]) -> None:
    """Two variants that are equal would be one trial under two names."""
    seen: dict[str, str] = {}
    for name, condition in conditions.items():
        if condition in seen:
            raise SpecError(
                f"`variants` must differ. Received: {seen[condition]!r} and {name!r}, whose settings are all the "
                "same. Remove one of them; to see how far repeats differ, raise `repeats`."
            )
        seen[condition] = name
