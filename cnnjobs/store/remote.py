"""Object storage behind a URI, through `pyarrow.fs`: objects are put whole, errors are plain, keys are never shown."""

import contextlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from pyarrow import fs

from cnnjobs.errors import StoreError
from cnnjobs.sentences import clause

BUCKETS = ("s3", "gcs")
"""File systems, as Arrow names them, whose paths begin with a bucket."""

FAILURES = (OSError, pa.ArrowException)
"""What Arrow raises when a file cannot be read or written: the latter where Google gives an answer of its own."""

SETTINGS = {
    "s3": "allow_delayed_open=true",  # a small object is one request instead of three
    "gs": "retry_limit_seconds=3",  # Arrow's own 15 minutes would look like a hang
    "gcs": "retry_limit_seconds=3",
}
"""Parts of the query that a URI gets, unless it has them, or Arrow is too old to know them."""

RETRY_S = 2.0
"""Seconds between two tries of a patient write; Arrow itself tries for up to 6 s each time."""

_KEYS = re.compile(r"(?<=://)(?!anonymous@)(?:[^/?#\s]*@|[^?#@\s]*:[^?#@\s]*@)")
"""User and password in a URI; the second case is a password with a slash, which should have been written %2F."""

_PASSING = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|THROTTLING|REQUEST_TIMEOUT|HTTP status 5\d\d"
    r"|Status\((UNAVAILABLE|DEADLINE_EXCEEDED|INTERNAL)"
)

_DENIED = (
    r"ACCESS_DENIED|INVALID_ACCESS_KEY_ID|SIGNATURE_DOES_NOT_MATCH|INVALID_SIGNATURE|INVALID_CLIENT_TOKEN_ID"
    r"|UNRECOGNIZED_CLIENT|MISSING_AUTHENTICATION_TOKEN|REQUEST_EXPIRED|ExpiredToken|InvalidToken|HTTP status 40[13]"
)

_REASONS = (
    (r"NO_SUCH_BUCKET", "there is no such bucket. Make it first, or correct its name"),
    (
        _DENIED,
        "access is denied. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or your profile or role: it must be "
        "allowed to list, read, write and delete there",
    ),
    (
        r"NETWORK_CONNECTION|REQUEST_TIMEOUT",
        "the storage cannot be reached. Check the network, and the endpoint (AWS_ENDPOINT_URL, or endpoint_override in "
        "the URI)",
    ),
    (r"SLOW_DOWN|SERVICE_UNAVAILABLE|THROTTLING|HTTP status 5", "the storage is overloaded or out of order. Try later"),
    (
        r"OAuth2|Status\((UNAUTHENTICATED|PERMISSION_DENIED)",
        "Google Cloud gives no access. Let GOOGLE_APPLICATION_CREDENTIALS name a file with a key that is allowed to "
        "list, read, write and delete there, or run `gcloud auth application-default login`",
    ),
)


def without_keys(text: str) -> str:
    """Return a URI, or a text with URIs, without the keys in it."""
    return _KEYS.sub("", text)


def open_remote(uri: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URI, and the path of the folder in it.

    Raises:
        StoreError: if it is not understood, or its bucket's region cannot be found.
    """
    scheme, _, rest = uri.partition("://")
    plain = f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"  # whatever may be part of a key is left out
    if scheme in ("abfs", "abfss"):
        raise StoreError(
            f"`results` must be a path, s3://bucket/folder or gs://bucket/folder. Received: {plain!r}. Azure is not "
            "supported: where it finds no credentials, Arrow ends the process without an error."
        )
    try:
        system, path = _opened(uri, scheme)
        root: str = path.rstrip("/")
        if root:
            return system, root
        reason = "names no bucket"
    except pa.ArrowException as error:  # its text holds the whole URI, keys and all
        reason = f"{type(error).__name__} says cannot be used"
    except OSError as error:
        raise StoreError(f"Cannot open {plain}: {explain(error)}.") from None
    raise StoreError(
        f"`results` must be a path or a URI such as s3://bucket/folder. Received: {plain!r}, which {clause(reason)}."
    )


def _opened(uri: str, scheme: str) -> tuple[fs.FileSystem, str]:
    with contextlib.suppress(pa.ArrowInvalid):
        return fs.FileSystem.from_uri(_with_settings(uri, scheme))  # type: ignore[no-any-return]
    return fs.FileSystem.from_uri(uri)  # type: ignore[no-any-return]


def put(system: fs.FileSystem, path: str, content: bytes, patience_s: float, sleep: Callable[[float], None]) -> None:
    """Write an object whole, or not at all.

    In a thread of its own, because Ctrl-C reaches only the main one: between opening and writing it would close, and
    so commit, an object that is cut short (https://github.com/apache/arrow/issues/40502).

    Args:
        system: where.
        path: of the object.
        content: of the object.
        patience_s: for how long to try again while the storage cannot be reached or is overloaded.
        sleep: waits for so many seconds.

    Raises:
        OSError: if it cannot be written.
        pa.ArrowException: the same, of Google.
    """
    until = time.monotonic() + patience_s
    with ThreadPoolExecutor(1, thread_name_prefix="storage") as pool:
        while True:
            try:
                return pool.submit(_put_once, system, path, content).result()
            except FAILURES as error:
                if time.monotonic() >= until or not passes(error):
                    raise
            sleep(RETRY_S)


def _put_once(system: fs.FileSystem, path: str, content: bytes) -> None:
    with system.open_output_stream(path) as stream:
        stream.write(content)


def passes(error: Exception) -> bool:
    """Say whether it may work in a while: the storage cannot be reached or is overloaded."""
    return _PASSING.search(str(error)) is not None


def of_storage(error: Exception) -> bool:
    """Say whether it is an answer of the storage, or that there is none."""
    return re.search(r"AWS Error|google::cloud", str(error)) is not None


def explain(error: Exception) -> str:
    """Return what went wrong and what to do, without a full stop at the end."""
    text = without_keys(str(error).splitlines()[0])
    for pattern, reason in _REASONS:
        if re.search(pattern, text):
            brief = text.rpartition("operation: ")[2].rpartition("Details: ")[2]
            said = re.search(r"(HTTP status \d+)|AWS Error (\w+)|Status\((\w+)", text)
            detail = brief if "AWS Error NETWORK" in text else next(filter(None, said.groups()), "") if said else ""
            head, mark, rest = reason.partition(".")
            return f"{head} ({detail}){mark}{rest}" if detail else reason
    return text.rstrip(".")


def _with_settings(uri: str, scheme: str) -> str:
    """Return the URI with our settings added to its query, where it says nothing else."""
    setting = SETTINGS.get(scheme, "")
    query = uri.partition("?")[2]
    if not setting or setting.partition("=")[0] in {part.partition("=")[0] for part in query.split("&")}:
        return uri
    return f"{uri}{'&' if query else '' if uri.endswith('?') else '?'}{setting}"


def refuse_keys(results: str, name: str = "`results`") -> None:
    """Refuse a URI with keys in it.

    Raises:
        StoreError: if it has some; they are not shown.
    """
    rest, _, settings = results.partition("://")[2].partition("?")
    before, at, _ = rest.partition("@")  # a key may hold a slash
    if (at and (":" in before or "/" not in before)) or re.search("key|secret|token|password", settings, re.I):
        raise StoreError(
            f"{name} must not hold keys when it is sent to a cluster: they would be shown there. Give the head "
            "access by a role, or by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in its environment."
        )
