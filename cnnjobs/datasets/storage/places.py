"""Where data sets lie: at a path, or at a URI in object storage."""

from pathlib import Path

from cnnjobs.datasets.storage.objects import Objects
from cnnjobs.errors import SpecError
from cnnjobs.files.uris import is_uri
from cnnjobs.wording.sentences import cause


def is_there(place: str) -> bool:
    """Say whether there is a file or folder at a path or URI.

    Args:
        place: path or URI.

    Raises:
        DatasetError: if a storage does not tell.
    """
    return Objects(place).is_there if is_uri(place) else Path(place).exists()


def is_folder(place: str) -> bool:
    """Say whether there is a folder at a path or URI.

    Args:
        place: path or URI.

    Raises:
        DatasetError: if a storage does not tell.
    """
    if not is_uri(place):
        return Path(place).is_dir()
    objects = Objects(place)
    return objects.is_there and objects.itself is None


def above(place: str) -> str:
    """Return the folder in which a file at a path or URI lies."""
    if not is_uri(place):
        return str(Path(place).parent)
    address, mark, settings = place.partition("?")
    return f"{address.rpartition('/')[0]}{mark}{settings}"


def located(place: str | Path, base: Path) -> str:
    """Return a path from the folder `base`, with ~ resolved; a URI is what it is from everywhere.

    Args:
        place: path or URI; `file://` names a path.
        base: where relative paths begin.

    Raises:
        SpecError: if the system can make no sense of it.
    """
    text = str(place)
    if is_uri(text) and not text.startswith("file://"):
        return text
    try:
        path = base / Path(text.removeprefix("file://")).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise SpecError(f"`dataset` must be a name or a path. Received: {text[:100]!r} ({cause(error)}).") from error
    return str(path)
