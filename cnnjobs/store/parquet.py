"""Tables as the bytes of Parquet files that carry the digest of their whole content in their footer.

The digest is a value of the footer's key-value metadata: it is of the file with 64 zeros in its place. So a file is
still one write, may be copied and renamed, and any reader of Parquet reads it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cnnjobs.files.digests import LENGTH, DamagedContent, digest_of

DIGEST_KEY = "cnnjobs.digest"

_BLANK = b"0" * LENGTH

_BETWEEN = bytes([0x18, LENGTH])
"""What Thrift's compact protocol has between the key and the value: a field of text, and its length."""


def parquet(table: pa.Table, starts: Sequence[int] = (0,), **options: Any) -> bytes:
    """Return the table as the bytes of a Parquet file: serialised whole before anything is written.

    Args:
        table: the rows.
        starts: the first row of each row group.
        **options: of `pyarrow.parquet.ParquetWriter`.
    """
    sink = pa.BufferOutputStream()  # faster than a file object of Python's
    with pq.ParquetWriter(sink, table.schema, **options) as writer:
        for start, end in pairwise([*starts, table.num_rows]):
            writer.write_table(table.slice(start, end - start))
        writer.add_key_value_metadata({DIGEST_KEY: _BLANK.decode()})
    content: bytes = sink.getvalue().to_pybytes()
    place = _place(content)
    return content[:place] + digest_of(content).encode() + content[place + LENGTH :]


def check_parquet(content: bytes) -> None:
    """Compare the digest in a file with its content.

    Raises:
        DamagedContent: if they differ, or there is none.
    """
    place = _place(content)
    inner = memoryview(content)
    found = digest_of(inner[:place], _BLANK, inner[place + LENGTH :])
    if found.encode() != inner[place : place + LENGTH]:
        raise DamagedContent("damaged: its content does not match its digest")


def digest_carried(end: bytes) -> str | None:
    """Return the digest that a file carries, which may be damaged all the same; None if there is none.

    Args:
        end: the last bytes of the file.
    """
    try:
        place = _place(end)
    except DamagedContent:
        return None
    return end[place : place + LENGTH].decode("ascii", "replace")


def _place(content: bytes) -> int:
    """Return where the digest is: the last text of that key, whatever the rows may hold."""
    key = DIGEST_KEY.encode() + _BETWEEN
    place = content.rfind(key)
    if place < 0:
        raise DamagedContent("cut short, or not written by cnnjobs: it carries no digest")
    return place + len(key)
