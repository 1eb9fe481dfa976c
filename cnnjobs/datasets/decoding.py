"""Encoded pictures, decoded on all cores."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.contents import Contents
from cnnjobs.datasets.picture_pixels import Facts
from cnnjobs.datasets.pictures import Reading, picture_size, quiet_pillow, read_picture
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError
from cnnjobs.sentences import cause, clause

CHUNK = 256
"""Pictures a thread decodes at a stretch."""

MIXED_SIZE = (96, 96)
"""Size for pictures of different sizes when the user names none."""


@dataclass
class Decoded:
    """Pictures that have been decoded.

    Args:
        images: (n, height, width, 3) uint8.
        facts: what is known of each, (n,); of a broken one it says nothing.
        broken: places of the broken ones, from 0 to n - 1 -> why.
        reading: how they were read.
        notes: what a person should know.
    """

    images: NDArray[np.uint8]
    facts: list[Facts]
    broken: dict[int, str]
    reading: Reading
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> NDArray[np.int64]:
        """The places of those that are not broken."""
        return np.array([place for place in range(len(self.facts)) if place not in self.broken], dtype=np.int64)

    @property
    def is_grey(self) -> bool:
        """Whether all of them are grey."""
        return all(self.facts[place].grey for place in self.good)


def decode_all(contents: Contents, indices: Sequence[int], reading: Reading, on_progress: OnProgress) -> Decoded:
    """Return pictures of one size.

    Args:
        contents: the pictures.
        indices: which of them, (n,).
        reading: how each is read.
        on_progress: called with (what is going on, done, total).

    Raises:
        DatasetError: if they do not fit the memory.
    """
    size = reading.size
    try:
        images = np.zeros((len(indices), *size, 3), dtype=np.uint8)
    except MemoryError as error:
        raise DatasetError(
            f"{len(indices):,} pictures of {size[0]} x {size[1]} pixels do not fit the memory: {cause(error)}. "
            "Use a smaller `size` or `image_size`."
        ) from error
    facts = [Facts(grey=False)] * len(indices)
    broken: dict[int, str] = {}

    def decode(chunk: range) -> int:
        for place in chunk:
            source: object = ""
            try:
                source = contents.open(indices[place])
                images[place], facts[place] = read_picture(source, reading)
            except DatasetError:  # what is far cannot be had, whatever it is
                raise
            except Exception as error:  # Pillow raises many kinds for what is no picture
                broken[place] = _reason(error, source, contents.name(indices[place]))
        return chunk.stop

    chunks = [range(start, min(start + CHUNK, len(indices))) for start in range(0, len(indices), CHUNK)]
    with quiet_pillow(), ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow releases the GIL while it decodes
        for done in pool.map(decode, chunks):
            on_progress("decoding pictures", done, len(indices))
    return Decoded(images, facts, dict(sorted(broken.items())), reading)


def with_range(
    decoded: Decoded, contents: Contents, indices: Sequence[int], value_range: tuple[float, float]
) -> Decoded:
    """Return pictures with those decoded again that have more than 8 bits, with other values as black and white.

    Args:
        decoded: the pictures.
        contents: what they were decoded from.
        indices: their numbers in it.
        value_range: the values of black and white.
    """
    reading = replace(decoded.reading, value_range=value_range)
    spans = {place: decoded.facts[place].span for place in decoded.good.tolist()}
    deep = [place for place, span in spans.items() if span is not None and span.read_as != value_range]
    again = decode_all(contents, [indices[place] for place in deep], reading, lambda *_: None)
    decoded.images[deep] = again.images
    broken = decoded.broken | {deep[place]: reason for place, reason in again.broken.items()}
    return replace(decoded, broken=broken, reading=reading)


def common_size(contents: Contents) -> tuple[int, int]:
    """Return (height, width) that all pictures have, or else `MIXED_SIZE`."""
    first: tuple[int, int] | None = None
    with quiet_pillow():
        for index in range(len(contents)):
            try:
                size = picture_size(contents.open(index))
            except Exception:  # a broken picture is reported when it is decoded
                continue
            if first is not None and size != first:
                return MIXED_SIZE
            first = size
    return first or MIXED_SIZE


def _reason(error: Exception, source: object, name: str) -> str:
    """Return why a picture is broken; what opened it need not be named twice."""
    reason = cause(error)
    if isinstance(source, str) and source:
        return reason.replace(source, name.rpartition("/")[2])
    return reason.replace(f" {source!r}", "")


def broken_text(name: str, broken: Mapping[str, str], what: str) -> str:
    """Return which pictures of a data set are broken and why, the first five by name.

    Args:
        name: of the data set.
        broken: name of a picture -> why.
        what: is said of them.
    """
    shown = [f"{picture} ({clause(reason)})" for picture, reason in list(broken.items())[:5]]
    more = f" and {len(broken) - len(shown)} more" if len(broken) > len(shown) else ""
    noun = "picture" if len(broken) == 1 else "pictures"
    text = f"{name}: {len(broken)} {noun} {what}: {'; '.join(shown)}{more}"
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name need not be UTF-8
