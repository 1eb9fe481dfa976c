"""Which pictures a folder has, and of which class and part each is."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from cnnjobs.datasets.class_names import ClassNames
from cnnjobs.datasets.parts import Parts, holds_classes, names_a_part, parts_in, role_of
from cnnjobs.datasets.picture_files import Folder, Picture
from cnnjobs.datasets.pictures import SUFFIXES
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.labels import listed


@dataclass
class Layout:
    """The pictures of a folder.

    Args:
        root: the folder.
        class_names: one a class, in the order of the labels.
        pictures: sorted by part, class and name.
        notes: what a person should know of how the folder was read.
    """

    root: Path
    class_names: tuple[str, ...] = ()
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note on the folder."""
        self.notes.append(f"{self.root.name}: {text}".encode("utf-8", "surrogateescape").decode("utf-8", "replace"))

    def place(self, path: str) -> str:
        """Return where a folder lies below the root."""
        return os.path.relpath(path, self.root) + "/"


Labelled = list[tuple[str, int, Folder]]
"""Part, label and folder of a class."""


def read_layout(root: Path) -> Layout:
    """Return the class names and every picture file; hidden files and folders are passed over.

    Raises:
        DatasetError: no such folder, no pictures, a class that only the test set has, or folders of which it is not
            clear whether they are classes or parts.
    """
    if not root.is_dir():
        raise MissingDataError(str(root), is_folder=True)
    layout = Layout(root)
    base = _unwrapped(Folder(str(root)), layout)
    parts = parts_in(base)
    labelled = _in_parts(base, parts, layout) if parts is not None else _in_classes(base, layout)
    _refuse_twice(labelled, layout)
    layout.pictures = [Picture(path, label, part) for part, label, folder in labelled for path in folder.below()]
    if not layout.pictures:
        raise _none(base, len(layout.class_names))
    _note_links([folder for _, _, folder in labelled], layout)
    return layout


def _unwrapped(folder: Folder, layout: Layout) -> Folder:
    """Return the folder that has more than one folder in it: an archive has one at its top, often."""
    inner = folder
    while (only := _only_folder(inner)) is not None and not names_a_part(only.name):
        inner = only
    return _noted(folder, inner, layout)


def _unwrapped_part(part: Folder, layout: Layout, names: ClassNames | None = None) -> Folder:
    """Return the folder of a part that has its classes in it: "seg_train/seg_train".

    Args:
        part: where to begin.
        layout: gets a note.
        names: a folder of such a name is a class; None where they are not known yet.
    """
    inner = part
    while (only := _only_folder(inner)) is not None and (names is None or names.label_of(only.name) is None):
        inner = only
    return _noted(part, inner, layout)


def _only_folder(folder: Folder) -> Folder | None:
    """Return the one folder that is all there is in another, if classes may lie in it."""
    if len(folder.entries) != 1 or not folder.folders:
        return None
    (only,) = folder.folders
    return only if holds_classes(only) and not only.pictures else None


def _noted(folder: Folder, inner: Folder, layout: Layout) -> Folder:
    if inner is not folder:
        layout.note(f"the pictures are read from {layout.place(inner.path)}, the only folder in its place")
    return inner


def _in_parts(base: Folder, parts: Parts, layout: Layout) -> Labelled:
    """Return the classes of the training set, and of the test set if there is one."""
    train = _unwrapped_part(parts.train, layout)
    nested = _nested(train)
    if nested is not None:
        raise DatasetError(
            f"{layout.root}: {layout.place(train.path)} has {listed(f'{one.name}/' for one in nested.every)} in it, "
            f"which are no classes. Give {train.path} itself, or the folder of each part."
        )
    names = ClassNames(train.folders)
    test = _chosen_test(parts, layout)
    tested = _unwrapped_part(test, layout, names) if test is not None else None
    labelled = _labelled("train" if tested is not None else "all", train, names)
    if tested is not None:
        labelled += _labelled("test", tested, names)
        if not any(folder.has_pictures for part, _, folder in labelled if part == "test"):
            raise DatasetError(f"{tested.path} has no pictures. Use {train.path} to have a test set held out of it.")
    layout.class_names = names.names
    _note_parts(parts, test, layout)
    _note_loose([base, train, *([tested] if tested is not None else [])], layout)
    _note_names(names, layout)
    return labelled


def _nested(train: Folder) -> Parts | None:
    """Return the parts that lie in a training set; None where classes do."""
    try:
        return parts_in(train)
    except DatasetError:
        return None  # below train/, whatever the names are, they are those of classes


def _chosen_test(parts: Parts, layout: Layout) -> Folder | None:
    """Return the test set; the validation set, where it is the only other part; None where none has classes."""
    for part in (parts.test, parts.valid):
        if part is None:
            continue
        if holds_classes(part) or not part.pictures:
            return part
        count = len(part.pictures)
        layout.note(f"{part.name}/ has {_pictures(count)} in no class's folder, which test nothing and are not used")
    return None


def _labelled(part: str, folder: Folder, names: ClassNames) -> Labelled:
    """Return the classes in a part's folder.

    Raises:
        DatasetError: for a class that training has not.
    """
    labelled: Labelled = []
    unknown: list[str] = []
    for one in folder.folders:
        label = names.label_of(one.name)
        if label is not None:
            labelled.append((part, label, one))
        elif one.has_pictures:
            unknown.append(one.name)
    if unknown:
        raise DatasetError(
            f"{folder.path}: {part}/ has classes that train/ has not: {listed(sorted(unknown))}. "
            "Add pictures of them to the training set, or move their folders away."
        )
    return sorted(labelled, key=lambda one: one[1])


def _in_classes(base: Folder, layout: Layout) -> Labelled:
    """Return the classes that lie in a folder, each perhaps with parts in it."""
    names = ClassNames(base.folders)
    layout.class_names = names.names
    _note_loose([base], layout)
    _note_names(names, layout)
    for one in base.folders:
        if names_a_part(one.name):
            layout.note(f"{one.name}/ is taken for a class: pictures lie in it, and nothing is its counterpart")
    classes = _labelled("all", base, names)
    divided = {folder.path: _division(folder) for _, _, folder in classes if folder.has_pictures}
    if any(divided.values()):
        return _divided(classes, divided, layout)
    _note_alike([folder for _, _, folder in classes], layout)
    return classes


def _divided(classes: Labelled, divided: dict[str, dict[str, Folder]], layout: Layout) -> Labelled:
    """Return classes that have their training and their test set in themselves.

    Raises:
        DatasetError: if only some have.
    """
    if not all(divided.values()):
        within = listed(layout.place(path) for path, parts in divided.items() if parts)
        raise DatasetError(
            f"{layout.root}: training and test sets lie in {within} and not in the other classes. "
            "Divide all classes in the same way, or none."
        )
    layout.note("each class has its training and its test set in its own folder")
    labelled = [
        (part, label, one) for _, label, folder in classes for part, one in divided.get(folder.path, {}).items()
    ]
    unused = [one for _, _, folder in classes for one in folder.folders if one not in [used for *_, used in labelled]]
    count = sum(1 for one in unused for _ in one.below())
    if count:
        others = listed(sorted({f"{one.name}/" for one in unused}))
        layout.note(f"{_pictures(count)} in other folders of the classes {_are(count)} not used: {others}")
    return sorted(labelled, key=lambda one: (one[0] == "test", one[1]))


def _division(folder: Folder) -> dict[str, Folder]:
    """Return the training and the test set of one class; empty where it has none."""
    if folder.pictures:
        return {}
    roles: dict[str, list[Folder]] = {}
    for one in folder.folders:
        meant = role_of(one.name)
        if meant is not None and one.has_pictures:
            roles.setdefault(meant[0], []).append(one)
    if any(len(ones) > 1 for ones in roles.values()) or "train" not in roles or "test" not in roles:
        return {}
    return {"train": roles["train"][0], "test": roles["test"][0]}


def _refuse_twice(labelled: Labelled, layout: Layout) -> None:
    """Raise a DatasetError if a link makes one folder two classes, or the training and the test set of one."""
    places = sorted((os.path.realpath(folder.path) + "/", layout.place(folder.path)) for _, _, folder in labelled)
    for (real, place), (next_real, next_place) in pairwise(places):
        if next_real.startswith(real):
            raise DatasetError(
                f"{layout.root}: {place} and {next_place} have the same pictures, by a link. Remove the link."
            )


def _none(base: Folder, classes: int) -> DatasetError:
    """Return the error for a folder without pictures in classes."""
    there = f"{_pictures(len(base.pictures))} in no class's folder" if base.pictures else "no pictures"
    return DatasetError(
        f"{base.path} has {there}. Expected a sub-folder a class with {', '.join(sorted(SUFFIXES))} files in it. "
        f"Received: {classes} sub-folders."
    )


def _note_parts(parts: Parts, test: Folder | None, layout: Layout) -> None:
    """Say which folders were taken for what, wherever it is not train/ and test/ alone."""
    train = parts.train.name
    if test is None:
        layout.note(f"there is no test set beside {train}/: one is held out of it")
    elif test is parts.valid:
        layout.note(f"there is no test set beside {train}/: {parts.valid.name}/ is used as the test set")
    elif parts.valid is not None and parts.valid.has_pictures:
        count = sum(1 for _ in parts.valid.below())
        layout.note(
            f"{parts.valid.name}/ ({_pictures(count)}) is not used: the validation set of each trial is taken from "
            f"{train}/"
        )
    for one in parts.beside:
        count = sum(1 for _ in one.below())
        layout.note(f"{one.name}/ ({_pictures(count)}) lies beside {train}/ and is not used")


def _note_loose(folders: Iterable[Folder], layout: Layout) -> None:
    """Say which pictures lie where classes are, in none of them."""
    loose = [os.path.relpath(path, layout.root) for folder in folders for path in folder.pictures]
    if loose:
        verb = "lies" if len(loose) == 1 else "lie"
        layout.note(
            f"{_pictures(len(loose))} {verb} in no class's folder and {_are(len(loose))} not used: {listed(loose)}"
        )


def _note_names(names: ClassNames, layout: Layout) -> None:
    for text in names.notes():
        layout.note(text)


def _note_alike(classes: Sequence[Folder], layout: Layout) -> None:
    """Say so where the classes may be one level further down: the same folders lie in each."""
    within = [sorted(one.name for one in folder.folders) for folder in classes]
    alike = len(within) > 1 and len(within[0]) > 1 and all(inner == within[0] for inner in within)
    if alike and not any(folder.pictures for folder in classes):
        layout.note(
            f"the classes are {listed(folder.name for folder in classes)}, and the same folders lie in each of them: "
            f"{listed(within[0])}. If those are the classes, put all pictures of each into one folder"
        )


def _note_links(folders: Iterable[Folder], layout: Layout) -> None:
    """Say which links were not followed, and which lead nowhere."""
    inner = [one for folder in folders for one in folder.tree() if one is folder or not one.is_link]
    linked = [layout.place(one.path) for folder in inner for one in folder.folders if one.is_link]
    dead = [os.path.relpath(path, layout.root) for folder in inner for path in folder.dead_links]
    if linked:
        layout.note(f"links to folders inside a class are not followed: {listed(linked)}")
    if dead:
        layout.note(f"links that lead nowhere are passed over: {listed(dead)}")


def _pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
