"""Places in object storage as text: what is a URI, and the keys in it, which are never shown or stored."""

import re

from cnnjobs.errors import StoreError

_KEYS = re.compile(r"(?<=://)(?!anonymous@)(?:[^/?#\s]*@|[^?#@\s]*:[^?#@\s]*@)")
"""User and password in a URI; the second case is a password with a slash, which should have been written %2F."""

_SETTINGS = re.compile("key|secret|token|password", re.IGNORECASE)
"""What a setting is called that holds a key."""


def is_uri(place: str) -> bool:
    """Say whether a place is named by a URI, and not by a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", place) is not None


def without_keys(text: str) -> str:
    """Return a URI, or a text with URIs, without the keys in it."""
    return _KEYS.sub("", text)


def has_keys(uri: str) -> bool:
    """Say whether a URI has keys in it, or what may be some."""
    whole = uri.partition("://")[2].removeprefix("anonymous@")
    settings = whole.partition("?")[2]
    before, at, _ = whole.rpartition("@")  # a key may hold a slash or a question mark
    return bool((at and (":" in before or "/" not in before)) or (settings and _SETTINGS.search(settings)))


def refuse_keys(results: str, name: str = "`results`") -> None:
    """Refuse a URI with keys in it.

    Raises:
        StoreError: if it has some; they are not shown.
    """
    if has_keys(results):
        raise StoreError(
            f"{name} must not hold keys when it is sent to a cluster: they would be shown there. Give the head "
            "access by a role, or by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in its environment."
        )
