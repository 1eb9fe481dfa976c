"""Data sets whose pictures and classes a table names."""

from dataclasses import replace
from pathlib import Path

from cnnjobs.datasets.pictures.listing import Listing
from cnnjobs.datasets.pictures.picture_source import PictureSource
from cnnjobs.datasets.storage.places import above, is_there, located
from cnnjobs.datasets.tables.table_file import is_parquet_of_names
from cnnjobs.datasets.tables.table_listing import list_table
from cnnjobs.spec import PictureTable

SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
"""Of files that are taken for tables by their names; a Parquet file is one if no pictures are in it."""


class TableSource(PictureSource[PictureTable]):
    """A table of pictures, which lie in a folder."""

    spec_type = PictureTable
    noun = "a table of pictures"

    @classmethod
    def meant_by(cls, value: str, path: Path) -> PictureTable | None:
        """Take what is called as tables are, whether there is such a file or not, and Parquet of names alone."""
        if path.is_dir():
            return None
        return PictureTable(str(path)) if path.suffix.lower() in SUFFIXES or is_parquet_of_names(path) else None

    def relocated(self, base: Path) -> PictureTable:
        """Return it with the paths of tables and pictures taken from `base`."""
        folder, test_path = (
            None if place is None else located(place, base) for place in (self.spec.folder, self.spec.test_path)
        )
        return replace(super().relocated(base), folder=folder, test_path=test_path)

    def listing(self, *, to_train: bool = True) -> Listing:
        """Return the pictures of the rows, sorted by part, class and path as those of a folder.

        Raises:
            DatasetError: no such table or folder, no such columns, pictures or labels that are not clear, or a class
                that only the test set has.
        """
        return list_table(self.spec, to_train=to_train)

    def lock(self) -> tuple[str, str]:
        """Say whether the table, the folder of its pictures and the table of the test set are there."""
        there, remedy = super().lock()
        for place, what in ((self.spec.folder, "pictures"), (self.spec.test_path, "test set")):
            if not remedy and place is not None and not is_there(place):
                return f"there without its {what}", f"Put them there: {place}."
        return there, remedy

    def read_as(self, job: object) -> PictureTable:
        """Return it with its columns and pictures read as the job says of its own table.

        Its pictures lie where the job's lie beside their table, or, where there is no such folder, in the job's.
        """
        spec = replace(super().read_as(job), test_path=self.spec.test_path)
        if not isinstance(job, PictureTable) or job.folder is None:
            return spec
        if self.spec.folder is not None:
            return replace(spec, folder=self.spec.folder)
        beside = _moved(job.folder, above(job.path), above(self.spec.path))
        return replace(spec, folder=beside if is_there(beside) else job.folder)


def _moved(folder: str, beside: str, to: str) -> str:
    """Return the folder that lies in `to` as `folder` lies in `beside`; itself if it lies elsewhere."""
    (inner, _, _), (outer, _, _), (address, mark, settings) = (one.partition("?") for one in (folder, beside, to))
    return f"{address}{inner[len(outer) :]}{mark}{settings}" if f"{inner}/".startswith(f"{outer}/") else folder
