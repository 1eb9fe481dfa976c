"""The pictures of a folder, and what there is to say of how it was read."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from cnnjobs.datasets.folders.picture_files import Folder, Picture
from cnnjobs.datasets.pictures.picture_kinds import UNREADABLE, passed_over_text
from cnnjobs.wording.labels import listed

Labelled = list[tuple[str, int, Folder]]
"""Part, label and folder of each class."""


@dataclass
class Layout:
    """The pictures of a folder.

    Args:
        root: the folder.
        class_names: one per class, in the order of the labels.
        pictures: sorted by part, class and name.
        notes: what a person should know of how the folder was read.
        training_notes: what only those should know who train on it.
        passed_over: ending -> number of files in classes that are no pictures, or none that is read.
    """

    root: Folder
    class_names: tuple[str, ...] = ()
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    training_notes: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    def note(self, text: str, *, to_train: bool = False) -> None:
        """Add a note on the folder; a file's name need not be UTF-8."""
        notes = self.training_notes if to_train else self.notes
        notes.append(f"{self.root.name}: {text}".encode("utf-8", "surrogateescape").decode("utf-8", "replace"))

    def place(self, path: str) -> str:
        """Return where a folder lies below the root."""
        return self.root.relative(path) + "/"

    def note_loose(self, folders: Collection[Folder]) -> None:
        """Say which pictures lie directly in folders that have classes in them."""
        loose = [self.root.relative(path) for folder in folders for path in folder.pictures]
        if loose:
            lie, are = ("lies", "is") if len(loose) == 1 else ("lie", "are")
            self.note(f"{pictures_text(len(loose))} {lie} in no class's folder and {are} not used: {listed(loose)}")
        others = sum((folder.passed_over for folder in folders), Counter[str]())
        unreadable = {ending: count for ending, count in others.items() if ending in UNREADABLE}
        if unreadable:
            self.note(f"passed over in no class's folder: {passed_over_text(unreadable)}")

    def note_passed_over(self, classes: Iterable[Folder]) -> None:
        """Say which files in classes are no pictures, or none that is read."""
        for folder in classes:
            self.passed_over.update(folder.all_passed_over())
        if self.passed_over:
            self.note(f"passed over: {passed_over_text(self.passed_over)}")

    def note_links(self, classes: Iterable[Folder]) -> None:
        """Say which links in classes are not followed, and which lead nowhere."""
        inner = [one for folder in classes for one in folder.tree() if one is folder or not one.is_link]
        linked = [self.place(one.path) for folder in inner for one in folder.folders if one.is_link]
        dead = [self.root.relative(path) for folder in inner for path in folder.dead_links]
        if linked:
            self.note(f"links to folders inside a class are not followed: {listed(linked)}")
        if dead:
            self.note(f"links that lead nowhere are passed over: {listed(dead)}")


def pictures_text(count: int) -> str:
    """Return "1 picture", or "1,000 pictures"."""
    return f"{count:,} picture{'' if count == 1 else 's'}"
