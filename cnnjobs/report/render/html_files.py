"""The files of a report within its page: what the page lets a reader save, packed, so that one file can be mailed."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

MOST_BYTES = 16 << 20
"""Bytes of files, before they are packed, that go into a page; what comes later in a report is left out."""

LARGEST = 2 << 20
"""Bytes of a single file, before it is packed, up to which it goes into a page."""

NAMES = {"tex": "LaTeX", "parquet": "Parquet"}
"""Kinds of file that have another name than their capitals."""


@dataclass(frozen=True)
class Saved:
    """A file within the page.

    Args:
        name: its place within the report, as "tables/summary.csv".
        kind: for people.
    """

    name: str
    kind: str


@dataclass(frozen=True)
class PackedFiles:
    """Files within a page.

    Args:
        files: name -> content of those that are in it.
    """

    files: Mapping[str, bytes]

    def of(self, folder: str, name: str, kinds: Sequence[str]) -> list[Saved]:
        """Return those files of an element that are here, in the order of the kinds."""
        found = ((f"{folder}/{name}.{kind}", kind) for kind in kinds)
        return [Saved(file, NAMES.get(kind, kind.upper())) for file, kind in found if file in self.files]

    def json(self) -> Markup:
        """Return all of them: where each begins and ends in their gzip stream, and the stream in base64."""
        places, end = {}, 0
        for name, content in self.files.items():
            places[name] = [end, end + len(content)]
            end += len(content)
        packer = zlib.compressobj(9, wbits=31)  # gzip without a date: the same report gives the same page
        packed = packer.compress(b"".join(self.files.values())) + packer.flush()
        text = json.dumps({"places": places, "gzip": base64.b64encode(packed).decode()}, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c"))


def packed_files(files: Mapping[str, bytes]) -> PackedFiles:
    """Return what goes into a page.

    Args:
        files: place within the report -> content; tables and texts come first.
    """
    taken: dict[str, bytes] = {}
    left = MOST_BYTES
    for name, content in sorted(files.items(), key=lambda file: not file[0].startswith(("tables/", "text/"))):
        if len(content) <= min(left, LARGEST):
            taken[name] = content
            left -= len(content)
    return PackedFiles(taken)
