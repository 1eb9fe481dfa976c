"""Which folders are parts of a data set (train, test, validation), and not classes."""

import re
from collections import defaultdict
from dataclasses import dataclass

from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

ROLES = {
    "train": ("train", "training"),
    "test": ("test", "testing", "eval", "evaluation"),
    "valid": ("val", "valid", "validation", "validate", "dev"),
}
"""Role -> the words that name it."""

GENERIC = frozenset({"set", "sets", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos"})
"""Words beside a role's that say nothing more: "training_set", "test images"."""

_ROLE_OF = {word: role for role, words in ROLES.items() for word in words}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+")
_JOINED = re.compile(f"({'|'.join(sorted(_ROLE_OF, key=len, reverse=True))})({'|'.join(GENERIC)})")

Families = dict[tuple[str, ...], dict[str, list[Folder]]]
"""Folders that are named as parts: other words of the name -> role -> folders."""


@dataclass(frozen=True)
class Parts:
    """Folders that are the parts of one data set.

    Args:
        train: what is trained on.
        test: its test set; None if there is none.
        valid: its validation set; None if there is none.
        beside: other folders with pictures that lie beside them.
    """

    train: Folder
    test: Folder | None = None
    valid: Folder | None = None
    beside: tuple[Folder, ...] = ()

    @property
    def every(self) -> list[Folder]:
        """The parts there are."""
        return [part for part in (self.train, self.test, self.valid) if part is not None]


def role_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return which part a folder's name means, and the other words in it: "seg_train" is ("train", ("seg",)).

    Args:
        name: of a folder.

    Returns:
        None for a name that means no part, or several.
    """
    words = [part for word in _WORDS.findall(name) for part in _unjoined(word.lower())]
    roles = {_ROLE_OF[word] for word in words if word in _ROLE_OF}
    if len(roles) != 1:
        return None
    return roles.pop(), tuple(word for word in words if word not in _ROLE_OF and word not in GENERIC)


def names_a_part(name: str) -> bool:
    """Say whether a folder's name means a part and nothing else: "train", "test_set"."""
    return (role_of(name) or ("", ("",)))[1] == ()


def _unjoined(word: str) -> list[str]:
    """Return the words of "trainset"; any other word is one."""
    joined = _JOINED.fullmatch(word)
    return list(joined.groups()) if joined else [word]


def holds_classes(folder: Folder) -> bool:
    """Say whether folders with pictures lie in it, links to such folders too."""
    return any(one.has_pictures for one in folder.folders)


def _may_be_used(folder: Folder) -> bool:
    """Say whether a folder that lies beside the parts has pictures; one that cannot be read is nobody's loss."""
    try:
        return folder.has_pictures
    except DatasetError:
        return False


def parts_in(folder: Folder) -> Parts | None:
    """Return the parts that lie in a folder; None if the folders in it are classes.

    Train with a test or validation set are parts. One such name alone is a part if only classes lie in it and nothing
    beside it, and a class if pictures lie in it.

    Raises:
        DatasetError: if it is not clear which of the two they are.
    """
    families = _families(folder)
    splits = _splits(families)
    if not splits:
        return _one_part(folder, families.get((), {}))
    repeated = [one for family in splits for ones in family.values() for one in ones if len(ones) > 1]
    if len(splits) > 1 or repeated:
        names = [one.name for family in splits for ones in family.values() for one in ones]
        raise DatasetError(
            f"{folder.path}: it is not clear which folders are the training and the test set. Expected one of each. "
            f"Received: {listed(sorted(names))}. Give the path of a folder with one train/ and one test/ in it."
        )
    found = {role: ones[0] for role, ones in splits[0].items()}
    named = [one.path for one in found.values()]
    beside = tuple(one for one in folder.folders if one.path not in named and _may_be_used(one))
    if not holds_classes(found["train"]) and found["train"].pictures:
        raise _unclear(folder, list(found.values()), beside)
    return Parts(found["train"], found.get("test"), found.get("valid"), beside)


def has_parts(folder: Folder) -> bool:
    """Say whether a training set with a test or validation set lies in a folder."""
    return bool(_splits(_families(folder)))


def _splits(families: Families) -> list[dict[str, list[Folder]]]:
    """Return the families that have a training set and another part."""
    return [family for family in families.values() if "train" in family and len(family) > 1]


def _families(folder: Folder) -> Families:
    """Return the folders that are named as parts."""
    families: Families = defaultdict(lambda: defaultdict(list))
    for one in folder.folders:
        meant = role_of(one.name)
        if meant is not None:
            role, rest = meant
            families[rest][role].append(one)
    return families


def _one_part(folder: Folder, family: dict[str, list[Folder]]) -> Parts | None:
    """Return the part there is where no other belongs to it; None if it is a class."""
    named = [one for ones in family.values() for one in ones if one.has_pictures or holds_classes(one)]
    if not named:
        return None
    others = [one for one in folder.folders if one not in named and (one.has_pictures or holds_classes(one))]
    as_part = [one for one in named if not one.pictures]
    if not as_part and not others:
        raise _unclear(folder, named, ())
    if not as_part:
        return None
    if others or as_part != named or list(family) != ["train"] or len(named) > 1:
        raise _half(folder, as_part[0], others)
    return Parts(named[0])


def _half(folder: Folder, part: Folder, others: list[Folder]) -> DatasetError:
    """Return the error for a part without its counterpart."""
    meant = role_of(part.name)
    missing = "test" if meant is not None and meant[0] == "train" else "train"
    beside = f" Beside it: {listed(one.name + '/' for one in others)}." if others else ""
    a_class = f" If {part.name}/ is a class, put its pictures directly into it." if others else ""
    return DatasetError(
        f"{folder.path} has {part.name}/ but no {missing}/. Expected both, each with a sub-folder for each class, or "
        f"the classes' sub-folders directly.{beside} Use {part.path} to have a test set held out of it.{a_class}"
    )


def _unclear(folder: Folder, named: list[Folder], beside: tuple[Folder, ...]) -> DatasetError:
    """Return the error for parts without classes in them."""
    names = listed(f"{one.name}/" for one in named)
    is_class = ", or rename it if it is a class" if beside else ""
    return DatasetError(
        f"{folder.path}: {names} must have a sub-folder for each class. Received: pictures in no class's folder. "
        f"Put the pictures of each class into a folder of its own{is_class}."
    )
