"""Which pictures a folder has, and of which class and part each is."""

from itertools import pairwise

from cnnjobs.datasets.folders.class_names import ClassNames
from cnnjobs.datasets.folders.divided_classes import divided_classes
from cnnjobs.datasets.folders.layout import Labelled, Layout, pictures_text
from cnnjobs.datasets.folders.parts import Parts, has_parts, holds_classes, names_a_part, parts_in
from cnnjobs.datasets.folders.picture_files import Folder, Picture
from cnnjobs.datasets.pictures.picture_kinds import passed_over_text
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

OF_MANY = (".parquet", ".arrow", ".tfrecord", ".tfrec")
"""How names of files end that hold many pictures each, which are another kind of data set."""


def read_layout(root: Folder) -> Layout:
    """Return the class names and every picture file; hidden files and folders are passed over.

    Raises:
        DatasetError: no pictures, a class that only the test set has, or folders of which it is not
            clear whether they are classes or parts.
    """
    layout = Layout(root)
    base = _unwrapped(root, layout)
    parts = parts_in(base)
    labelled = _in_parts(base, parts, layout) if parts is not None else _in_classes(base, layout)
    _refuse_twice(labelled, layout)
    layout.pictures = [
        Picture(path, label, part, folder.path) for part, label, folder in labelled for path in folder.below()
    ]
    if not layout.pictures:
        raise _none(base, len(layout.class_names))
    layout.note_passed_over([folder for _, _, folder in labelled])
    layout.note_links([folder for _, _, folder in labelled])
    return layout


def _unwrapped(folder: Folder, layout: Layout) -> Folder:
    """Return the folder that has more than one folder in it: an archive has one at its top, often."""
    above: list[Folder] = []
    while (only := _only_folder(folder)) is not None and not names_a_part(only.name):
        above.append(folder)
        folder = only
    return _noted(above, folder, layout)


def _unwrapped_part(part: Folder, layout: Layout, names: ClassNames | None = None) -> Folder:
    """Return the folder of a part that has its classes in it: "seg_train/seg_train".

    Args:
        part: where to begin.
        layout: gets a note.
        names: a folder of such a name is a class; None where they are not known yet.
    """
    above: list[Folder] = []
    while (only := _only_folder(part)) is not None and (names is None or names.label_of(only.name) is None):
        above.append(part)
        part = only
    return _noted(above, part, layout)


def _only_folder(folder: Folder) -> Folder | None:
    """Return the one folder that has pictures, if classes may lie in it; beside other things, only if parts do."""
    filled = [one for one in folder.folders if one.has_pictures or holds_classes(one)]
    if len(filled) != 1 or filled[0].pictures or not holds_classes(filled[0]):
        return None
    return filled[0] if len(folder.entries) == 1 or has_parts(filled[0]) else None


def _noted(above: list[Folder], folder: Folder, layout: Layout) -> Folder:
    """Return a folder, with notes on where it was found and what lies above it."""
    if above:
        layout.note(
            f"the pictures are read from {layout.place(folder.path)}, the only folder with pictures in its place"
        )
        layout.note_loose(above)
    return folder


def _in_parts(base: Folder, parts: Parts, layout: Layout) -> Labelled:
    """Return the classes of the training set, and of the test and the validation set if there are such."""
    train = _unwrapped_part(parts.train, layout)
    nested = [one.name for one in train.folders if names_a_part(one.name) and holds_classes(one) and not one.pictures]
    if nested:
        raise DatasetError(
            f"{layout.root}: it is not clear whether {listed(f'{name}/' for name in nested)} in "
            f"{layout.place(train.path)} is a class. If it is, put its pictures directly into it; if not, give "
            f"{train.path} as data set, or leave one training and one test set."
        )
    names = ClassNames((one.name for one in train.folders), train.path)
    test = _chosen_test(parts, layout)
    tested = _unwrapped_part(test, layout, names) if test is not None else None
    labelled = _labelled("train" if tested is not None else "all", train, names)
    if tested is not None:
        labelled += _labelled("test", tested, names)
        if not any(folder.has_pictures for part, _, folder in labelled if part == "test"):
            raise DatasetError(f"{tested.path} has no pictures. Use {train.path} to have a test set held out of it.")
    valid = None if parts.valid is None or test is None or test is parts.valid else parts.valid
    validated = _unwrapped_part(valid, layout, names) if valid is not None and holds_classes(valid) else None
    if validated is not None:
        labelled += _labelled("valid", validated, names)
    layout.class_names = names.names
    _note_parts(parts, test, layout)
    layout.note_loose([base, train, *(one for one in (tested, validated or valid) if one is not None)])
    _note_names(names, layout)
    return labelled


def _chosen_test(parts: Parts, layout: Layout) -> Folder | None:
    """Return the test set; the validation set, where it is the only other part; None where none has classes."""
    for part in (parts.test, parts.valid):
        if part is None:
            continue
        if holds_classes(part) or not part.pictures:
            return part
        count = len(part.pictures)
        layout.note(
            f"{part.name}/ has {pictures_text(count)} in no class's folder, which test nothing and are not used"
        )
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
            f"{folder.path}: {part}/ has classes that train/ does not have: {listed(sorted(unknown))}. "
            "Add pictures of them to the training set, or move their folders away."
        )
    return sorted(labelled, key=lambda one: one[1])


def _in_classes(base: Folder, layout: Layout) -> Labelled:
    """Return the classes that lie in a folder, each perhaps with parts in it."""
    names = ClassNames((one.name for one in base.folders), base.path)
    layout.class_names = names.names
    layout.note_loose([base])
    _note_names(names, layout)
    for one in base.folders:
        if names_a_part(one.name):
            layout.note(
                f"{one.name}/ is taken for a class, because pictures lie in it and no other folder is its counterpart"
            )
    classes = _labelled("all", base, names)
    return divided_classes(classes, layout) or classes


def _refuse_twice(labelled: Labelled, layout: Layout) -> None:
    """Raise a DatasetError if a link makes one folder two classes, or the training and the test set of one."""
    places = sorted((f"{folder.real_path}/", layout.place(folder.path)) for _, _, folder in labelled)
    for (real, place), (next_real, next_place) in pairwise(places):
        if next_real.startswith(real):
            raise DatasetError(
                f"{layout.root}: {place} and {next_place} have the same pictures, by a link. Remove the link."
            )


def _none(base: Folder, classes: int) -> DatasetError:
    """Return the error for a folder without pictures in classes."""
    there = f"{pictures_text(len(base.pictures))} in no class's folder" if base.pictures else "no pictures"
    passed_over = base.all_passed_over()
    received = f"{classes} sub-folders" + (f"; passed over: {passed_over_text(passed_over)}" if passed_over else "")
    many = next(
        (
            f" Files that hold many pictures are named by a pattern: {base.path}/**/*{one}."
            for one in OF_MANY
            if passed_over[one]
        ),
        "",
    )
    return DatasetError(
        f"{base.path} has {there}. Expected a sub-folder for each class with pictures in it (JPEG, PNG, TIFF, WebP and "
        f"others). Received: {received}.{many}"
    )


def _note_parts(parts: Parts, test: Folder | None, layout: Layout) -> None:
    """Say which folders were taken for what, wherever it is not train/ and test/ alone."""
    train = parts.train.name
    if test is None:
        layout.note(f"there is no test set beside {train}/: one is held out of it", to_train=True)
    elif test is parts.valid:
        layout.note(f"there is no test set beside {train}/: {parts.valid.name}/ is used as the test set")
    for one in parts.beside:
        count = sum(1 for _ in one.below())
        layout.note(f"{one.name}/ ({pictures_text(count)}) lies beside {train}/ and is not used")


def _note_names(names: ClassNames, layout: Layout) -> None:
    for text in names.notes():
        layout.note(text)
