"""A job: a data set, its variants, and the number of their repeats."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named, unknown_argument
from cnnjobs.spec.checks import flag, gpu_count, number, one_of, whole
from cnnjobs.spec.data import DatasetSpec
from cnnjobs.spec.decide import Decide
from cnnjobs.spec.log import tracker_names
from cnnjobs.spec.variant import Variant

HELD_OUT = 0.2
"""Fraction of the training rows that is held out for validation by default."""

SOURCES = ("split", "init", "order", "augment", "dropout")
"""The sources of chance by name; each has a seed of its own."""


NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
"""Pattern of a job's name: it names a folder, and must not lead out of it."""

TAKEN = ("report", "overlay")
"""Names of folders that lie beside those of jobs."""


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Job:
    """A data set, its variants, and the number of their repeats.

    Args:
        name: name of the job and of its folder below `results/`: 1 to 100 letters, digits, dots, dashes and
            underscores.
        dataset: "digits", "mnist", "fashion_mnist", "cifar10" or "cifar100"; the path of an .npz file, a table, a
            folder of pictures, Parquet files or TFRecords; `Npz(...)`, `ImageFolder(...)`, `PictureTable(...)`,
            `ParquetPictures(...)`, `TFRecordPictures(...)` or `FromFunction(...)`; or a function that returns
            `(x_train, y_train), (x_test, y_test)`, as those of `keras.datasets` do.
        variants: mapping from names to `Variant`s; the first one is the reference of all comparisons.
        repeats: number of trainings of each variant, each with its own seeds, from 1 to 10,000; or a mapping from
            variants to numbers of repeats.
        folds: k of k-fold cross-validation on the training rows, at least 2; None for a single hold-out.
        validation: "auto" uses the data set's own validation set (`valid/`, `x_valid`) if there is one, and otherwise
            holds out 0.2 of the training rows; "own" requires the data set's own validation set; a fraction in (0, 1)
            of the training rows is held out; "test" validates on the test set, as many tutorials do; None trains on all
            rows without validation. With folds, each fold is the validation set once. Whenever the data set's own
            validation set is not used for validation, its pictures are training rows like the others, and a note says
            so.
        stratify: whether every split keeps the proportions of the classes, with at least one row of each class; False
            only shuffles.
        seed: root from which all seeds are derived, at least 0.
        vary: sources of chance that get new seeds in every repeat: any of "split", "init", "order", "augment",
            "dropout". The others keep the seeds of the first repeat. Or a mapping from variants to sources.
        replicas: number of devices that train one trial in data parallel, 1 to 1,024.
        gpus_per_trial: number of GPUs of each trial on machines with GPUs: 0 trains on CPU cores, a fraction puts
            several trials on one GPU, and a whole number from 2 on also sets `replicas`. None for one GPU per replica.
            Unlike `replicas`, it is not part of a trial's identity.
        keep: "state" keeps the weights and the optimizer state of finished trials, so that the same job with more
            epochs continues from them; None keeps only results.
        decide: repeats each variant only until it is known to be better, worse or equal, instead of `repeats` times;
            None for `repeats`.
        log: experiment trackers to which finished trials are sent: any of "tensorboard", "mlflow" and "wandb"; () for
            none. Each needs its library. Trackers are not part of a trial's identity: if one is added later, stored
            trials are sent to it without being trained again.

    Raises:
        SpecError: for a value out of range, a name that is taken, or options that exclude each other.

    Example:
        >>> from cnnjobs import Augment, Job, Variant, vgg
        >>> baseline = Variant(model=vgg(blocks=2), epochs=12)
        >>> variants = {"baseline": baseline, "shifted": baseline.but(augment=Augment(shift=0.1))}
        >>> job = Job(name="shift", dataset="digits", repeats=3, variants=variants)
        >>> job.reference, job.but(repeats=10).repeats
        ('baseline', 10)
        >>> job.but(folds=1)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `folds` must be a whole number of at least 2. Received: folds=1. Use ...
    """

    name: str
    dataset: str | Path | DatasetSpec | Callable[[], Any]
    variants: Mapping[str, Variant]
    repeats: int | Mapping[str, int] = 5
    folds: int | None = None
    validation: float | str | None = "auto"
    stratify: bool = True
    seed: int = 0
    vary: Collection[str] | Mapping[str, Collection[str]] = field(default=SOURCES)
    replicas: int = 1
    gpus_per_trial: float | None = None
    keep: str | None = None
    decide: Decide | None = None
    log: str | Collection[str] = ()
    _written_replicas: int = field(init=False, repr=False, compare=False, default=1)
    """Number of replicas in the job file, before `gpus_per_trial` changed it."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise SpecError(
                "`name` must be 1 to 100 letters, digits, dots, dashes or underscores, because it names a folder. "
                f"Received: name={self.name!r}."
            )
        if self.name in TAKEN:
            raise SpecError(
                f"`name` must not be one of {', '.join(TAKEN)}, which are folders beside those of jobs. "
                f"Received: name={self.name!r}."
            )
        object.__setattr__(self, "seed", whole("seed", self.seed, least=0))
        object.__setattr__(self, "_written_replicas", whole("replicas", self.replicas, least=1, most=1024))
        object.__setattr__(self, "replicas", self._written_replicas)
        if self.gpus_per_trial is not None:
            gpus = gpu_count("gpus_per_trial", self.gpus_per_trial)
            object.__setattr__(self, "gpus_per_trial", gpus)
            object.__setattr__(self, "replicas", _replicas(self.replicas, gpus))
        if self.folds is not None:
            hint = "Use `validation=0.2` for a single hold-out."
            object.__setattr__(self, "folds", whole("folds", self.folds, least=2, most=1000, hint=hint))
        object.__setattr__(self, "validation", _checked_validation(self.validation, self.folds))
        flag("stratify", self.stratify)
        one_of("keep", self.keep, (None, "state"))
        if not isinstance(self.decide, Decide | None):
            raise SpecError(f"`decide` must be a Decide, such as Decide(margin=0.5). Received: decide={self.decide!r}.")
        object.__setattr__(self, "log", tracker_names(self.log))
        object.__setattr__(self, "variants", _checked_variants(self.variants))
        object.__setattr__(self, "repeats", _for_each("repeats", self.repeats, self.variants, _checked_repeats))
        object.__setattr__(self, "vary", _for_each("vary", self.vary, self.variants, _checked_sources))

    @property
    def reference(self) -> str:
        """Name of the variant that the others are compared with: the first one."""
        return next(iter(self.variants))

    def validation_on(self, *, has_own: bool) -> float | str | None:
        """Return how trials validate on a data set: "own", a fraction, "test" or None; None with folds.

        Args:
            has_own: whether the data set has a validation set of its own.

        Raises:
            SpecError: if the job requires such a validation set and the data set has none.
        """
        if self.folds is not None:
            return None
        if self.validation == "auto":
            return "own" if has_own else HELD_OUT
        if self.validation == "own" and not has_own:
            raise SpecError(
                "`validation='own'` needs a data set with a validation set of its own: valid/ beside train/ and test/, "
                "or x_valid in an .npz file. Received: one without. Use `validation=0.2`."
            )
        return self.validation

    def repeats_of(self, variant: str) -> int:
        """Return how many times a variant is trained."""
        return self.repeats[variant] if isinstance(self.repeats, Mapping) else self.repeats

    def vary_of(self, variant: str) -> tuple[str, ...]:
        """Return the sources of chance that change from repeat to repeat of a variant."""
        return tuple(self.vary[variant] if isinstance(self.vary, Mapping) else self.vary)

    def but(self, **changes: Any) -> Job:
        """Return this job with some fields changed: `job.but(repeats=10)`.

        If `gpus_per_trial` has set the number of replicas, the number changes with it.
        """
        known = [item.name for item in fields(self) if item.init]
        for name in changes:
            if name not in known:
                raise SpecError(unknown_argument("Job.but", name, known))
        return replace(self, **{"replicas": self._written_replicas} | changes)


def _checked_validation(validation: float | str | None, folds: int | None) -> float | str | None:
    if validation is None:
        return None
    if isinstance(validation, str):
        one_of("validation", validation, ("auto", "own", "test"))
        if folds is not None and validation != "auto":
            raise SpecError(
                f"`validation={validation!r}` and `folds={folds}` exclude each other: with folds, each fold is the "
                "validation set once. Remove one of them."
            )
        return validation
    return number("validation", validation, above=0, below=1, hint='Or "test", the tutorials\' protocol.')


def _for_each(name: str, value: Any, variants: Mapping[str, Variant], check: Callable[[Any], Any]) -> Any:
    """Return a value that holds for all variants, or one for each by name, checked."""
    if not isinstance(value, Mapping):
        return check(value)
    if set(value) != set(variants):
        raise SpecError(
            f"`{name}` must have a value for each variant: {', '.join(variants)}. Received: values for "
            f"{', '.join(map(str, value)) or 'none'}."
        )
    return {variant: check(value[variant]) for variant in variants}


def _replicas(replicas: int, gpus: float) -> int:
    """Return the replicas of a job whose trials hold so many GPUs; a GPU that no replica uses is a mistake."""
    if replicas == 1 and gpus >= 2:
        return int(gpus)
    if replicas > 1 and gpus not in (0, replicas):
        raise SpecError(
            f"`gpus_per_trial` must be {replicas}, one for each of {replicas} replicas, or 0 for cores. "
            f"Received: gpus_per_trial={gpus:g}."
        )
    return replicas


def _checked_repeats(repeats: Any) -> int:
    return whole("repeats", repeats, least=1, most=10_000)


def _checked_sources(vary: Any) -> tuple[str, ...]:
    if isinstance(vary, str) or not isinstance(vary, Iterable):
        raise SpecError(f"`vary` must be a tuple of names such as ('init', 'order'). Received: vary={vary!r}.")
    return tuple(one_of("vary", source, SOURCES) for source in vary)


def _checked_variants(variants: Any) -> dict[str, Variant]:
    if not isinstance(variants, Mapping) or not variants:
        raise SpecError(f"`variants` must name at least one Variant. Received: variants={variants!r}.")
    for name, variant in variants.items():
        sound = isinstance(name, str) and 0 < len(name) <= 100 and name.isprintable() and name == name.strip()
        if not sound:
            raise SpecError(
                "`variants` must have printable names of 1 to 100 characters, without spaces at their ends. "
                f"Received: {name!r}."
            )
        if not isinstance(variant, Variant):
            raise SpecError(f"`variants[{name!r}]` must be a Variant. Received: {variant!r}.")
    return dict(variants)
