"""Pairs of pictures that look alike: encoded anew, in another size, brighter or cut a little; by a perceptual hash.

The hash is that of Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010, section 3.2.1: of
the picture in grey, made small, the 8 x 8 lowest frequencies of the discrete cosine transform, a bit each, set where it
is above their median. Hashes that differ in few bits only suggest a pair. The correlation of the two small pictures
decides, and, unless that is very high, how few other pictures are nearly as close: a fixed bound alone cannot tell the
ones of MNIST, which are all alike, from the copies in CIFAR-10.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import PIECE_BYTES, Images, pieces

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
OnProgress = Callable[[str, int, int], None]

SIDE, LOWEST = 32, 8
"""Longest sides of the small picture, and of its frequencies that are hashed."""

LEAST_SIDE = 16
"""Smaller pictures hold too little to tell what is alike: of 1,797 digits of 8 x 8 pixels 132 pairs were found."""

MOST_BITS = 10
"""Hashes of 64 bits that differ in more than these are of different pictures."""

SURELY_ALIKE = 0.98
"""Two pictures with such a correlation are alike, however many others are as well."""

ALIKE = 0.94
"""Two pictures with such a correlation are alike if few others are nearly so."""

NEARLY, FEW = 3.0, 3
"""`ALIKE` is enough where no more than `FEW` pictures are within `NEARLY` times the difference of the two, which is
one less the correlation. Of 10,000 pictures of MNIST this leaves 15 pairs; with 0.94 alone there were 2,274."""

LEAST_CONTRAST = 4.0
"""SD of the grey values below which a picture is too flat to be compared, of 255."""

MOST_COLOR = 64.0
"""Mean colours that differ by more than this in a channel are of different pictures, of 255."""

MOST_PAIRS = 2_000_000
"""The search ends with so many: most pictures are alike then, which fewer show as well."""

CHUNK = 1024
"""Pairs that are compared at once."""

TILE = (128, 4096)
"""Hashes that are compared at once: their differences fit into the cache of a core."""


@dataclass(frozen=True)
class Alike:
    """Pairs of pictures that look alike.

    Args:
        pairs: (n, 2) rows, the first below the second.
        likeness: (n,) correlation of their grey values.
        compared: how many pictures were compared with all others; fewer than there are if the search ended.
        flat: how many pictures have too little contrast to be compared.
    """

    pairs: Rows
    likeness: Floats
    compared: int
    flat: int


def alike(parts: Sequence[Images], on_progress: OnProgress) -> Alike:
    """Return the pairs of pictures that look alike, those that are the same pixel for pixel among them.

    Colours are only compared in the mean. Mirrored and turned copies are not found. 60,000 pictures of 32 x 32 take
    three seconds; from some 200,000 on the time grows with the square of their number.

    Args:
        parts: pictures (n, height, width, 1 or 3) of one shape; uint8, or floats in [0, 1]. Rows count through them.
        on_progress: called with (what is going on, done, total).
    """
    count = sum(map(len, parts))
    if not count or min(parts[0].shape[1:3]) < LEAST_SIDE:
        return Alike(np.zeros((0, 2), np.int64), np.zeros(0, np.float32), 0, 0)
    reduced = _reduced(parts, on_progress)
    rows = np.flatnonzero(reduced.contrast >= LEAST_CONTRAST)
    pairs, compared = _candidates(reduced, rows, on_progress)
    likeness = _correlations(parts, pairs, on_progress)
    stands_out = _close_by(pairs, likeness, count) <= FEW
    kept = (likeness >= SURELY_ALIKE) | (likeness >= ALIKE) & stands_out
    return Alike(pairs[kept], likeness[kept], compared, count - len(rows))


@dataclass(frozen=True)
class _Reduced:
    """What is kept of n pictures: (n,) uint64 hashes, (n, 64) low frequencies, (n,) contrast, (n, channels) colour."""

    hashes: NDArray[np.uint64]
    low: Floats
    contrast: Floats
    color: Floats

    def may_be_alike(self, pairs: Rows) -> NDArray[np.bool_]:
        """Say which pairs can have a correlation that counts: low frequencies are a part of the difference."""
        first, second = pairs.T
        apart = np.square(self.low[first] - self.low[second]).sum(axis=1)
        colors = np.abs(self.color[first] - self.color[second]).max(axis=1, initial=0)
        possible: NDArray[np.bool_] = (apart <= 2 * NEARLY * (1 - ALIKE)) & (colors <= MOST_COLOR)
        return possible


def _reduced(parts: Sequence[Images], on_progress: OnProgress) -> _Reduced:
    """Return hashes of all pictures, and what excludes that two are alike before they are compared."""
    found: list[tuple[Any, ...]] = []
    done, count = 0, sum(map(len, parts))
    for piece in (piece for part in parts for piece in pieces(part)):
        on_progress("reducing pictures", done, count)
        done += len(piece)
        pictures = _in_255(piece)
        small = _small(_grey(pictures))
        rows, columns = (_cosines(side) for side in small.shape[1:])
        low = (rows @ small @ columns.T).reshape(len(small), -1)
        bits = low > np.median(low[:, 1:], axis=1, keepdims=True)
        low[:, 0] = 0  # the mean
        norms = np.sqrt(np.square(small - small.mean(axis=(1, 2), keepdims=True)).sum(axis=(1, 2)))
        hashes = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
        low /= np.maximum(norms, 1e-6)[:, np.newaxis]
        found.append((hashes, low, norms / np.sqrt(small[0].size), pictures.mean(axis=(1, 2))))
    return _Reduced(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _in_255(images: NDArray[Any]) -> Floats:
    """Return pictures as float32 from 0 to 255."""
    return images.astype(np.float32) * np.float32(1 if images.dtype == np.uint8 else 255)


def _grey(images: Floats) -> Floats:
    """Return (n, height, width) grey values by the weights of ITU-R 601-2, as Pillow does."""
    if images.shape[-1] == 1:
        return images[..., 0]
    grey: Floats = images @ np.array([0.299, 0.587, 0.114], np.float32)
    return grey


def _small(grey: Floats) -> Floats:
    """Return pictures whose sides are at most `SIDE`: means over boxes of one size."""
    rows: Floats = np.matmul(_boxes(grey.shape[1]), grey, dtype=np.float32)
    small: Floats = np.matmul(rows, _boxes(grey.shape[2]).T, dtype=np.float32)
    return small


def _boxes(pixels: int) -> Floats:
    """Return (boxes, pixels) weights of the pixels of a line in each of at most `SIDE` boxes of one width."""
    count = min(SIDE, pixels)
    box, pixel = np.ogrid[:count, :pixels]
    inside = np.minimum((box + 1) * (pixels / count), pixel + 1) - np.maximum(box * (pixels / count), pixel)
    weights: Floats = (np.maximum(inside, 0) * (count / pixels)).astype(np.float32)
    return weights


def _cosines(side: int) -> Floats:
    """Return (LOWEST, side), the first rows of the orthonormal discrete cosine transform (DCT-II)."""
    order, place = np.ogrid[:LOWEST, :side]
    scale = np.sqrt(np.where(order == 0, 1, 2) / side)
    rows: Floats = (np.cos(np.pi / side * (place + 0.5) * order) * scale).astype(np.float32)
    return rows


def _candidates(reduced: _Reduced, rows: Rows, on_progress: OnProgress) -> tuple[Rows, int]:
    """Return (pairs, 2) rows that may be alike, and how many rows were compared with all others.

    Args:
        reduced: of all pictures.
        rows: those to compare.
        on_progress: called with (what is going on, done, total).
    """
    (across, along), hashes = TILE, reduced.hashes[rows]
    found, count = [np.zeros((0, 2), np.int64)], 0
    for top in range(0, len(rows), across):
        if count >= MOST_PAIRS:
            return np.concatenate(found), top
        if top % (64 * across) == 0:
            on_progress("comparing hashes", top, len(rows))
        for left in range(top, len(rows), along):
            differing = np.bitwise_count(hashes[top : top + across, np.newaxis] ^ hashes[left : left + along])
            near = np.flatnonzero(differing.ravel() <= MOST_BITS)
            if not len(near):
                continue
            places = np.stack(np.divmod(near, differing.shape[1]), axis=1) + np.array([top, left])
            pairs = rows[places[places[:, 1] > places[:, 0]]]
            found.append(pairs[reduced.may_be_alike(pairs)])
            count += len(found[-1])
    return np.concatenate(found), len(rows)


def _correlations(parts: Sequence[Images], pairs: Rows, on_progress: OnProgress) -> Floats:
    """Return (pairs,) correlations of the grey values of the small pictures."""
    found = [np.zeros(0, np.float32)]
    for start in range(0, len(pairs), CHUNK):
        if start % (64 * CHUNK) == 0:
            on_progress("comparing pictures", start, len(pairs))
        rows, places = np.unique(pairs[start : start + CHUNK], return_inverse=True)
        small = _small_rows(parts, rows)
        small -= small.mean(axis=1, keepdims=True)
        small /= np.linalg.norm(small, axis=1, keepdims=True)
        first, second = places.reshape(-1, 2).T
        found.append(np.einsum("ij,ij->i", small[first], small[second]))
    return np.concatenate(found)


def _small_rows(parts: Sequence[Images], rows: Rows) -> Floats:
    """Return (rows, pixels) small pictures in grey, of ascending rows."""
    found, first = [], 0
    for part in parts:
        own = rows[(rows >= first) & (rows < first + len(part))] - first
        at_once = max(1, PIECE_BYTES * len(part) // max(1, part.nbytes))
        found += [_small(_grey(_in_255(part[own[at : at + at_once]]))) for at in range(0, len(own), at_once)]
        first += len(part)
    return np.concatenate(found).reshape(len(rows), -1)


def _close_by(pairs: Rows, likeness: Floats, count: int) -> Rows:
    """Return (pairs,) how many pictures are within `NEARLY` times the difference of a pair, of the busier of the two.

    Args:
        pairs: (n, 2) rows.
        likeness: (n,) their correlations.
        count: of pictures.
    """
    rows = pairs.ravel()
    differences = np.repeat(1 - likeness.astype(np.float64), 2)
    order = np.lexsort((differences, rows))
    starts = np.searchsorted(rows[order], np.arange(count + 1))
    # One ascending line for a single search: each picture's differences, below 2, lie above those of the one before.
    line = differences[order] + 3.0 * rows[order]
    reach = np.minimum(NEARLY * differences, 2.5) + 3.0 * rows
    within: Rows = np.searchsorted(line, reach, side="right") - starts[rows]
    busier: Rows = within.reshape(pairs.shape).max(axis=1, initial=0)
    return busier
