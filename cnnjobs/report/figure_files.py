"""Kinds of file that figures are written as."""

from collections.abc import Sequence

from cnnjobs.errors import SpecError

FORMATS = ("svg", "png", "pdf")
"""What a figure can be written as, in this order."""

SHOWN = "svg"
"""What every figure is written as: the page shows it."""

NAMED = {"box": "png", "decisions": "png"}
"""Figures that the terminal names, and the kind of file that any program for pictures opens."""


def chosen_formats(formats: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the kinds of file that were asked for, in the order of `FORMATS`; None for None.

    Args:
        formats: names, or one text of names with commas; in capitals or with a dot, too.

    Raises:
        SpecError: for what is none of `FORMATS`.
    """
    if formats is None:
        return None
    names = formats.split(",") if isinstance(formats, str) else list(formats)
    asked = [str(name).strip().lower().removeprefix(".") for name in names]
    unknown = [name for name in asked if name not in FORMATS]
    if unknown or not asked:
        raise SpecError(
            f"`formats` must name kinds of file of figures: {', '.join(FORMATS)}. "
            f"Received: {', '.join(map(repr, unknown)) or 'none'}."
        )
    return tuple(name for name in FORMATS if name in asked)


def kinds_of(figure: str, formats: Sequence[str]) -> tuple[str, ...]:
    """Return what a figure is written as, in the order of `FORMATS`.

    Args:
        figure: name of its files, without ending.
        formats: that were asked for of all figures.
    """
    wanted = {SHOWN, NAMED.get(figure, SHOWN), *formats}
    return tuple(kind for kind in FORMATS if kind in wanted)
