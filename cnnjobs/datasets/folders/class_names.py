"""Classes by the names of folders or of a table: one name may be written in several ways."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed


class ClassNames:
    """The classes of the training set, in order.

    A name in several Unicode forms (an accent of its own, or as part of its letter) is one class.

    Args:
        names: each of a class.
        place: where they are read from, for messages.
        in_order: sorts them.
    """

    def __init__(
        self, names: Iterable[str], place: str, in_order: Callable[[Sequence[str]], Sequence[str]] = sorted
    ) -> None:
        forms: dict[str, set[str]] = defaultdict(set)
        for name in names:
            if not name.isprintable():
                raise DatasetError(f"{place}: a class must have a printable UTF-8 name. Received: {name!r}.")
            forms[_composed(name)].add(name)
        self._shown = {name: min(written) if len(written) == 1 else name for name, written in forms.items()}
        self._forms = forms
        self._as_written: dict[str, str] = {}
        self.names = tuple(in_order([*self._shown.values()]))
        self._label_of = {name: label for label, name in enumerate(self.names)}

    def label_of(self, name: str) -> int | None:
        """Return the class that a name means; None for a class that training has not.

        Where no class has the name, one that differs only in case or spaces is meant.

        Args:
            name: in the training or the test set.
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
