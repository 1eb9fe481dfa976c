"""Encoded pictures, decoded on all cores."""

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnjobs.datasets.contents import Contents
from cnnjobs.datasets.pictures import picture_size, read_picture
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError
from cnnjobs.sentences import cause, clause

CHUNK = 256
"""Pictures a thread decodes at a stretch."""

MIXED_SIZE = (96, 96)
"""Size for pictures of different sizes when the user names none."""


def decode_all(
    contents: Contents, indices: Sequence[int], size: tuple[int, int], on_progress: OnProgress
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], dict[int, str]]:
    """Return images (n, height, width, 3), which are grey (n,), and why the broken ones are broken.

    Args:
        contents: the pictures.
        indices: which of them, (n,).
        size: (height, width) that every picture becomes.
        on_progress: called with (what is going on, done, total).

    Returns:
        Keys of the broken ones are places in `indices`.

    Raises:
        DatasetError: if they do not fit the memory.
    """
    try:
        images = np.zeros((len(indices), *size, 3), dtype=np.uint8)
    except MemoryError as error:
        raise DatasetError(
            f"{len(indices):,} pictures of {size[0]} x {size[1]} pixels do not fit the memory: {cause(error)}. "
            "Use a smaller `size` or `image_size`."
        ) from error
    grey = np.zeros(len(indices), dtype=np.bool_)
    broken: dict[int, str] = {}

    def decode(chunk: range) -> int:
        for place in chunk:
            source: object = ""
            try:
                source = contents.open(indices[place])
                images[place], grey[place] = read_picture(source, size)
            except DatasetError:  # what is far cannot be had, whatever it is
                raise
            except Exception as error:  # Pillow raises many kinds for what is no picture
                broken[place] = _reason(error, source, contents.name(indices[place]))
        return chunk.stop

    chunks = [range(start, min(start + CHUNK, len(indices))) for start in range(0, len(indices), CHUNK)]
    with warnings.catch_warnings():  # around all threads: what it changes is shared by them
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow releases the GIL while it decodes
            for done in pool.map(decode, chunks):
                on_progress("decoding pictures", done, len(indices))
    return images, grey, dict(sorted(broken.items()))


def common_size(contents: Contents) -> tuple[int, int]:
    """Return (height, width) that all pictures have, or else `MIXED_SIZE`."""
    first: tuple[int, int] | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
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
    return reason


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
