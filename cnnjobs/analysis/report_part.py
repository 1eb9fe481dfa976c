"""A part of a report: its paragraphs and the files beside it that it speaks of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from cnnjobs.analysis.drawing import render
from cnnjobs.store.files import Files, plain_name

KINDS = ("png", "svg")
"""Every figure is written as each of these."""


@dataclass(frozen=True)
class Part:
    """A part of a report, written.

    Args:
        paragraphs: in Markdown.
        files: names of the files beside the report that belong to it.
        damaged: stored files that could not be read; what they hold is missing.
    """

    paragraphs: tuple[str, ...]
    files: tuple[str, ...]
    damaged: tuple[str, ...]


def joined(parts: Sequence[Part]) -> Part:
    """Return the parts as one."""
    return Part(
        tuple(paragraph for part in parts for paragraph in part.paragraphs),
        tuple(file for part in parts for file in part.files),
        tuple(file for part in parts for file in part.damaged),
    )


def write_figure(folder: Files, name: str, figure: Figure) -> list[str]:
    """Write a figure as each of `KINDS` and return the names of the files."""
    names = [f"{name}.{kind}" for kind in KINDS]
    for file, kind in zip(names, KINDS, strict=True):
        folder.write(file, render(figure, kind))
    return names


def plain_names(variants: Iterable[str]) -> dict[str, str]:
    """Return a plain name for the files of each variant, no two alike."""
    names: dict[str, str] = {}
    for variant in variants:
        names[variant] = _unlike(plain_name(variant), set(names.values()))
    return names


def _unlike(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found
