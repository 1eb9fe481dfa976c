"""How this package was installed, and so how it is installed with more, or anew."""

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

import cnnjobs


def install_command(extra: str = "", *options: str) -> str:
    """Return the command that installs this package from where it came from: a checkout, an address or an index.

    Source: PEP 610, `direct_url.json`.

    Args:
        extra: of the package, "cluster" or "gpu"; empty for none.
        *options: of pip.
    """
    wanted = f"[{extra}]" if extra else ""
    checkout = Path(cnnjobs.__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return _command(*options, "-e", f"{checkout}{wanted}")
    url, folder = _origin()
    if folder:
        return _command(*options, f"{folder}{wanted}")
    return _command(*options, f"cnnjobs{wanted} @ {url}" if url else f"cnnjobs{wanted}")


def _origin() -> tuple[str, str]:
    """Return the address that the package came from, and the folder or file that this is; empty for an index."""
    try:
        told = json.loads(distribution("cnnjobs").read_text("direct_url.json") or "{}")
        url = str(told.get("url", ""))
        system = told.get("vcs_info", {}).get("vcs")
        path = unquote(urlsplit(url).path) if url.startswith("file:") and not system else ""
        return f"{system}+{url}" if system else url, path
    except (PackageNotFoundError, ValueError, AttributeError, OSError):
        return "", ""


def _command(*words: str) -> str:
    return shlex.join(["pip", "install", *words])
