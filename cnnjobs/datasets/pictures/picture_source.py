"""Data sets of encoded pictures: what kinds have in common that differ in how pictures are listed."""

import contextlib
import hashlib
import unicodedata
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset, hold_out_test, make_dataset
from cnnjobs.datasets.group_splits import Rows
from cnnjobs.datasets.groups import Groups
from cnnjobs.datasets.images import Digests
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.origin import MOST_SIZES, Origin, row_name
from cnnjobs.datasets.pictures.canvas import Canvas, for_a_while
from cnnjobs.datasets.pictures.content_ahead import ContentAhead
from cnnjobs.datasets.pictures.decoded_pictures import DecodedPictures, is_decoded
from cnnjobs.datasets.pictures.decoding import Decoded, broken_text, common_size, decode_all, sizes_of, with_range
from cnnjobs.datasets.pictures.deep_pictures import facts_notes, told_range
from cnnjobs.datasets.pictures.listing import Listing
from cnnjobs.datasets.pictures.picture_kinds import passed_over_text
from cnnjobs.datasets.pictures.pictures import Reading
from cnnjobs.datasets.pictures.stretched import stretched_notes
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.datasets.storage.cache import recalled, remembered
from cnnjobs.errors import DatasetError
from cnnjobs.spec.data import DatasetSpec, PicturesSpec
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import sentences
from cnnjobs.wording.terminal import visible

DECODER_VERSION = 7
"""Raised when the same pictures would become other arrays, or are kept otherwise, or with notes in other words."""

Pictured = TypeVar("Pictured", bound=PicturesSpec)


class PictureSource(PathSource[Pictured]):
    """Encoded pictures, decoded when they are first loaded and then kept in the cache."""

    place: ClassVar[str] = "file"
    """What lies at the path, for messages."""

    @abstractmethod
    def listing(self, *, to_train: bool = True) -> Listing:
        """Return which pictures there are.

        Args:
            to_train: whether there must be what training needs; otherwise a test set alone is enough.

        Raises:
            DatasetError: it is missing, empty or contradicts itself.
        """

    def bring_near(self, on_progress: OnProgress) -> None:
        """Download what listing the pictures reads; the pictures themselves are downloaded before they are decoded.

        Args:
            on_progress: called with (what is going on, done, total).
        """

    def load(self, on_progress: OnProgress) -> Dataset:
        """Return the pictures, from the cache if they are in it.

        The cache is keyed by the content of every picture. The content is read again only if what the disk says of
        it differs from the last time.
        """
        self.bring_near(on_progress)
        listing = self.listing().with_test_set()
        if self.spec.strict:
            listing.refuse_unreadable()
        contents = listing.contents
        content = remembered(contents.manifest(), lambda: contents.content_hash(on_progress))

        def size() -> tuple[int, int]:
            return self.spec.sides or common_size(contents)

        def make(canvas: Canvas) -> tuple[Dataset, Digests]:
            return _decoded(self.spec, listing, canvas, on_progress)

        key = self._key(listing, content)
        dataset = DecodedPictures(self.spec, listing.name, contents, key, size, make, on_progress).dataset()
        return replace(dataset, notes=(*listing.notes, *listing.training_notes, *dataset.notes))

    def why_not_at_hand(self) -> str:
        """Say that there is nothing at the path, or that its pictures would be decoded."""
        if not self.is_there():
            return f"there is no {self.place} {self.spec.path} here"
        listing = self.listing().with_test_set()
        content = recalled(listing.contents.manifest())
        known = content is not None and is_decoded(self._key(listing, content))
        return "" if known else "the decoded pictures are not in the cache of this machine"

    def decoded_as(self, image_size: int | None, strict: bool) -> Pictured:
        """Return it with pictures of another size, or with broken ones refused."""
        return replace(self.spec, size=image_size or self.spec.size, strict=strict or self.spec.strict)

    def read_as(self, job: object) -> Pictured:
        """Return it with its pictures read as the job says of its own; of the same kind, with all other options."""
        if isinstance(job, type(self.spec)):
            return replace(job, path=self.spec.path)
        return replace(self.spec, **_shared(job)) if isinstance(job, PicturesSpec) else self.spec

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Return it in the network's size; where training was on such pictures, read as those were."""
        if isinstance(trained_on, type(self.spec)) and self.spec.path == trained_on.path:
            return trained_on
        return replace(self.read_as(trained_on), size=size)

    def as_loaded(self, data: Dataset) -> Pictured:
        """Name the values of black and white of pictures with more than 8 bits, if there were such."""
        return self.spec if data.value_range is None else replace(self.spec, value_range=data.value_range)

    def origin(self, data: Dataset) -> Origin:
        """Return what the pictures are called below the root, sizes of some of them, and what was passed over."""
        listing = self.listing()
        contents, rows = listing.contents, {"train": data.rows_train, "test": data.rows_test}

        def name(part: str, row: int) -> str:
            numbers = rows[part]
            return row_name(part, row) if numbers is None else visible(contents.name(int(numbers[row])), lines=False)

        some = np.linspace(0, len(contents) - 1, min(MOST_SIZES, len(contents))).astype(np.int64)
        return Origin(name, sizes_of(contents, some.tolist()), len(contents), self._passed_over(listing, data))

    def _passed_over(self, listing: Listing, data: Dataset) -> dict[str, int]:
        """Return reason -> number of files that are not in the data set."""
        unreadable = len(listing) - len(data.y_train) - len(data.y_test)
        endings = ((visible(ending, lines=False), count) for ending, count in listing.passed_over.items())
        known = {f"*{ending}" if ending.startswith(".") else ending or "no ending": count for ending, count in endings}
        return known | ({"cannot be read": unreadable} if unreadable > 0 and self.spec.dedupe is None else {})

    def has_test_set(self) -> bool:
        """Say whether test pictures lie apart from those to train on."""
        return self.listing(to_train=False).with_test_set().has_test_set

    def labelled(self, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
        """Return the test pictures, where there are such, or all pictures with a label."""
        self.bring_near(on_progress)
        listing = self.listing(to_train=False).with_test_set()
        if self.spec.strict:
            listing.refuse_unreadable()
        only_test = part == "test" and listing.has_test_set
        taken = np.flatnonzero(listing.parts == "test") if only_test else np.arange(len(listing))
        listing.contents.prepare(on_progress)
        canvas = for_a_while(listing.contents, taken, size, _channels(self.spec))
        found = decode_all(listing.contents, taken.tolist(), Reading.of(self.spec, size), canvas, on_progress)
        found = _settled(found, found.good, self.spec, listing, taken.tolist())
        named = {listing.contents.name(int(taken[place])): reason for place, reason in found.broken.items()}
        good = found.good
        if named and (self.spec.strict or not len(good)):
            raise DatasetError(f"{broken_text(listing.name, named, 'cannot be read')}. Repair or remove them.")
        notes = [*listing.notes]
        if named:
            left = "is" if len(named) == 1 else "are"
            notes.append(broken_text(listing.name, named, f"cannot be read and {left} left out"))
        notes += found.notes
        if only_test and bool((listing.parts == "test").all()):
            notes.append(f"{listing.name}: there is no training set, which is not needed here")
        images = found.coloured(self.spec.color).images(good)
        labels = listing.labels[taken][good]
        part = "test" if only_test else "all"
        return Labelled(listing.name, part, images, labels, listing.class_names, tuple(notes))

    def _key(self, listing: Listing, content: str) -> str:
        """Return the key of the cache: the content, what it is taken for, and what decoding makes of it."""
        options = {name: value for name, value in _shared(self.spec).items() if name != "decode"}
        how = repr((DECODER_VERSION, listing.taken_for(), options))
        return hashlib.sha256(f"{how}{content}".encode()).hexdigest()[:32]


def _shared(spec: PicturesSpec) -> dict[str, Any]:
    """Return the options that all kinds of pictures have, but for the path."""
    return {item.name: getattr(spec, item.name) for item in fields(PicturesSpec) if item.name != "path"}


def _channels(spec: PicturesSpec) -> int:
    """Return the channels that pictures are decoded to, before it is known whether all are grey."""
    return 1 if spec.color == "grey" else 3


def _decoded(spec: PicturesSpec, listing: Listing, canvas: Canvas, on_progress: OnProgress) -> tuple[Dataset, Digests]:
    """Decode all pictures and split them; return the digests of all as well."""
    contents, groups, everything = listing.contents, _groups(listing), range(len(listing))
    ahead = _content_ahead(spec, listing, canvas, groups)
    reading = Reading.of(spec, canvas.size)
    found = decode_all(contents, everything, reading, canvas, on_progress, ahead)
    named = {contents.name(index): reason for index, reason in found.broken.items()}
    if len(found.good):
        with _reasons(listing, named):
            training, _ = _split(spec, listing, found.good, groups)
        found = _settled(found, training, spec, listing, everything)
    named = {contents.name(index): reason for index, reason in found.broken.items()}
    if named and spec.strict:
        raise DatasetError(broken_text(listing.name, named, "cannot be read") + ". Repair or remove them.")
    if not len(found.good):
        raise DatasetError(broken_text(listing.name, named, "cannot be read; there is no other"))
    found = found.coloured(spec.color)
    rows = _split(spec, listing, found.good, groups)
    train, test = ((found.images(part), listing.labels[part]) for part in rows)
    is_validation = listing.parts[rows[0]] == "valid"
    skipped = "cannot be read and " + ("was" if len(named) == 1 else "were") + " skipped"
    stretched = stretched_notes(found.reading, [found.facts[place] for place in found.good], listing.name, spec)
    notes = (*((broken_text(listing.name, named, skipped),) if named else ()), *found.notes, *stretched)
    with _reasons(listing, named):
        data = make_dataset(
            listing.name,
            train,
            test,
            listing.class_names,
            notes=notes,
            rows=rows,
            dedupe=spec.dedupe,
            groups=None if groups is None else Groups(groups[rows[0]].tolist(), groups[rows[1]].tolist()),
            is_validation=is_validation if is_validation.any() else None,
            weights=None if listing.weights is None else listing.weights[rows[0]],
            held_out=None if listing.has_test_set else spec.test,
            digests=(found.digests[rows[0]], found.digests[rows[1]]),
            hashed=ahead.hashed(rows, canvas.channels) if ahead and found.reading == reading else None,
        )
    deep = any(found.facts[row].span is not None for row in rows[0])
    return replace(data, value_range=found.reading.value_range if deep else None), found.digests


@contextlib.contextmanager
def _reasons(listing: Listing, broken: Mapping[str, str]) -> Iterator[None]:
    """Say in the error for too few pictures which were left out."""
    try:
        yield
    except DatasetError as error:
        said = [broken_text(listing.name, broken, "cannot be read")] if broken else []
        if listing.unreadable:
            said.append(f"Passed over: {passed_over_text(listing.unreadable)}.")
        raise DatasetError(sentences(error, *said)) from error


def _content_ahead(
    spec: PicturesSpec, listing: Listing, canvas: Canvas, groups: NDArray[np.str_] | None
) -> ContentAhead | None:
    """Return what hashes the pictures while they are decoded; None where not even all could be split."""
    try:
        rows = _split(spec, listing, np.arange(len(listing)), groups)
    except DatasetError:  # raised again when it is known which pictures are broken
        return None
    both = spec.color == "auto"
    return ContentAhead(*rows, listing.labels, canvas.size, (1, 3) if both else (canvas.channels,))


def _settled(found: Decoded, training: Rows, spec: PicturesSpec, listing: Listing, indices: Sequence[int]) -> Decoded:
    """Return pictures with the range of those with more than 8 bits told from those to train on, and notes on all."""
    facts = [found.facts[place] for place in found.good]
    trained = [found.facts[row] for row in training]
    value_range, notes = told_range(found.reading, trained, facts, listing.name, spec)
    if value_range is not None:
        found = with_range(found, listing.contents, indices, value_range)
    said = (f"{listing.name}: {text}" for text in facts_notes(found.reading, facts))
    return replace(found, notes=(*notes, *said))


def _groups(listing: Listing) -> NDArray[np.str_] | None:
    """Return the group of each picture; how letters are composed, and spaces at the ends, tell none apart.

    Raises:
        DatasetError: for a picture without one.
    """
    if listing.groups is None:
        return None
    without = [listing.contents.name(index) for index, group in enumerate(listing.groups) if not group.strip()]
    if without:
        raise DatasetError(
            f"{listing.name}: every picture must have a group, which is never on both sides of a split. Received: "
            f"{len(without):,} of {len(listing):,} without: {listed(without)}. Name one for each, of its own where a "
            "picture belongs to no other."
        )
    return np.array([unicodedata.normalize("NFC", group.strip()) for group in listing.groups], dtype=np.str_)


def _split(spec: PicturesSpec, listing: Listing, good: Rows, groups: NDArray[np.str_] | None) -> tuple[Rows, Rows]:
    """Return the numbers of the training and of the test pictures, of those that can be read."""
    if listing.has_test_set:
        is_test = listing.parts[good] == "test"
        return good[~is_test], good[is_test]
    kept = None if groups is None else groups[good].tolist()
    train, test = hold_out_test(listing.labels[good], spec.test, listing.name, listing.class_names, kept)
    return good[train], good[test]
