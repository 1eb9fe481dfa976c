"""`job.json`, typed: what a store keeps of the job whose runs it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cnnjobs.errors import SpecError, StoreError
from cnnjobs.files.digests import document_digest
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.spec.job import SOURCES
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.json_fields import Fields, UnsoundError, listed, without_none
from cnnjobs.store.layout import SCHEMA_VERSION, refuse_newer
from cnnjobs.wording.sentences import cause, sentence, sentences

Json = dict[str, Any]

DIGEST = "digest"
"""Key of the digest of the rest of a `job.json`."""


@dataclass(frozen=True, kw_only=True)
class StoredProtocol:
    """How the training rows are used, the same for every variant.

    Args:
        validation: fraction held out, "own" for the data set's own validation set, or "test"; None with folds, or for
            no validation.
        folds: k of k-fold cross-validation, or None.
        stratify: whether splits keep the classes in proportion; None where an early version did not say.
        limit_train: so many training rows are used, or None for all.
        replicas: devices a trial; None where an early version did not say.
        small_classes: whether classes that a hold-out in proportion could leave out are given a row.
        groups: whether whole groups of rows are held out.
        own_rows: rows of the data set's own validation set; None where that does not serve.
    """

    validation: float | str | None
    folds: int | None
    stratify: bool | None = None
    limit_train: int | None = None
    replicas: int | None = None
    small_classes: bool | None = None
    groups: bool | None = None
    own_rows: int | None = None

    @classmethod
    def from_json(cls, fields: Fields) -> StoredProtocol:
        """Return it from its object in `job.json`."""
        validation = fields.any("validation")
        if isinstance(validation, bool) or not isinstance(validation, float | int | str | None):
            raise fields.unsound("validation", 'a fraction, "own", "test" or null')
        fields.any("folds")  # null says that there are none
        return cls(
            validation=validation,
            folds=fields.optional("folds", int),
            stratify=fields.optional("stratify", bool),
            limit_train=fields.optional("limit_train", int),
            replicas=fields.optional("replicas", int),
            small_classes=fields.optional("small_classes", bool),
            groups=fields.optional("groups", bool),
            own_rows=fields.optional("own_rows", int),
        )

    def to_json(self) -> Json:
        """Return its object in `job.json`."""
        return without_none(asdict(self), "stratify", "replicas", "small_classes", "groups", "own_rows")


@dataclass(frozen=True, kw_only=True)
class StoredVariant:
    """One variant.

    Args:
        condition_id: identity of all that its repeats and folds share; the column of that name finds its trials.
        settings: the resolved variant as plain JSON.
        repeats: of its own; None where all variants have those of the job.
        vary: sources of chance of its own; None where all variants have those of the job.
    """

    condition_id: str
    settings: Mapping[str, Any]
    repeats: int | None = None
    vary: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, fields: Fields) -> StoredVariant:
        """Return it from its object in `job.json`."""
        return cls(
            condition_id=fields.get("condition_id", str),
            settings=fields.get("settings", dict),
            repeats=fields.optional("repeats", int),
            vary=_known(fields.texts("vary"), f"{fields.path}vary") if "vary" in fields.values else None,
        )

    def to_json(self) -> Json:
        """Return its object in `job.json`."""
        fields = {"condition_id": self.condition_id, "settings": dict(self.settings), "repeats": self.repeats}
        return without_none(fields | {"vary": listed(self.vary)}, "repeats", "vary")


@dataclass(frozen=True, kw_only=True)
class StoredDataset:
    """The data set, as it was when the job was last submitted; early versions kept less of it.

    Args:
        name: for people.
        source: what it was loaded from, as JSON; None if that is not kept.
        fingerprint: of its content; None if that is not kept.
        train_rows: of the training set, with `limit_train` applied, but for its own validation set where that serves.
        validation_rows: of its own validation set; None where it has none, or that does not serve.
        test_rows: of the test set.
        image_shape: (height, width, channels); None if that is not kept.
        classes: how many.
        class_names: in the order of the labels; None if they are not kept.
        notes: what a person should know of it; None if that is not kept.
        groups: how many groups the images to train on are in; None where none are known.
        test_groups: (test_rows,) number of the group of each test image; None where they are not known.
        largest_class: share of the test rows that are of the class with most of them; None if that is not kept.
    """

    name: str
    source: Any = None
    fingerprint: str | None = None
    train_rows: int
    validation_rows: int | None = None
    test_rows: int
    image_shape: tuple[int, ...] | None = None
    classes: int
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] | None = None
    groups: int | None = None
    test_groups: tuple[int, ...] | None = None
    largest_class: float | None = None

    @property
    def names_of_classes(self) -> tuple[str, ...]:
        """A name for each class, in the order of the labels; numbers where `class_names` does not name each."""
        names = self.class_names or ()
        return names if len(names) == self.classes else tuple(map(str, range(self.classes)))

    @classmethod
    def from_json(cls, fields: Fields) -> StoredDataset:
        """Return it from its object in `job.json`."""
        shape, tested = fields.optional("image_shape", list), fields.optional("test_groups", str)
        return cls(
            name=fields.words("name"),
            source=fields.values.get("source"),
            fingerprint=fields.optional("fingerprint", str),
            train_rows=fields.get("train_rows", int),
            validation_rows=fields.optional("validation_rows", int),
            test_rows=fields.get("test_rows", int),
            image_shape=None if shape is None else tuple(shape),
            classes=fields.get("classes", int),
            class_names=fields.texts("class_names") if "class_names" in fields.values else None,
            notes=fields.texts("notes") if "notes" in fields.values else None,
            groups=fields.optional("groups", int),
            test_groups=None if tested is None else _numbers(tested, fields),
            largest_class=fields.optional("largest_class", float),
        )

    def to_json(self) -> Json:
        """Return its object in `job.json`."""
        lists = {name: listed(getattr(self, name)) for name in ("image_shape", "class_names", "notes")}
        fields = {name: lists.get(name, value) for name, value in vars(self).items()}
        if self.test_groups is not None:
            fields["test_groups"] = " ".join(map(str, self.test_groups))  # a line, not one per picture
        later = ("validation_rows", "groups", "test_groups", "largest_class")
        return without_none(fields, "source", "fingerprint", *lists, *later)


@dataclass(frozen=True, kw_only=True)
class AuditMark:
    """Says that a job is the audit of a variant of another.

    Args:
        job: name of the other.
        variant: of it.
        left_out: source of chance -> why it is not audited.
    """

    job: str
    variant: str
    left_out: Mapping[str, str]

    @classmethod
    def from_json(cls, fields: Fields) -> AuditMark:
        """Return it from its object in `job.json`."""
        reasons = fields.part("left_out")
        left_out = {source: reasons.get(source, str) for source in _known(reasons.values, f"{fields.path}left_out")}
        return cls(job=fields.get("job", str), variant=fields.words("variant"), left_out=left_out)

    def to_json(self) -> Json:
        """Return its object in `job.json`."""
        return {"job": self.job, "variant": self.variant, "left_out": dict(self.left_out)}


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """The resolved job: all that readers of a store need of it without its job file.

    Args:
        name: of the job.
        repeats: of the variant that has most.
        seed: that those of all trials are derived from; None where an early version did not say.
        vary: the sources of chance that differ between the repeats of at least one variant.
        reference: the variant that others are compared with.
        protocol: how the training rows are used.
        variants: name -> variant, in the order of the job.
        protocol_text: the protocol in words.
        dataset: the data set.
        file: name of the job file; None if that is not kept.
        text: of the job file; None if that is not kept.
        audit: of what the job is an audit; None if it is none.
        half_width: the rule for its repeats; None if no half width was asked for.
        decide: the rule by which its repeats end; None if no verdict by the fewest was asked for.
        removed: conditions with results that the job had dropped when they were removed: comparisons still count them.
    """

    name: str
    repeats: int
    seed: int | None = None
    vary: tuple[str, ...]
    reference: str
    protocol: StoredProtocol
    variants: Mapping[str, StoredVariant]
    protocol_text: str
    dataset: StoredDataset
    file: str | None = None
    text: str | None = None
    audit: AuditMark | None = None
    half_width: HalfWidth | None = None
    decide: DecisionRule | None = None
    removed: tuple[str, ...] = ()

    def repeats_of(self, variant: str) -> int:
        """Return how often a variant is to be trained."""
        own = self.variants[variant].repeats
        return self.repeats if own is None else own

    def vary_of(self, variant: str) -> tuple[str, ...]:
        """Return the sources of chance that differ between the repeats of a variant."""
        own = self.variants[variant].vary
        return self.vary if own is None else own

    @property
    def conditions(self) -> dict[str, str]:
        """Variant -> its condition id."""
        return {name: variant.condition_id for name, variant in self.variants.items()}

    @classmethod
    def from_json(cls, document: Any, place: str = "job.json") -> StoredJob:
        """Return the job of a `job.json`.

        Args:
            document: its content.
            place: where it lies, for messages.

        Raises:
            StoreError: if it was written by a newer version, or something that readers rely on is missing or of
                another type.
        """
        try:
            if not isinstance(document, dict):
                raise UnsoundError(f"it must be an object. Received: a {type(document).__name__}.")
            fields = Fields(document)
            refuse_newer(fields.get("schema", int), place)
            return _job(fields)
        except UnsoundError as error:
            raise _no_job(place, str(error)) from error

    def to_json(self) -> Json:
        """Return the content of `job.json`."""
        fields = {"schema": SCHEMA_VERSION} | vars(self)
        parts = {name: value.to_json() for name, value in fields.items() if hasattr(value, "to_json")}
        variants = {name: variant.to_json() for name, variant in self.variants.items()}
        rule = None if self.half_width is None else asdict(self.half_width)
        removed = list(self.removed) or None
        fields |= parts | {"vary": list(self.vary), "variants": variants, "half_width": rule, "removed": removed}
        return without_none(fields, "seed", "file", "text", "audit", "half_width", "decide", "removed")

    @classmethod
    def decode(cls, content: bytes, place: str = "job.json") -> StoredJob:
        """Return the job of the bytes of a `job.json`; see `from_json`.

        Raises:
            StoreError: as `from_json`, and if the content does not match its digest.
        """
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _no_whole_job(place, f"{type(error).__name__}: {cause(error)}") from error
        if not isinstance(document, dict) or DIGEST not in document:
            cls.from_json(document, place)  # of a newer version, or lacks more than that
            raise _no_whole_job(place, f"`{DIGEST}` is missing.")
        if document.pop(DIGEST) != document_digest(document):
            raise _no_whole_job(place, f"its content does not match its `{DIGEST}`.")
        return cls.from_json(document, place)

    def encode(self) -> bytes:
        """Return the bytes of `job.json`, with the digest of all the rest last."""
        document = self.to_json()
        text = json.dumps(document | {DIGEST: document_digest(document)}, indent=2, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace")  # a path need not be UTF-8


def _job(fields: Fields) -> StoredJob:
    variants = {name: StoredVariant.from_json(one) for name, one in fields.part("variants").parts()}
    if fields.words("reference") not in variants:
        raise fields.unsound("reference", f"a variant: {', '.join(variants) or 'there is none'}")
    return StoredJob(
        name=fields.words("name"),
        repeats=fields.get("repeats", int),
        seed=fields.optional("seed", int),
        vary=_known(fields.texts("vary"), "vary"),
        reference=fields.words("reference"),
        protocol=StoredProtocol.from_json(fields.part("protocol")),
        variants=variants,
        protocol_text=fields.words("protocol_text"),
        dataset=StoredDataset.from_json(fields.part("dataset")),
        file=fields.optional("file", str),
        text=fields.optional("text", str),
        audit=AuditMark.from_json(fields.part("audit")) if "audit" in fields.values else None,
        half_width=_rule(fields.part("half_width").values) if "half_width" in fields.values else None,
        decide=DecisionRule.from_json(fields.part("decide")) if "decide" in fields.values else None,
        removed=fields.texts("removed") if "removed" in fields.values else (),
    )


def _rule(kept: Mapping[str, Any]) -> HalfWidth:
    try:
        return HalfWidth(**kept)
    except (TypeError, SpecError) as error:
        raise UnsoundError(f"`half_width` must be a rule for repeats. Received: {dict(kept)}, {error}") from error


def _known(names: Iterable[str], path: str) -> tuple[str, ...]:
    """Return names of sources of chance."""
    named = tuple(names)
    unknown = [name for name in named if name not in SOURCES]
    if unknown:
        raise UnsoundError(f"`{path}` must name sources of chance: {', '.join(SOURCES)}. Received: {unknown}.")
    return named


def _numbers(text: str, fields: Fields) -> tuple[int, ...]:
    """Return the numbers of the groups of test images."""
    try:
        return tuple(map(int, text.split()))
    except ValueError:
        raise fields.unsound("test_groups", "whole numbers with spaces between") from None


def _no_job(place: str, why: str) -> StoreError:
    said = f"{place} is not a job of cnnjobs: {why}"
    return StoreError(sentences(said, "Move the folder away, or choose another with `results=PATH`."))


def _no_whole_job(place: str, why: str) -> StoreError:
    said = f"{place} is not a job of cnnjobs, or is damaged or edited: {why}"
    return StoreError(
        f"{sentence(said)} Choose another folder with `results=PATH`, or put an intact copy of the file in its place. "
        "`cnnjobs verify --repair` moves a damaged one away, and the next submit writes it anew."
    )
