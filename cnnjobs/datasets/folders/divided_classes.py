"""Classes that have their training and their test set in their own folders, or that may be no classes at all."""

from collections import defaultdict

from cnnjobs.datasets.folders.layout import Labelled, Layout, pictures_text
from cnnjobs.datasets.folders.parts import role_of
from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.pictures.listing import PARTS
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed


def divided_classes(classes: Labelled, layout: Layout) -> Labelled:
    """Return the parts of each class; nothing if the classes have none.

    Args:
        classes: that lie in a folder.
        layout: gets notes, also where the classes may be one level further down.

    Raises:
        DatasetError: if only some classes have parts, or the parts have folders in them.
    """
    divided = [(label, folder, _division(folder)) for _, label, folder in classes if folder.has_pictures]
    if not any(parts for _, _, parts in divided):
        _note_alike([folder for _, folder, _ in divided], layout)
        return []
    _refuse_unclear(divided, layout)
    layout.note("each class has its training and its test set in its own folder")
    common = set.intersection(*(set(parts) for _, _, parts in divided))  # a validation set without a class is none
    labelled = [(part, label, one) for label, _, parts in divided for part, one in parts.items() if part in common]
    layout.note_loose([folder for _, folder, _ in divided])
    used = {one.path for _, _, one in labelled}
    unused = [one for _, folder, _ in divided for one in folder.folders if one.path not in used and one.has_pictures]
    if unused:
        count = sum(1 for one in unused for _ in one.below())
        others = listed(sorted({f"{one.name}/" for one in unused}))
        layout.note(f"other folders of the classes ({pictures_text(count)}) are not used: {others}")
    return sorted(labelled, key=lambda one: (PARTS.index(one[0]), one[1]))


def _division(folder: Folder) -> dict[str, Folder]:
    """Return the training, the validation and the test set of one class; empty where it has not the first and last."""
    roles: dict[str, list[Folder]] = defaultdict(list)
    for one in folder.folders:
        meant = role_of(one.name)
        if meant is not None and one.has_pictures:
            roles[meant[0]].append(one)
    tests = roles["test"] or roles["valid"]
    if not len(roles["train"]) == len(tests) == 1:
        return {}
    valid = {"valid": roles["valid"][0]} if roles["test"] and len(roles["valid"]) == 1 else {}
    return {"train": roles["train"][0], **valid, "test": tests[0]}


def _refuse_unclear(divided: list[tuple[int, Folder, dict[str, Folder]]], layout: Layout) -> None:
    """Raise a DatasetError if it is not clear that the parts are those of classes."""
    within = [layout.place(folder.path) for _, folder, parts in divided if parts]
    if len(within) < len(divided):
        raise DatasetError(
            f"{layout.root}: training and test sets lie in {listed(within)} and not in the other classes. "
            "Divide all classes in the same way, or none."
        )
    deeper = [layout.place(one.path) for _, _, parts in divided for one in parts.values() if not one.pictures]
    if deeper:
        raise DatasetError(
            f"{layout.root}: it is not clear whether {listed(folder.name + '/' for _, folder, _ in divided)} are "
            f"classes. Received: folders in {listed(deeper)}. Give the path of one of them as data set, or, if they "
            "are classes, put the pictures of each part directly into it."
        )


def _note_alike(classes: list[Folder], layout: Layout) -> None:
    """Say so where the classes may be one level further down: the same folders lie in each."""
    if len(classes) < 2 or any(folder.pictures for folder in classes):
        return
    common = set.intersection(*({one.name for one in folder.folders} for folder in classes))
    if len(common) > 1:
        layout.note(
            f"the classes are {listed(folder.name for folder in classes)}, and the same folders lie in each of them: "
            f"{listed(sorted(common))}. If those are the classes, put all pictures of each into one folder"
        )
