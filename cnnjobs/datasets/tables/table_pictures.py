"""The picture files of a table's rows, and what there is to say of how they are found."""

from collections.abc import Sequence

from cnnjobs.datasets.tables.picture_names import Found, PictureNames
from cnnjobs.datasets.tables.table_report import TableReport
from cnnjobs.wording.labels import listed

SHOWN = 3
"""Names of an error or a note that are shown with what was found."""


def find_pictures(names: Sequence[str], column: str, pictures: PictureNames, report: TableReport) -> Found:
    """Return the files that the values of a column name.

    Args:
        names: values of the column; empty ones name nothing.
        column: its name.
        pictures: where they lie.
        report: gets notes.

    Raises:
        DatasetError: if several files are named by one value, or one by several different ones, or if none is found.
    """
    found = pictures.find(name for name in dict.fromkeys(names) if name)

    if found.unclear:
        shown = [
            f"{name} ({' or '.join(map(pictures.folder.relative, paths[:3]))})" for name, paths in found.unclear.items()
        ]
        raise report.error(
            f"it is not clear which pictures are meant by {listed(shown)}. Name them with their folders, or choose by "
            "`suffix` or `folder`."
        )
    if found.alike:
        shown = [f"{' and '.join(ones[:3])} ({pictures.folder.relative(path)})" for path, ones in found.alike.items()]
        raise report.error(
            f"different names lead to one picture: {listed(shown)}. Put the pictures where the table says, or give "
            "their `folder`."
        )
    wanted = [name for name in names if name]
    if wanted and not found.paths:
        there = [pictures.folder.relative(path) for path in pictures.below[:SHOWN]]
        raise report.error(
            f"no picture that column {column!r} names is in {pictures.folder}. Names there: {listed(wanted[:SHOWN])}. "
            f"Pictures in the folder: {listed(there) or 'none'}. Say where they lie with `folder`, what "
            "follows the names with `suffix`, or which column it is with `image`."
        )
    for how, ones in found.otherwise.items():
        if ones:
            name, path = ones[0]
            count = "1 picture is" if len(ones) == 1 else f"{len(ones):,} pictures are"
            report.note(f"{count} found {how}: {name} is {pictures.folder.relative(path)}")
    return found
