"""What the members of a zip file say of their sizes, before any is unpacked."""

import zipfile

from cnnjobs.wording.sizes import data_size

SUSPECT_BYTES = 1 << 30
"""From this size on, what unpacks to more than `MOST_RATIO` times its packed size is taken for an attack."""

MOST_RATIO = 200
"""Deflate makes at most 1032 bytes of one; pictures, also drawings, and weights stay far below this."""


def why_suspect(member: zipfile.ZipInfo) -> str:
    """Say why a member looks like a file that is made to fill the memory; empty if it does not.

    Args:
        member: as the directory of the zip file has it.
    """
    size, packed = member.file_size, member.compress_size
    if packed > size + size // 100 + 1000:  # no method of packing adds so much; unpacking would not stop at `size`
        return f"unpacks from {packed:,} bytes to only {size:,}, it says"
    if size <= SUSPECT_BYTES or size <= MOST_RATIO * packed:
        return ""
    return f"unpacks from {data_size(packed)} to {data_size(size)}, more than {MOST_RATIO} times as much"
