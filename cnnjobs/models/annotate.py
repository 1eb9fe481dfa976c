"""Pictures with what a network says of them written below."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cnnjobs.datasets.pictures.pictures import Reading, open_as_shown
from cnnjobs.errors import StoreError
from cnnjobs.files.uris import is_uri
from cnnjobs.models.predict import Answer
from cnnjobs.wording.sentences import cause

LEAST_SIDE, MOST_SIDE = 320, 1600
"""Pixels: smaller pictures are enlarged so that the text can be read, larger ones made smaller."""

COLORS = {True: "#1a7f37", False: "#b42318", None: "#333333"}
"""Of the strip below the picture: right, wrong, not known."""


def check_folder(folder: Path, pictures: Sequence[str]) -> None:
    """Raise a StoreError if annotated pictures in `folder` could replace, or become, pictures that are asked about."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"`annotate` must be a folder. Received: {folder}, which is none.")
    target = folder.resolve()
    for picture in pictures:
        if is_uri(picture):
            continue
        place = Path(picture).resolve()
        inside = place if place.is_dir() else place.parent
        if target == inside or (place.is_dir() and target.is_relative_to(place)):
            raise StoreError(
                f"`annotate` must be another folder than that of the pictures, so that none is written over. "
                f"Received: {folder}, and {picture}."
            )


def annotate(answer: Answer, folder: Path, taken: set[str], reading: Reading | None = None) -> Path:
    """Write the picture with label, probability and, where the truth is known, right or wrong; return its path.

    Args:
        answer: of a picture that could be read.
        folder: where it goes.
        taken: names that are used already; the new one is added.
        reading: how it was read; None for how pictures are by default.

    Raises:
        StoreError: if it cannot be written.
    """
    picture = _widened(_sized(open_as_shown(answer.file, reading)[0]))
    font = ImageFont.load_default(size=max(14, picture.width // 22))
    text = _wrapped(_text(answer), font, picture.width - 16)
    left, top, _, bottom = ImageDraw.Draw(picture).multiline_textbbox((0, 0), text, font=font)
    sheet = Image.new("RGB", (picture.width, picture.height + int(bottom - top) + 20), COLORS[answer.right])
    sheet.paste(picture)
    ImageDraw.Draw(sheet).multiline_text((8 - left, picture.height + 10 - top), text, "white", font=font)
    path = folder / _free_name(answer.path, taken)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sheet.save(path)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {cause(error)}.") from error
    return path


def _sized(picture: Image.Image) -> Image.Image:
    """Return the picture with its longer side within bounds; small ones keep their pixels visible."""
    side = max(picture.size)
    if LEAST_SIDE <= side <= MOST_SIDE:
        return picture
    small = side < LEAST_SIDE
    scale = -(-LEAST_SIDE // side) if small else MOST_SIDE / side
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS)


def _widened(picture: Image.Image) -> Image.Image:
    """Return the picture on a ground that is wide enough for text."""
    if picture.width >= LEAST_SIDE:
        return picture
    ground = Image.new("RGB", (LEAST_SIDE, picture.height), "white")
    ground.paste(picture, ((LEAST_SIDE - picture.width) // 2, 0))
    return ground


def _text(answer: Answer) -> str:
    label, probability = answer.top[0]
    return f"{label} {probability:.1%}" + (f", {answer.outcome}" if answer.outcome else "")


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Break text into lines of at most `width` pixels where it has spaces."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _free_name(path: str, taken: set[str]) -> str:
    """Return a name for the annotated picture, as PNG, unlike those taken."""
    place = Path(path)
    name, number = f"{place.stem}.png", 2
    if name in taken:
        name = f"{place.absolute().parent.name}-{place.stem}.png"
    while name in taken:
        name, number = f"{place.stem}-{number}.png", number + 1
    taken.add(name)
    return name
