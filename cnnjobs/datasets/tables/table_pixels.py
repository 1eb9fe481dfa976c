"""Tables that hold pixels instead of names of pictures: how they become arrays."""

import math
import re

from cnnjobs.datasets.tables.table_file import Table

_PIXEL = re.compile(r"(?:pixel|px|p|x)?[ _.-]?\d+(?:x\d+)?", re.IGNORECASE)
_PIXELS = re.compile(r"\s*\d+(?:\s+\d+){15,}\s*")

FEWEST = 16
"""Columns of pixels that a table of pixels has at least."""


def pixels_advice(table: Table) -> str:
    """Return how to save the pixels of a table as arrays; nothing for a table that holds none.

    Args:
        table: with a column a pixel, or with all pixels of a picture as numbers in one column.
    """
    plain = table.plain()
    columns = [name for name in plain if _PIXEL.fullmatch(name)]
    inline = [name for name in plain if name not in columns and any(map(_PIXELS.fullmatch, table.first(name, 1)))]
    if len(columns) >= FEWEST:
        count, others = len(columns), [name for name in plain if name not in columns]
        values = f"t.drop(columns={others!r}).to_numpy()"
    elif inline:
        count, others = len(table.first(inline[0], 1)[0].split()), [name for name in plain if name != inline[0]]
        values = f"np.array([p.split() for p in t[{inline[0]!r}]], 'uint8')"
    else:
        return ""
    label = others[0] if others else "label"
    return (
        "Save them as arrays, and use that file as data set: import numpy as np, pandas as pd; "
        f"t = pd.read_csv({str(table.file)!r}); np.savez('pixels.npz', x_train={values}.reshape({_shape(count)}), "
        f"y_train=t[{label!r}])"
    )


def _shape(count: int) -> str:
    """Return the shape of pictures of so many values, square ones, in grey if they can be."""
    for channels, more in ((1, ""), (3, ", 3")):
        side = math.isqrt(count // channels)
        if side * side * channels == count:
            return f"-1, {side}, {side}{more}"
    return "-1, HEIGHT, WIDTH"
