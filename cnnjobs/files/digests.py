"""Digests of content: whether what is read is what was written, to the bit."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LENGTH = 64
"""Hex digits of a digest."""

_MARK = b"\ncnnjobs.digest "
"""Comes between a content and its digest, where a file ends with it."""


class DamagedContent(Exception):
    """Bytes are not those that were written: cut short, altered, or another file's; the message says what is known."""


def digest_of(*parts: bytes | memoryview) -> str:
    """Return the SHA-256 of parts of a content one after the other, as hex digits."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


def with_digest(content: bytes, name: str) -> bytes:
    """Return the content followed by the digest of itself and of the file's name.

    Args:
        content: of the file.
        name: of the file; under another one it is refused.
    """
    return content + _MARK + digest_of(name.encode(), b"\n", content).encode()


def without_digest(content: bytes, name: str) -> bytes:
    """Return what `with_digest` was given.

    Raises:
        DamagedContent: if it is not that, to the bit, or was written under another name.
    """
    end = len(content) - len(_MARK) - LENGTH
    inner = memoryview(content)
    if end < 0 or inner[end:-LENGTH] != _MARK:
        raise DamagedContent("it does not end with its digest: cut short, or not written by cnnjobs")
    if digest_of(name.encode(), b"\n", inner[:end]) != content[-LENGTH:].decode("ascii", "replace"):
        raise DamagedContent("its digest is of other content, or of another file's name")
    return content[:end]


def document_digest(document: Mapping[str, Any]) -> str:
    """Return the digest of a JSON document, whatever the order of its keys and its spaces.

    Args:
        document: what `json.loads` returns, without a digest in it.
    """
    return digest_of(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())
