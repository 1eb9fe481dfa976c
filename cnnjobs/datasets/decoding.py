"""Pictures of a folder, decoded on all cores."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.picture_files import Picture
from cnnjobs.datasets.pictures import read_picture
from cnnjobs.datasets.source import OnProgress
from cnnjobs.errors import DatasetError
from cnnjobs.sentences import cause, clause

CHUNK = 256
"""Pictures a thread decodes at a stretch."""


def decode_all(
    pictures: Sequence[Picture], size: tuple[int, int], on_progress: OnProgress
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], dict[str, str]]:
    """Return images (n, height, width, 3), which are grey (n,), and why the broken ones are broken.

    Raises:
        DatasetError: if they do not fit the memory.
    """
    try:
        images = np.zeros((len(pictures), *size, 3), dtype=np.uint8)
    except MemoryError as error:
        raise DatasetError(
            f"{len(pictures):,} pictures of {size[0]} x {size[1]} pixels do not fit the memory: {cause(error)}. "
            "Use a smaller `size` or `image_size`."
        ) from error
    grey = np.zeros(len(pictures), dtype=np.bool_)
    broken: dict[str, str] = {}

    def decode(chunk: range) -> int:
        for index in chunk:
            path = pictures[index].path
            try:
                images[index], grey[index] = read_picture(path, size)
            except Exception as error:  # Pillow raises many kinds for what is no picture
                broken[path] = cause(error).replace(path, path.rpartition("/")[2])
        return chunk.stop

    chunks = [range(start, min(start + CHUNK, len(pictures))) for start in range(0, len(pictures), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow releases the GIL while it decodes
        for done in pool.map(decode, chunks):
            on_progress("decoding pictures", done, len(pictures))
    return images, grey, dict(sorted(broken.items()))


def broken_text(root: Path, broken: Mapping[str, str], what: str) -> str:
    """Return which pictures of a folder are broken and why, the first five by name."""
    shown = [f"{os.path.relpath(path, root)} ({clause(reason)})" for path, reason in list(broken.items())[:5]]
    more = f" and {len(broken) - len(shown)} more" if len(broken) > len(shown) else ""
    noun = "picture" if len(broken) == 1 else "pictures"
    text = f"{root.name}: {len(broken)} {noun} {what}: {'; '.join(shown)}{more}"
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name need not be UTF-8
