"""Classes by the names of their folders: one name may be written in several ways."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cnnjobs.datasets.picture_files import Folder
from cnnjobs.errors import DatasetError
from cnnjobs.labels import listed


class ClassNames:
    """The classes that folders of the training set name, sorted.

    A name in several Unicode forms (an accent of its own, or as part of its letter) is one class.

    Args:
        folders: a class each.
    """

    def __init__(self, folders: Sequence[Folder]) -> None:
        for folder in folders:
            if not folder.name.isprintable():
                raise DatasetError(
                    f"{folder.path[: -len(folder.name)]}: a class's folder must have a printable UTF-8 name. "
                    f"Received: {folder.name!r}."
                )
        forms: dict[str, set[str]] = defaultdict(set)
        for folder in folders:
            forms[_composed(folder.name)].add(folder.name)
        self._shown = {name: min(written) if len(written) == 1 else name for name, written in forms.items()}
        self._forms = forms
        self._as_written: dict[str, str] = {}
        self.names = tuple(sorted(self._shown.values()))
        self._label_of = {name: label for label, name in enumerate(self.names)}

    def label_of(self, name: str) -> int | None:
        """Return the class that a folder's name means; None for a class that training has not.

        Where no class has the name, one that differs only in case or spaces is meant.

        Args:
            name: of a folder, of training or test set.
        """
        composed = _composed(name)
        if composed in self._shown:
            self._forms[composed].add(name)
            return self._label_of[self._shown[composed]]
        alike = [shown for shown in self.names if _folded(shown) == _folded(name)]
        if len(alike) != 1:
            return None
        self._as_written[name] = alike[0]
        return self._label_of[alike[0]]

    def notes(self) -> Iterable[str]:
        """Yield what was made of names that are written in several ways."""
        several = sorted(name for name, written in self._forms.items() if len(written) > 1)
        if several:
            yield f"{listed(several)} is written in two Unicode forms, which are taken for one class"
        for name, shown in sorted(self._as_written.items()):
            yield f"{name!r} of the test set is taken for the class {shown!r}, which is written otherwise"
        alike: dict[str, list[str]] = defaultdict(list)
        for name in self.names:
            alike[_folded(name)].append(name)
        for names in alike.values():
            if len(names) > 1:
                yield f"{listed(map(repr, names))} differ only in case or spaces and are {len(names)} classes"


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
