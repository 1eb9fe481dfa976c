"""What the package does with a data set, whatever its kind: `Source`, which every kind implements.

A new kind is a frozen dataclass in `cnnjobs.spec.data`, which says what a job file says, a `Source` of it in a module
here, and a line in `cnnjobs.datasets.kinds`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.origin import Origin
from cnnjobs.datasets.storage.places import is_there, located
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.files.uris import is_uri
from cnnjobs.spec.data import DatasetSpec, PathSpec

OnProgress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total)."""

Shape = tuple[int, int, int]
"""(height, width, channels) of an image."""

Spec = TypeVar("Spec", bound=DatasetSpec)
AtPath = TypeVar("AtPath", bound=PathSpec)


class Source(ABC, Generic[Spec]):
    """A data set that a job file names, of one kind.

    Args:
        spec: what the job file says.
    """

    spec_type: ClassVar[type[DatasetSpec]]
    """What job files say of this kind."""

    noun: ClassVar[str]
    """What a job file may give, for messages: "an .npz file"."""

    has_all_parts: ClassVar[bool] = False
    """Whether every data set of this kind has what training needs, so that it is always loaded as for training."""

    may_hold_out: ClassVar[bool] = True
    """Whether its test images may be held out, so that another content holds out others."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @classmethod
    def meant_by(cls, value: str, path: Path) -> DatasetSpec | None:
        """Return what a bare name or path means; None if it is not of this kind.

        Args:
            value: as it was given.
            path: the same as an absolute path.
        """
        return None

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> DatasetSpec:
        """Return what `identity.canonical` has made JSON of.

        Args:
            options: its fields.

        Raises:
            TypeError: if the kind has other fields.
            SpecError: for values that make no sense.
        """
        return cls.spec_type(**options)

    @abstractmethod
    def load(self, on_progress: OnProgress) -> Dataset:
        """Return the images and labels.

        Raises:
            DatasetError: it is missing, empty or contradicts itself.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what messages call it: its name or its path."""

    @abstractmethod
    def why_not_at_hand(self) -> str:
        """Say why loading would take long or fail; empty if it would take seconds, without a network."""

    @abstractmethod
    def lock(self) -> tuple[str, str]:
        """Return whether it is on this machine, in words that follow "is", and what to do if that is wrong."""

    def fingerprint(self, on_progress: OnProgress) -> str:
        """Return the hash of the content; a kind that knows it without the pixels says so without them."""
        return self.load(on_progress).fingerprint

    def to_be_downloaded(self) -> tuple[Shape, int] | None:
        """Return (image shape, classes) of what loading would download, else None."""
        return None

    def origin(self, data: Dataset) -> Origin:
        """Return where its pictures come from.

        Args:
            data: what was loaded.
        """
        return Origin()

    def has_test_set(self) -> bool:
        """Say whether test pictures lie apart from those to train on, so that none are held out.

        Raises:
            DatasetError: it is missing, or cannot be read.
        """
        return True

    def labelled(self, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
        """Return the test pictures, where there are such, or all pictures with a label; no other part is needed.

        Args:
            part: "test" for the test set where there is one, "all" for everything.
            size: (height, width) that encoded pictures become.
            on_progress: called with (what is going on, done, total).

        Raises:
            DatasetError: it is missing, nothing in it has a label, or it cannot be read.
        """
        return Labelled.of(self.load(on_progress), part)

    def relocated(self, base: Path) -> Spec:
        """Return what the job file says, with relative paths taken from the folder `base`."""
        return self.spec

    def decoded_as(self, image_size: int | None, strict: bool) -> Spec:
        """Return what the job file says, with the options of the command line for how pictures are read.

        Args:
            image_size: side of the pictures, pixels; None leaves it.
            strict: a broken picture is an error.

        Raises:
            SpecError: for a kind that has no pictures to read.
        """
        if image_size is not None or strict:
            raise SpecError("`image_size` and `strict` are for encoded pictures; this data set has none.")
        return self.spec

    def read_as(self, job: object) -> Spec:
        """Return this data set in the place of the job's, read as the job says where both are of one kind.

        Args:
            job: the job's own `dataset`.
        """
        return self.spec

    def as_loaded(self, data: Dataset) -> Spec:
        """Return what the job file says, with what was told from the content, so that other files are read alike.

        Args:
            data: what was loaded.
        """
        return self.spec

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Return this data set as a network wants it, with the same part held out as in training.

        Args:
            trained_on: what the network was trained on.
            size: (height, width) of the network's images.
        """
        return self.spec


class PathSource(Source[AtPath]):
    """A data set that lies at a path."""

    def describe(self) -> str:
        """Return the path."""
        return self.spec.path

    def is_there(self) -> bool:
        """Say whether there is something at the path or URI.

        Raises:
            DatasetError: if a storage does not tell.
        """
        return is_there(self.spec.path)

    def lock(self) -> tuple[str, str]:
        """Say whether there is something at the path or URI."""
        place = self.spec.path
        try:
            if self.is_there():
                return "there", ""
        except DatasetError as error:
            return "not to be had", str(error)
        if is_uri(place):
            return "not there", "Put it there, or correct its name."
        return "not there", f"Put it there, on the machine that submits: {Path(place).absolute()}."

    def relocated(self, base: Path) -> AtPath:
        """Return it with its path taken from `base`."""
        return replace(self.spec, path=located(self.spec.path, base))
