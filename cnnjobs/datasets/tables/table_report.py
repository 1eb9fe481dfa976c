"""What there is to say of a table while it is read: notes, what is left out, errors."""

from collections.abc import Sequence

from cnnjobs.datasets.storage.data_file import DataFile
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import sentences


class TableReport:
    """Notes on a table, which begin with its name.

    Args:
        file: the table.
        strict: whether it is an error to leave something out.
    """

    def __init__(self, file: DataFile, *, strict: bool) -> None:
        self.file, self._strict = file, strict
        self.notes: list[str] = []
        self.training_notes: list[str] = []

    def note(self, text: str, *, train: bool = False) -> None:
        """Add a note; one on training is for those who train on the table."""
        (self.training_notes if train else self.notes).append(_readable(f"{self.file.name}: {text}"))

    def error(self, text: str) -> DatasetError:
        """Return the error that says so of the table."""
        return DatasetError(_readable(f"{self.file}: {text}"))

    def left_out(self, noun: str, what: str, names: Sequence[str], *, is_all: bool = False) -> None:
        """Say what is left out.

        Args:
            noun: what is counted, for one and for many: "row|rows".
            what: is said of it, for one and for many: "has no label|have no label".
            names: of what is left out.
            is_all: whether nothing else is there.

        Raises:
            DatasetError: if it is an error to leave it out, or if there is nothing else.
        """
        if not names:
            return
        number = 0 if len(names) == 1 else 1
        said = f"{len(names):,} {noun.split('|')[number]} {what.split('|')[number]}"
        shown = listed(dict.fromkeys(names))
        if is_all or self._strict:
            advice = "No other row can be used." if is_all else "Correct or remove them, or leave `strict` out."
            raise self.error(sentences(f"{said}: {shown}", advice))
        self.note(f"{said} and {'is' if number == 0 else 'are'} left out: {shown}")


def _readable(text: str) -> str:
    """Return a text in which names of files, which need not be UTF-8, can be shown."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
