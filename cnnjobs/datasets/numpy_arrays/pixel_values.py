"""The pixels of arrays of any numeric type as uint8, or as float32 in [0, 1], and what to say of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.numpy_arrays.array_origin import ArrayOrigin
from cnnjobs.datasets.numpy_arrays.npz_file import Array
from cnnjobs.datasets.pictures.value_ranges import Span, range_of
from cnnjobs.errors import DatasetError
from cnnjobs.process.machine import free_bytes
from cnnjobs.wording.sizes import data_size

Images = NDArray[np.generic]

BYTES: tuple[float, float] = (0, 255)
"""Black and white of uint8."""

SURE = (BYTES, (0, 1), (-1, 1))
"""Scales that are told from any file of their kind."""

NARROW = 1 / 8
"""Share of the way from black to white below which a note says that pictures have little contrast."""

_AT_ONCE = 1 << 24
"""Bytes converted at a time, so that no second copy of a large array is made on the way."""


@dataclass(frozen=True)
class Pixels:
    """Arrays as they are trained on.

    Args:
        parts: name of the array -> (n, height, width, channels) uint8, or float32 in [0, 1].
        value_range: the values that became black and white; None where nothing was converted.
        notes: what was done, and what looks wrong.
    """

    parts: Mapping[str, Images]
    value_range: tuple[float, float] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Span:
    """Type, least and greatest value of an array."""

    key: str
    dtype: np.dtype[Any]
    low: float
    high: float

    @property
    def is_unit(self) -> bool:
        return self.dtype.kind == "f" and self.low >= 0 and self.high <= 1

    @property
    def text(self) -> str:
        return f"{self.key} is {self.dtype} from {self.low:.7g} to {self.high:.7g}"


def read_pixels(arrays: Mapping[str, Array], value_range: tuple[float, float] | None, origin: ArrayOrigin) -> Pixels:
    """Return the arrays on one scale: uint8 and floats in [0, 1] as they are, all others converted.

    Args:
        arrays: name -> (n, height, width) or (n, height, width, channels), of one data set.
        value_range: the values of black and white; None to tell them from the arrays.
        origin: of the arrays, for messages.

    Raises:
        DatasetError: shapes of no pictures, values that are no numbers or not finite, parts on different scales.
    """
    spans = [_span(array, key, origin) for key, array in arrays.items()]
    images = {key: _four_axes(array, key, origin) for key, array in arrays.items()}
    if value_range is None:
        _check_alike(spans, origin)
        as_they_are = _as_they_are(images, spans)
        if as_they_are is not None:
            known = (0, 1) if spans[0].is_unit else BYTES
            return Pixels(as_they_are, None, tuple(_narrow(spans, known, origin)))
    scale = value_range or _scale(spans, images)
    whole = scale == BYTES and all(span.low >= 0 and span.high <= 255 for span in spans)
    as_bytes = whole and all(_is_whole(image) for image in images.values())
    if not as_bytes:
        _check_memory(images, origin)
    parts = {key: image.astype(np.uint8) if as_bytes else _scaled(image, scale) for key, image in images.items()}
    about = [] if value_range else [_converted(spans, scale, origin)]
    return Pixels(parts, scale, (*about, *_clipped(images, spans, scale, origin), *_narrow(spans, scale, origin)))


def _span(array: Array, key: str, origin: ArrayOrigin) -> _Span:
    """Return type and range of an array of finite numbers."""
    kind: str = array.dtype.kind
    if kind not in "buif":
        raise DatasetError(
            f"{origin}: {key} must be real numbers: integers, floats or booleans. Received: {array.dtype}."
            + (f" If they are numbers written as text: {key} = {key}.astype('float32')." if kind in "US" else "")
        )
    if array.size == 0:
        raise DatasetError(f"{origin}: {key} must have pictures in it. Received: shape {array.shape}.")
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise DatasetError(_not_finite(array, key, origin))
    return _Span(key, array.dtype, low, high)


def _not_finite(array: Array, key: str, origin: ArrayOrigin) -> str:
    """Say how many pictures have NaN or infinity, and how to be rid of them."""
    finite = np.isfinite(array)
    axes = tuple(range(1, array.ndim))
    good = int(finite.all(axis=axes).sum())
    count = f"{len(array) - good:,} of {len(array):,} pictures"
    text = f"{origin}: {key} must be finite. Received: NaN or infinity in {count}."
    if not finite.any():
        return text
    known: Any = array[finite]
    low, high = f"{known.min()!s}", f"{known.max()!s}"
    labels = key.replace("x_", "y_")
    leave_out = (
        f" To leave them out: keep = np.isfinite({key}).all(axis={axes}); "
        f"{key}, {labels} = {key}[keep], {labels}[keep]. "
    )
    repair = f"{key} = np.nan_to_num({key}, nan={low}, posinf={high}, neginf={low})"
    return f"{text}{leave_out if good else ' '}To make such pixels black{' instead' if good else ''}: {repair}."


def _four_axes(array: Array, key: str, origin: ArrayOrigin) -> Images:
    """Return (n, height, width, channels)."""
    images = array[..., np.newaxis] if array.ndim == 3 else array
    if images.ndim == 4 and images.shape[3] in (1, 3):
        return images
    raise DatasetError(
        f"{origin}: {key} must be (n, height, width) or (n, height, width, channels) with 1 or 3 channels. "
        f"Received: {array.shape}.{_other_order(array, key)}"
    )


def _other_order(array: Array, key: str) -> str:
    """Return what makes pictures of arrays in another usual order; nothing where none is known."""
    if array.ndim == 4 and array.shape[1] in (1, 3):
        return f" If the channels come first: {key} = np.moveaxis({key}, 1, -1)."
    if array.ndim == 4 and array.shape[3] == 4:
        return f" If the fourth channel is transparency: {key} = {key}[..., :3]."
    if array.ndim == 4 and array.shape[3] == 2:
        return f" If the second channel is transparency: {key} = {key}[..., :1]."
    if array.ndim != 2:
        return ""
    for channels in (1, 3):
        side = round((array.shape[1] / channels) ** 0.5)
        if side and side * side * channels == array.shape[1]:
            shape = f"{side}, {side}" + (", 3" if channels == 3 else "")
            return f" If the rows of each picture lie one after the other: {key} = {key}.reshape(-1, {shape})."
    return ""


def _check_alike(spans: list[_Span], origin: ArrayOrigin) -> None:
    """Refuse one part in [0, 1] beside one that is not: one scale for both would make black of one."""
    units = [span for span in spans if span.is_unit]
    others = [span for span in spans if not span.is_unit and (span.high > 2 or span.low < -0.5)]
    if not units or not others:
        return
    other = others[0]
    if other.low >= 0 and other.high <= 255:
        what = f"Divide {other.key} by 255: {other.key} = {other.key} / 255."
    elif other.low >= -1 and other.high <= 1:
        what = f"Bring {other.key} to [0, 1] as well: {other.key} = ({other.key} + 1) / 2."
    else:
        what = "Save both as they were before one of them was scaled."
    raise DatasetError(
        f"{origin}: train and test images must be on one scale. Received: {units[0].text}, but {other.text}. {what}"
    )


def _as_they_are(images: Mapping[str, Images], spans: list[_Span]) -> Mapping[str, Images] | None:
    """Return arrays whose black and white are known by their type; None for others."""
    if all(span.dtype == np.uint8 for span in spans):
        return images
    if all(span.is_unit for span in spans):
        return {key: image.astype(np.float32) for key, image in images.items()}
    return None


def _scale(spans: list[_Span], images: Mapping[str, Images]) -> tuple[float, float]:
    """Return the values of black and white of other arrays: those of a usual scale, or the least and the greatest."""
    low, high = min(span.low for span in spans), max(span.high for span in spans)
    if low < 0 and (low < -1 or high > 1) and all(span.dtype == np.int8 for span in spans):
        return -128, 127
    return range_of(Span(low, high, low >= 0 and all(_is_whole(image) for image in images.values())))


def _is_whole(images: Images) -> bool:
    """Say whether all values are whole numbers."""
    return images.dtype.kind in "bui" or all((piece == np.floor(piece)).all() for piece in _pieces(images))


def _pieces(images: Images) -> Iterator[NDArray[np.float64]]:
    """Yield the pictures as float64, a few at a time."""
    step = max(1, _AT_ONCE // (8 * int(np.prod(images.shape[1:]))))
    for start in range(0, len(images), step):
        yield images[start : start + step].astype(np.float64)


def _check_memory(images: Mapping[str, Images], origin: ArrayOrigin) -> None:
    """Refuse what would not fit the memory as float32."""
    size, free = 4 * sum(image.size for image in images.values()), free_bytes()
    if size > free:
        raise DatasetError(
            f"{origin}: the pictures take {data_size(size)} as float32; {data_size(free)} of memory are free. Save "
            "them as uint8 from 0 to 255, use fewer or smaller pictures, or a larger machine."
        )


def _scaled(images: Images, scale: tuple[float, float]) -> NDArray[np.float32]:
    """Return float32: 0 for black, 1 for white, what lies outside clipped."""
    black, white = (value / 2 for value in scale)  # halves, because the difference of two floats may overflow
    scaled, done = np.empty(images.shape, np.float32), 0
    for piece in _pieces(images):
        scaled[done : done + len(piece)] = np.clip((piece / 2 - black) / (white - black), 0, 1)
        done += len(piece)
    return scaled


def _converted(spans: list[_Span], scale: tuple[float, float], origin: ArrayOrigin) -> str:
    """Say what was made of the values."""
    low, high = min(span.low for span in spans), max(span.high for span in spans)
    received = " and ".join(span.text for span in spans)
    black, white = map(_number, scale)
    text = f"{origin.name}: {received}: {black} is taken as black and {white} as white"
    if scale in SURE or ((low, high) != scale and (min(low, 0), high) != scale):
        return f"{text}. If other values are meant, name them in the job file: dataset={_as_written(origin, scale)}"
    return (
        f"{text}, the least and greatest value of these arrays. Name them in the job file, so that other pictures are "
        f"read in the same way: dataset={_as_written(origin, scale)}"
    )


def _clipped(
    images: Mapping[str, Images], spans: list[_Span], scale: tuple[float, float], origin: ArrayOrigin
) -> Iterator[str]:
    """Say how many values lie outside of a scale that was named."""
    black, white = scale
    slack = (white - black) * 1e-6
    for span in spans:
        if span.low < black - slack or span.high > white + slack:
            outside = sum(int(((piece < black) | (piece > white)).sum()) for piece in _pieces(images[span.key]))
            yield (
                f"{origin.name}: {outside:,} of {images[span.key].size:,} values of {span.key} lie outside of "
                f"`value_range` {_number(black)} to {_number(white)} and were clipped: {span.text}"
            )


def _narrow(spans: list[_Span], scale: tuple[float, float], origin: ArrayOrigin) -> Iterator[str]:
    """Say which arrays use little of the way from black to white."""
    for span in spans:
        if span.high - span.low >= NARROW * (scale[1] - scale[0]):
            continue
        place = f"{origin.name}: {span.text}, and {_number(scale[0])} is black, {_number(scale[1])} white"
        if span.high == span.low:
            yield f"{place}: all its pixels are the same"
            continue
        whole = span.dtype.kind in "bui"
        lost = ". If they were floats in [0, 1] before .astype, their grey levels are lost: save the floats"
        twice = " (divided by 255 twice?)" if not whole and span.high <= 1.001 / 255 else ""
        low = 0 if 0 <= span.low <= span.high / 2 else span.low
        yield (
            f"{place}: its pictures have hardly any contrast{twice}. To use the whole range from black to white: "
            f"dataset={_as_written(origin, (low, span.high))}{lost if whole and span.high <= 1 else ''}"
        )


def _as_written(origin: ArrayOrigin, scale: tuple[float, float]) -> str:
    return origin.with_range(*map(_number, scale))


def _number(value: float) -> str:
    """Return a number as one writes it, exact where it is whole."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.9g}"
