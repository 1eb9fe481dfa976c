"""Which part (train, valid, test) the rows of a table are in, by the words in a column."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from cnnjobs.datasets.folders.parts import ROLES, names_a_part, role_of
from cnnjobs.datasets.tables.table_file import Table
from cnnjobs.datasets.tables.table_labels import NO, YES
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

_OTHER = {"train": "test", "test": "train", "valid": "train"}
"""Role of a column such as "is_test" -> what the rows with a 0 are for."""


def read_parts(table: Table, column: str) -> list[str]:
    """Return the part of each row, (n,): "train", "valid", "test", or "" where the table says none.

    Raises:
        DatasetError: no such column, or a value that is none of these words.
    """
    texts = table.column(column, "split")
    counts = Counter(texts)
    counts.pop("", None)
    meant = _flags(column, counts) or _words(table, column, counts)
    return [meant.get(text, "") for text in texts]


def are_parts(values: Sequence[str]) -> bool:
    """Say whether values of a column name parts, the training set among them."""
    filled = {value for value in values if value}
    roles = {_role(value) for value in filled if names_a_part(value)}
    return "train" in roles and len(roles) > 1 and all(map(names_a_part, filled))


def _role(value: str) -> str:
    return (role_of(value) or ("",))[0]


def _flags(column: str, counts: Mapping[str, int]) -> dict[str, str]:
    """Return what 0 and 1 mean in a column such as "is_test"; nothing for another."""
    role = _role(column)
    if not role or not all(value.lower() in YES | NO for value in counts):
        return {}
    return {value: role if value.lower() in YES else _OTHER[role] for value in counts}


def _words(table: Table, column: str, counts: Mapping[str, int]) -> dict[str, str]:
    """Return the part that each value means; other words beside a part's are allowed where one value has its role."""
    by_role: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        by_role[_role(value)].append(value)
    unclear = by_role.pop("", [])
    for values in by_role.values():
        if len(values) > 1:
            unclear += [value for value in values if not names_a_part(value)]
    if unclear:
        words = ", ".join(word for words in ROLES.values() for word in words)
        numbers = " Folds are made by the job: `folds=5`." if all(value.isdecimal() for value in unclear) else ""
        raise DatasetError(
            f"{table.file}: column {column!r}, for `split`, must hold words such as {words}, or 0 and 1 if it is "
            f"called such as 'is_test'. "
            f"Received: {listed(sorted(map(repr, unclear)))}.{numbers}"
        )
    return {value: role for role, values in by_role.items() for value in values}
