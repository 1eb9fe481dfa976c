"""Zip files as nobody's program writes them: members that unpack to gigabytes, or that lie about their size."""

import functools
import io
import struct
import zlib
from pathlib import Path

import numpy as np

BLOCK = 64 << 20
"""Zeros that are packed at a stretch, bytes."""


@functools.cache
def zeros(header: bytes, size: int) -> bytes:
    """Return a raw deflate stream of a header and zeros, a thousandth of that size.

    Args:
        header: what comes first.
        size: how many zeros, a multiple of `BLOCK`.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + block * (size // BLOCK) + packer.flush()


def write_zip(path: Path, members: dict[str, tuple[bytes, int, int]]) -> None:
    """Write a zip file of members that are deflated already: name -> (stream, size, CRC); either may be wrong."""
    with open(path, "wb") as sink:
        central = b""
        for name, (stream, size, crc) in members.items():
            place, coded = sink.tell(), name.encode()
            extra = struct.pack("<HHQQ", 1, 16, size, len(stream))
            head = struct.pack("<HHHHHLLLHH", 45, 0, 8, 0, 33, crc, 0xFFFFFFFF, 0xFFFFFFFF, len(coded), len(extra))
            sink.write(b"PK\3\4" + head + coded + extra + stream)
            central += (
                b"PK\1\2" + struct.pack("<H", 45) + head + struct.pack("<HHHLL", 0, 0, 0, 0, place) + coded + extra
            )
        start = sink.tell()
        sink.write(
            central + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, len(members), len(members), len(central), start, 0)
        )


def deflated(content: bytes) -> tuple[bytes, int, int]:
    """Return a member of `write_zip`."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(), len(content), zlib.crc32(content)


def header_of(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """Return the header of an array file."""
    sink = io.BytesIO()
    np.lib.format.write_array_header_1_0(sink, {"descr": descr, "fortran_order": False, "shape": shape})
    return sink.getvalue()
