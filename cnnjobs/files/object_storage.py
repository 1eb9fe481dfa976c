"""Object storage behind a URI, through `pyarrow.fs`: objects are put whole, errors are plain, keys are never shown."""

import contextlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from cnnjobs.errors import StoreError, UserError
from cnnjobs.files.uris import without_keys
from cnnjobs.wording.sentences import clause

BUCKETS = ("s3", "gcs")
"""File systems, as Arrow names them, whose paths begin with a bucket."""

Answer = TypeVar("Answer")

FAILURES = (OSError, pa.ArrowException)
"""What Arrow raises when a file cannot be read or written: the latter where Google gives an answer of its own."""

SETTINGS = {
    "s3": "allow_delayed_open=true",  # a small object is one request instead of three
    "gs": "retry_limit_seconds=3",  # Arrow's own 15 minutes would look like a hang
    "gcs": "retry_limit_seconds=3",
}
"""Parts of the query that a URI gets, unless it has them, or Arrow is too old to know them."""

RETRY_S = 2.0
"""Seconds between two tries of a patient request; Arrow itself tries for up to 6 s each time."""

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
        "allowed to {rights} there",
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
        "{rights} there, or run `gcloud auth application-default login`",
    ),
)


def open_remote(uri: str, name: str = "results", error_type: type[UserError] = StoreError) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URI, and the path of the folder or file in it.

    The path is taken as it is written: spaces and other letters need no %, and a % means itself.

    Args:
        uri: of the place.
        name: of the argument that names it.
        error_type: what is raised.

    Raises:
        UserError: if it is not understood, or its bucket's region cannot be found; of `error_type`.
    """
    scheme, _, rest = uri.partition("://")
    plain = f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"  # whatever may be part of a key is left out
    if scheme in ("abfs", "abfss"):
        raise error_type(
            f"`{name}` must be a path, s3://bucket/folder or gs://bucket/folder. Received: {plain!r}. Azure is not "
            "supported: where it finds no credentials, Arrow ends the process without an error."
        )
    try:
        system, path = _opened(_quoted(uri), scheme)
        root: str = path.rstrip("/")
        if root:
            return system, root
        reason = "names no bucket"
    except (pa.ArrowException, ImportError) as error:  # its text holds the whole URI, keys and all
        reason = f"{type(error).__name__} says cannot be used"
    except OSError as error:
        raise error_type(f"Cannot open {plain}: {explain(error)}.") from None
    raise error_type(
        f"`{name}` must be a path or a URI such as s3://bucket/folder. Received: {plain!r}, which {clause(reason)}."
    )


def _quoted(uri: str) -> str:
    """Return a URI with its path as Arrow wants it; the keys, if there are any, are as they must be already."""
    scheme, _, rest = uri.partition("://")
    bare = without_keys(uri).partition("://")[2]
    path, mark, settings = bare.partition("?")
    return f"{scheme}://{rest[: len(rest) - len(bare)]}{quote(path, safe='/:@')}{mark}{settings}"


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
    with ThreadPoolExecutor(1, thread_name_prefix="storage") as pool:
        patiently(lambda: pool.submit(_put_once, system, path, content).result(), patience_s, sleep)


def _put_once(system: fs.FileSystem, path: str, content: bytes) -> None:
    with system.open_output_stream(path) as stream:
        stream.write(content)


def patiently(ask: Callable[[], Answer], patience_s: float, sleep: Callable[[float], None]) -> Answer:
    """Return what a request answers, which is made again while the storage cannot be reached or is overloaded.

    Args:
        ask: makes the request.
        patience_s: for how long to begin again.
        sleep: waits for so many seconds.

    Raises:
        OSError: what the last request raised.
        pa.ArrowException: the same, of Google.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except FAILURES as error:
            if time.monotonic() >= until or not passes(error):
                raise
        sleep(RETRY_S)


def passes(error: Exception) -> bool:
    """Say whether it may work in a while: the storage cannot be reached or is overloaded."""
    return _PASSING.search(str(error)) is not None


def of_storage(error: Exception) -> bool:
    """Say whether it is an answer of the storage, or that there is none."""
    return re.search(r"AWS Error|google::cloud", str(error)) is not None


def explain(error: Exception, rights: str = "list, read, write and delete") -> str:
    """Return what went wrong and what to do, without a full stop at the end.

    Args:
        error: of Arrow.
        rights: what a person must be allowed to do.
    """
    text = without_keys(str(error).splitlines()[0])
    for pattern, reason in _REASONS:
        if re.search(pattern, text):
            brief = text.rpartition("operation: ")[2].rpartition("Details: ")[2]
            said = re.search(r"(HTTP status \d+)|AWS Error (\w+)|Status\((\w+)", text)
            detail = brief if "AWS Error NETWORK" in text else next(filter(None, said.groups()), "") if said else ""
            head, mark, rest = reason.replace("{rights}", rights).partition(".")
            return f"{head} ({detail}){mark}{rest}" if detail else f"{head}{mark}{rest}"
    return text.rstrip(".")


def _with_settings(uri: str, scheme: str) -> str:
    """Return the URI with our settings added to its query, where it says nothing else."""
    setting = SETTINGS.get(scheme, "")
    query = uri.partition("?")[2]
    if not setting or setting.partition("=")[0] in {part.partition("=")[0] for part in query.split("&")}:
        return uri
    return f"{uri}{'&' if query else '' if uri.endswith('?') else '?'}{setting}"
