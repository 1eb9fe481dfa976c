"""The page itself: one document with its style and script inside, which asks for nothing but its events."""

import base64
import functools
import hashlib
from importlib.resources import files

from cnnjobs.report.render.html_colors import theme_css


@functools.cache
def watch_page() -> bytes:
    """Return the page, which is the same for all jobs: what it shows comes as events."""
    return _asset("watch.html").replace("{{style}}", _style()).replace("{{script}}", _script()).encode()


@functools.cache
def policy() -> str:
    """Return what the page may do: run its own script, use its own style, hear from where it came from."""
    return (
        f"default-src 'none'; script-src '{_hash(_script())}'; style-src '{_hash(_style())}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _script() -> str:
    """Return the script, which goes dark and light as the report does."""
    return f"{_asset('watch.js')}\n{_asset('theme.js', of='cnnjobs.report.render')}"


def _style() -> str:
    return f"{theme_css()}\n{_asset('watch.css')}"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str, of: str = "cnnjobs.live") -> str:
    return files(of).joinpath("templates", name).read_text(encoding="utf-8")
