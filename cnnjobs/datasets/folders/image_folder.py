"""Data sets in a folder of pictures: a sub-folder a class."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnjobs.datasets.folders.folders import folder_at
from cnnjobs.datasets.folders.layout import Layout, pictures_text
from cnnjobs.datasets.folders.layouts import read_layout
from cnnjobs.datasets.folders.parts import names_a_part, role_of
from cnnjobs.datasets.folders.picture_files import Folder, Picture
from cnnjobs.datasets.pictures.listing import Listing
from cnnjobs.datasets.pictures.picture_source import PictureSource
from cnnjobs.errors import DatasetError
from cnnjobs.spec import ImageFolder
from cnnjobs.wording.labels import listed


class FolderSource(PictureSource[ImageFolder]):
    """A folder of pictures, decoded when it is first loaded."""

    spec_type = ImageFolder
    noun = "a folder of pictures"
    place = "folder"

    @classmethod
    def meant_by(cls, value: str, path: Path) -> ImageFolder | None:
        """Take what is a folder, or has a slash in it and so looks like one."""
        is_folder = path.exists() or len(Path(value).parts) > 1
        return ImageFolder(str(path)) if is_folder and not path.is_file() else None

    def listing(self, *, to_train: bool = True) -> Listing:
        """Return the pictures of the folder, sorted by part, class and name.

        Raises:
            DatasetError: no such folder, empty, a class that only the test set has, or folders of which it is not
                clear whether they are classes or parts, or pictures whose names do not say which group they are of.
        """
        root = folder_at(self.spec.path)
        layout, pictures = (_to_train if to_train else _to_evaluate)(root)
        return Listing(
            name=root.name,
            class_names=layout.class_names,
            contents=root.contents([picture.path for picture in pictures]),
            labels=np.array([picture.label for picture in pictures], dtype=np.int32),
            parts=np.array([picture.part for picture in pictures]),
            groups=_groups(self.spec.group, root, pictures) if self.spec.group is not None and to_train else None,
            notes=tuple(layout.notes),
            training_notes=tuple(layout.training_notes),
            passed_over=layout.passed_over,
        )


def _groups(pattern: str, root: Folder, pictures: Sequence[Picture]) -> list[str]:
    """Return the group of each picture, as its place below its class's folder tells it.

    Raises:
        DatasetError: for pictures whose places do not match.
    """
    find = re.compile(pattern)
    found = [find.search(picture.path[len(picture.folder) :].lstrip("/")) for picture in pictures]
    groups = [(match[1] if find.groups else match[0]) or "" if match else "" for match in found]
    without = [picture.path for picture, group in zip(pictures, groups, strict=True) if not group.strip()]
    if without:
        lie = f"{len(without):,} of {pictures_text(len(pictures))} {'does' if len(without) == 1 else 'do'} not match"
        places = listed(path.removeprefix(f"{root.path}/") for path in without)
        raise DatasetError(
            f"{root.path}: group={pattern!r} must find the group of every picture in its place below its class's "
            f"folder. Received: {lie}: {places}. Change the expression, or move these pictures away."
        )
    return groups


def _to_train(root: Folder) -> tuple[Layout, list[Picture]]:
    """Return how a folder is read, and its pictures."""
    layout = read_layout(root)
    return layout, layout.pictures


def _to_evaluate(root: Folder) -> tuple[Layout, list[Picture]]:
    """Return how a folder is read, and its pictures; one that has a test set alone is taken as that."""
    try:
        return _to_train(root)
    except DatasetError:
        alone = _test_alone(root)
        if alone is None:
            raise
        layout = read_layout(alone)
        return layout, [replace(picture, part="test") for picture in layout.pictures]


def _test_alone(root: Folder) -> Folder | None:
    """Return the folder of a test set that has no training set beside it."""
    filled = [one for one in root.folders if one.has_pictures]
    roles = {one.name: (role_of(one.name) or ("",))[0] for one in filled if names_a_part(one.name)}
    tests = [one for one in filled if roles.get(one.name) == "test" and not one.pictures]
    return (
        tests[0] if len(tests) == 1 and set(roles.values()) <= {"test", "valid"} and len(roles) == len(filled) else None
    )
