"""The features of a `tf.train.Example`, read from its bytes: https://protobuf.dev/programming-guides/encoding/.

What a record holds is not copied: of a picture only its place in the record is told.
"""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, overload

MOST_VALUES = 1000
"""Numbers of a feature that are read; a label has one."""


class Bytes(Protocol):
    """Bytes that are read in pieces."""

    @overload
    def __getitem__(self, piece: int, /) -> int: ...

    @overload
    def __getitem__(self, piece: slice, /) -> bytes: ...

    def __getitem__(self, piece: Any, /) -> Any:
        """Return a byte, or some of them."""

    def __len__(self) -> int:
        """Return how many there are."""


@dataclass(frozen=True)
class Feature:
    """A feature of an example.

    Args:
        kind: "bytes", "floats" or "ints"; "" for an empty one.
        spans: (first, last + 1) byte of each of its values, where they are bytes.
        numbers: its values, where they are numbers.
    """

    kind: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    numbers: tuple[float, ...] = ()


KINDS = {1: "bytes", 2: "floats", 3: "ints"}
"""Number of the field of a feature -> kind."""


def features_of(record: Bytes, wanted: Collection[str] | None = None) -> dict[str, Feature]:
    """Return the features of an example by name; of a `SequenceExample` those of its context.

    Args:
        record: an example.
        wanted: names of those whose values are read; None for all.

    Raises:
        ValueError: if the record is no example.
        IndexError: the same.
    """
    found = {}
    for number, start, end in _fields(record, 0, len(record)):
        if number != 1 or end < 0:
            continue
        for entry, first, last in _fields(record, start, end):
            if entry == 1 and last >= 0:
                name, place = _entry(record, first, last)
                found[name] = _feature(record, *place) if wanted is None or name in wanted else Feature()
    return found


def _entry(record: Bytes, start: int, end: int) -> tuple[str, tuple[int, int]]:
    """Return the name of a feature, and where it is."""
    name, place = "", (end, end)
    for number, first, last in _fields(record, start, end):
        if number == 1:
            name = record[first:last].decode("utf-8")
        elif number == 2:
            place = (first, last)
    return name, place


def _feature(record: Bytes, start: int, end: int) -> Feature:
    """Return what a feature holds."""
    for number, first, last in _fields(record, start, end):
        if number == 1:
            return Feature("bytes", tuple((one, stop) for _, one, stop in _fields(record, first, last)))
        if number == 2:
            return Feature("floats", numbers=tuple(_floats(record, first, last)))
        if number == 3:
            return Feature("ints", numbers=tuple(_ints(record, first, last)))
    return Feature()


def _floats(record: Bytes, start: int, end: int) -> Iterator[float]:
    """Yield the first floats of a list, packed or not."""
    for _, first, last in _fields(record, start, end):
        count = min((last - first) // 4, MOST_VALUES)
        yield from struct.unpack(f"<{count}f", record[first : first + 4 * count])


def _ints(record: Bytes, start: int, end: int) -> Iterator[int]:
    """Yield the first whole numbers of a list, packed or not."""
    for _, first, last in _fields(record, start, end):
        if last < 0:
            yield _signed(first)
            continue
        piece, place = record[first : min(last, first + 10 * MOST_VALUES)], 0
        while place < len(piece):
            value, place = _varint(piece, place)
            yield _signed(value)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _fields(record: Bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, first byte, last + 1) of the fields of a message; (number, value, -1) of a varint.

    Raises:
        ValueError: if it is no message.
        IndexError: the same.
    """
    while start < end:
        tag, start = _varint(record, start)
        kind = tag & 7
        if kind == 2:
            size, start = _varint(record, start)
        elif kind == 0:
            value, start = _varint(record, start)
            yield tag >> 3, value, -1
            continue
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError("it is no tf.train.Example")
        stop = start + size
        if stop > end:
            raise ValueError("it is no tf.train.Example")
        yield tag >> 3, start, stop
        start = stop


def _varint(record: Bytes, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place after it."""
    value = record[place]
    place += 1
    if value < 0x80:
        return value, place
    value, shift = value & 0x7F, 7
    while shift < 70:
        byte = record[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise ValueError("it is no tf.train.Example")
