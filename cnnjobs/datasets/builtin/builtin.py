"""Data sets that have a name: the embedded digits, and those of `keras.datasets`."""

from pathlib import Path

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.builtin.digits import load_digits
from cnnjobs.datasets.builtin.keras_sets import KERAS_SETS, is_here, load_keras_set
from cnnjobs.datasets.source import OnProgress, Shape, Source
from cnnjobs.spec.data import BUILTIN_DATASETS, BuiltinDataset


class BuiltinSource(Source[BuiltinDataset]):
    """A data set with a name; those of Keras are downloaded when they are first loaded."""

    spec_type = BuiltinDataset
    noun = "a name"
    has_all_parts = True
    may_hold_out = False

    @classmethod
    def meant_by(cls, value: str, path: Path) -> BuiltinDataset | None:
        """Take the known names, also where a file or folder is called so."""
        return BuiltinDataset(value) if value in BUILTIN_DATASETS else None

    def load(self, on_progress: OnProgress) -> Dataset:
        """Return the data set, downloaded if it has to be."""
        return load_digits() if self.spec.name == "digits" else load_keras_set(self.spec.name, on_progress)

    def describe(self) -> str:
        """Return the name."""
        return self.spec.name

    def why_not_at_hand(self) -> str:
        """Say that it would be downloaded."""
        return f"{self.spec.name} has not been downloaded on this machine" if self.to_be_downloaded() else ""

    def lock(self) -> tuple[str, str]:
        """Say whether it is here; a download is nothing to mend."""
        return ("downloaded by the first submit" if self.to_be_downloaded() else "there"), ""

    def to_be_downloaded(self) -> tuple[Shape, int] | None:
        """Return (image shape, classes) of a data set of Keras's that is not in its cache."""
        if self.spec.name not in KERAS_SETS or is_here(self.spec.name):
            return None
        keras_set = KERAS_SETS[self.spec.name]
        return keras_set.shape, len(keras_set.class_names)
