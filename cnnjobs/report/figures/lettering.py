"""Text of figures: drawn as it is written, and fitted to the room it has."""

import functools
from unicodedata import combining

import matplotlib.font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from cnnjobs.wording.terminal import visible

FONT, SMALL_FONT = 10, 9
"""Sizes of titles and axes, and the least of what is to be read, points."""

WIDTH = 5.5
"""Of most figures, inches: on a page 390 pixels wide the smallest letters are 8 pixels high."""

OTHER_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic"),
    *("Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans Devanagari", "Nirmala UI"),
    *("Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Leelawadee UI", "Noto Sans Arabic"),
    *("Noto Sans Hebrew", "Arial Unicode MS", "Noto Emoji", "Noto Sans Symbols", "Symbola", "Unifont"),
)
"""Fonts that have letters which Matplotlib's own lacks; those that are installed are used for them, in this order."""

ROOM = 1.04
"""Letters are taken to be so much wider than the font says: hinting makes some wider when they are drawn."""

BOLD = 1.13
"""How much wider bold letters are."""

LACKED = 1.16
"""How wide the box is, in sizes of the font, that stands for a letter which no font here has; no letter is wider."""

CUT = "\u2026"


@functools.cache
def fonts() -> tuple[str, ...]:
    """Return the names of the fonts that text is drawn with, each for the letters that those before lack."""
    installed = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in OTHER_FONTS if name in installed))


def lacks_letters(name: str) -> bool:
    """Say whether a name has letters that no font here has, which are drawn as boxes."""
    return any(not _is_drawn(letter) for letter in name if not letter.isspace())


@functools.cache
def _files() -> tuple[FT2Font, ...]:
    families = (matplotlib.font_manager.FontProperties(family=name) for name in fonts())
    return tuple(matplotlib.font_manager.get_font(matplotlib.font_manager.findfont(family)) for family in families)


@functools.cache
def _is_drawn(letter: str) -> bool:
    return any(file.get_char_index(ord(letter)) for file in _files())


@functools.cache
def _advance(letter: str) -> float:
    """Return how wide a letter is, in sizes of the font."""
    if combining(letter):
        return 0.0
    file = next((file for file in _files() if file.get_char_index(ord(letter))), None)
    if file is None:
        return LACKED
    file.set_size(100, 72)
    glyph = file.load_glyph(file.get_char_index(ord(letter)), LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance / 65536 / 100)


def width_of(words: str, size: float = FONT, *, bold: bool = False) -> float:
    """Return how much room a line of text takes, inches.

    Args:
        words: as they are shown.
        size: of the letters, points.
        bold: whether they are bold.
    """
    return ROOM * (BOLD if bold else 1) * size / 72 * sum(map(_advance, words))


def text(name: str) -> str:
    """Return a name so that it is drawn as it is: Matplotlib takes what stands between dollar signs for formulas.

    What no file of a figure can hold, as of names that are not UTF-8, is drawn as the terminal shows it.
    """
    return visible(name).replace("$", r"\$")


def fitted(words: str, width: float, size: float = FONT, most: int = 1, *, bold: bool = False) -> str:
    """Return words as `text` does, in the lines of `broken`.

    Args:
        words: with line ends where lines must end.
        width: inches.
        size: of the letters, points.
        most: lines.
        bold: whether they are bold.
    """
    return text("\n".join(broken(words, width, size, most, bold=bold)))


def broken(words: str, width: float, size: float, most: int, *, bold: bool = False) -> list[str]:
    """Return words in lines that have room in a width; what is too long is cut before its end.

    Names that differ often differ in their ends, so the end is kept.

    Args:
        words: with line ends where lines must end.
        width: inches.
        size: of the letters, points.
        most: lines.
        bold: whether they are bold.
    """
    room = width / width_of("0", size, bold=bold) * _advance("0")  # in sizes of the font
    lines = [line for part in visible(words).split("\n") for line in _broken(part, room)]
    if len(lines) > most:
        whole = " ".join(visible(words).split())
        kept = _first(whole, room / 2 - _advance(CUT)) if most == 1 else ""
        lines = [*lines[: most - 1], f"{kept.rstrip()}{CUT}{_last(whole, room - _room(kept) - _advance(CUT)).lstrip()}"]
    return lines


def ending(words: str, width: float, size: float) -> str:
    """Return as much of the end of words as has room in a width in inches: of a path it says most."""
    room = width / width_of("0", size) * _advance("0")
    return words if _room(words) <= room else CUT + _last(words, room - _advance(CUT))


def fits(words: str, width: float, size: float = FONT, most: int = 1) -> bool:
    """Say whether words have room in so many lines of a width, and none is broken within a word."""
    room = width / width_of("0", size) * _advance("0")
    return len(broken(words, width, size, most + 1)) <= most and all(
        _room(word) <= room for word in visible(words).split()
    )


def line_height(size: float) -> float:
    """Return the height of a line of text, inches."""
    return 1.25 * size / 72


def _room(words: str) -> float:
    return sum(map(_advance, words))


def _broken(words: str, room: float) -> list[str]:
    """Return lines broken at spaces, and within words that are longer than a line."""
    lines = [""]
    for word in words.split():
        rest = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and _room(rest) > room:
            lines.append("")
            rest = word
        while _room(rest) > room and len(rest) > 1:
            lines[-1] = _first(rest, room) or rest[:1]
            rest = rest[len(lines[-1]) :]
            lines.append("")
        lines[-1] = rest
    return lines


def _first(words: str, room: float) -> str:
    """Return as much of the beginning as has room."""
    for count, _ in enumerate(words):
        room -= _advance(words[count])
        if room < 0:
            return words[:count]
    return words


def _last(words: str, room: float) -> str:
    return _first(words[::-1], room)[::-1]
