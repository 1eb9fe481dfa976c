"""Data sets of encoded pictures that lie in files of many each: what the kinds of files have in common."""

import functools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.folders.local_tree import Wanted, copied, is_uri_pattern, local_tree
from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.listing import Listing
from cnnjobs.datasets.pictures.picture_source import PictureSource
from cnnjobs.datasets.records.record_files import RecordFile, files_at, fitting, has_files, is_pattern, root_of
from cnnjobs.datasets.records.record_labels import NO_LABEL, Label, classes_of
from cnnjobs.datasets.records.record_parts import parts_of, roles_of
from cnnjobs.datasets.row_weights import Weights, weights_of_texts
from cnnjobs.datasets.source import OnProgress
from cnnjobs.datasets.storage.places import located
from cnnjobs.errors import DatasetError
from cnnjobs.files.uris import is_uri
from cnnjobs.spec.records import RecordsSpec
from cnnjobs.wording.labels import listed

Recorded = TypeVar("Recorded", bound=RecordsSpec)


ORDER = ("train", None, "valid", "test")
"""Parts as they are read."""


@dataclass(frozen=True)
class Records:
    """What is known of records before a picture is decoded.

    Args:
        labels: of each.
        file: (n,) number of the file that each is in.
        order: of the classes' names, where it is known.
        splits: which part each says it is of, as it is written; None if none says it.
        groups: what each picture shows; None if that is not said.
        weights: how much each counts, as it is written; None if that is not said.
        notes: what a person should know.
    """

    labels: Sequence[Label]
    file: NDArray[np.int64]
    order: tuple[str, ...] = ()
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    weights: Sequence[str] | None = None
    notes: tuple[str, ...] = ()


class RecordSource(PictureSource[Recorded]):
    """Files of many pictures each, which are read record by record."""

    nouns: ClassVar[str]
    """What the files are, for messages: "Parquet files"."""

    beside: ClassVar[str] = ""
    """How names of files end that lie beside them, and say something of them; empty for none."""

    @classmethod
    @abstractmethod
    def fits(cls, name: str) -> bool:
        """Say whether a file is of this kind, by its name."""

    @abstractmethod
    def read(
        self, files: Sequence[str], root: Path, name: str
    ) -> tuple[Records, Callable[[NDArray[np.int64]], Contents]]:
        """Return what is known of the records of files, and what returns the pictures of some of them.

        Args:
            files: in the order in which they are read.
            root: that they are named from.
            name: of the data set, for messages.

        Raises:
            DatasetError: a file that cannot be read, or that has no pictures or labels.
        """

    @classmethod
    def meant_by(cls, value: str, path: Path) -> RecordsSpec | None:
        """Take a file or pattern of such a name, and a folder with such files and without pictures."""
        if is_pattern(str(path)):
            is_meant = cls.fits(path.name) or any(cls.fits(Path(one).name) for one in fitting(str(path)))
        elif path.is_dir():
            is_meant = has_files(path, cls.fits) and not Folder(str(path)).has_pictures
        else:
            is_meant = cls.fits(path.name)
        spec_type: Callable[[str], RecordsSpec] = cls.spec_type  # type: ignore[assignment]
        return spec_type(str(path)) if is_meant else None

    def listing(self, *, to_train: bool = True) -> Listing:
        """Return the pictures that have a label, file by file.

        Raises:
            DatasetError: no such files, without pictures or labels, or of parts that do not fit together.
        """
        if self._uris:
            return self._of_copies(to_train=to_train)
        files = sorted(self._files(), key=lambda file: ORDER.index(file.part))  # training first: it orders the classes
        path, root = Path(self.spec.path), root_of(self.spec.path)
        name = path.name if path.is_file() else root.resolve().name
        paths = [file.path for file in files]
        records, contents = self.read(paths, root, name)
        classes = classes_of(records.labels, records.order, name)
        labelled = np.flatnonzero(classes.labels != NO_LABEL)
        if records.splits is None:
            roles = np.array([file.part or "" for file in files])[records.file[labelled]]
        else:
            roles = roles_of([records.splits[row] for row in labelled.tolist()], name)
        found = parts_of(roles, [paths[one] for one in records.file[labelled].tolist()], name, to_train=to_train)
        used = found.parts != ""
        kept, parts = labelled[used], found.parts[used]
        labels, names = _of_training(classes.labels[kept], parts, classes.names, name, to_train=to_train)
        pictures = contents(kept)
        return Listing(
            name=name,
            class_names=names,
            contents=pictures,
            labels=labels,
            parts=parts,
            groups=None if records.groups is None else [records.groups[row] for row in kept.tolist()],
            weights=self._weights(records, kept, parts, pictures),
            notes=(*records.notes, *classes.notes, *found.notes),
            training_notes=found.training_notes,
        )

    def _weights(
        self, records: Records, kept: NDArray[np.int64], parts: NDArray[np.str_], pictures: Contents
    ) -> Weights | None:
        """Return how much each of the kept records counts; None if they do not say."""
        if records.weights is None:
            return None
        return weights_of_texts(
            [records.weights[row] for row in kept.tolist()],
            [part in ("all", "train") for part in parts.tolist()],
            pictures.name,
            f"{self.spec.path}: {self.spec.weight!r}",
            DatasetError,
        )

    def _files(self) -> list[RecordFile]:
        """Return the files of the data set; where the test set has a path of its own, the others have no such part."""
        files = files_at(self.spec.path, self.fits, self.nouns)
        if self.spec.test_path is None:
            return files
        test = [replace(one, part="test") for one in files_at(self.spec.test_path, self.fits, self.nouns)]
        apart = {one.path for one in test}
        others = [one for one in files if one.path not in apart]
        return [*(replace(one, part="valid" if one.part == "valid" else "train") for one in others), *test]

    @property
    def _uris(self) -> list[str]:
        """The paths that are URIs."""
        return [path for path in (self.spec.path, self.spec.test_path) if path is not None and is_uri(path)]

    @property
    def _wanted(self) -> Wanted:
        """Which files are to be copied from object storage."""
        return Wanted(self.fits, self.beside)

    def _of_copies(self, *, to_train: bool) -> Listing:
        """Return the pictures in copies of the files, under the files' names."""
        trees = {uri: local_tree(uri, self._wanted, lambda *_: None) for uri in self._uris}

        def told(text: str) -> str:
            return functools.reduce(lambda said, tree: tree.told(said), trees.values(), text)

        def near(path: str) -> str:
            return trees[path].place if path in trees else path

        test_path = None if self.spec.test_path is None else near(self.spec.test_path)
        copies = type(self)(replace(self.spec, path=near(self.spec.path), test_path=test_path))
        try:
            listing = copies.listing(to_train=to_train)
        except DatasetError as error:
            raise DatasetError(told(str(error))) from error
        return replace(
            listing,
            notes=tuple(map(told, listing.notes)),
            training_notes=tuple(map(told, listing.training_notes)),
        )

    def bring_near(self, on_progress: OnProgress) -> None:
        """Download the files that are behind URIs."""
        for uri in self._uris:
            local_tree(uri, self._wanted, on_progress)

    def why_not_at_hand(self) -> str:
        """Say that files would be downloaded, or what else stands against it."""
        for uri in self._uris:
            there, near = copied(uri, self._wanted)
            if near < there:
                return f"{there - near:,} of its files are not in the cache of this machine"
        return super().why_not_at_hand()

    def is_there(self) -> bool:
        """Say whether there is something at the path, or that fits it."""
        if is_uri_pattern(self.spec.path):
            return copied(self.spec.path, self._wanted)[0] > 0
        return bool(fitting(self.spec.path)) if is_pattern(self.spec.path) else super().is_there()

    def relocated(self, base: Path) -> Recorded:
        """Return it with its paths taken from `base`."""
        spec = super().relocated(base)
        return spec if spec.test_path is None else replace(spec, test_path=located(spec.test_path, base))

    def read_as(self, job: object) -> Recorded:
        """Return it with its pictures read as the job says of its own; of the same kind, with all other options."""
        return replace(super().read_as(job), test_path=self.spec.test_path)


def _of_training(
    labels: NDArray[np.int32], parts: NDArray[np.str_], names: tuple[str, ...], name: str, *, to_train: bool
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return labels and names without the classes that no picture that is used is of.

    Raises:
        DatasetError: for classes of the test set that training has not.
    """
    used = np.unique(labels)
    trained = np.unique(labels[(parts == "train") | (parts == "all")])
    unknown = [names[label] for label in np.setdiff1d(used, trained)] if to_train else []
    if unknown:
        raise DatasetError(
            f"{name}: its test or validation set has classes that the training set does not have: {listed(unknown)}. "
            "Add pictures of them to the training set, or leave them out."
        )
    return np.searchsorted(used, labels).astype(np.int32), tuple(names[label] for label in used)
