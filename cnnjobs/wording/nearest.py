"""What somebody may have meant who wrote a name that is none: the nearest of those there are."""

from collections.abc import Iterable
from difflib import get_close_matches

ALIKE = 0.6
"""How alike two names are of which one may be a slip for the other, from 0 to 1, by `difflib`."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the up to three names that are nearest to one that is none, the nearest first; upper case does not count.

    Args:
        name: as somebody wrote it.
        known: the names there are.

    Example:
        >>> nearest("repeat", ["name", "repeats", "folds"])
        ['repeats']
    """
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    return [folded[one] for one in get_close_matches(name.casefold(), folded, n=3, cutoff=ALIKE)]


def near_it(name: str, known: Iterable[str]) -> str:
    """Return a sentence of the nearest names, to stand behind others; empty if none is near.

    Args:
        name: as somebody wrote it.
        known: the names there are.
    """
    found = nearest(name, known)
    return f" Near it: {', '.join(found)}." if found else ""


def not_a_variant(option: str, received: str, job: str, variants: Iterable[str]) -> str:
    """Return what to say of a name that is no variant of a job.

    Args:
        option: the parameter that it was given for.
        received: the name.
        job: name of the job.
        variants: names of its variants.
    """
    names = list(variants)
    return (
        f"`{option}` must be a variant of {job}: {', '.join(names)}. Received: {received!r}.{near_it(received, names)}"
    )
