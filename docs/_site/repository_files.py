"""Files of the repository that pages link to and that lie outside `docs`: each becomes a page or a file of the site."""

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "cluster/README.md": "cluster-setup.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Files that are pages of their own."""

LANGUAGES = {".py": "python", ".yaml": "yaml", ".sh": "bash", ".json": "json", ".toml": "toml"}

_LINK = re.compile(r"""(\]\(|(?:src|href)=")([^)"\s#:]+)(?=[)"#])""")
_BLOCK = re.compile(r"^```.*?^```", re.M | re.S)


def place_in_site(file: str) -> str:
    """Return the path in the site of a file of the repository.

    Args:
        file: its path from the root of the repository.
    """
    if file in PAGES:
        return PAGES[file]
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    return f"files/{file}.md" if is_text(file) else f"files/{file}"


def is_text(file: str) -> bool:
    """Return whether a file is shown as a page with its text."""
    return Path(file).suffix not in (".svg", ".png")


def linked_from(text: str, file: str) -> set[str]:
    """Return the files of the repository outside `docs` that a page links to.

    Args:
        text: the page, in Markdown.
        file: its path from the root of the repository.
    """
    targets = (_target(link, file) for _, link in _LINK.findall(_BLOCK.sub("", text)))
    return {one for one in targets if not one.startswith("docs/") and one not in PAGES and (ROOT / one).is_file()}


def with_links_in_site(text: str, file: str) -> str:
    """Return a page whose links lead to the places that their files have in the site."""
    blocks = _BLOCK.findall(text)
    parts = _BLOCK.split(text)
    here = posixpath.dirname(place_in_site(file))

    def moved(match: re.Match[str]) -> str:
        target = _target(match[2], file)
        if not (ROOT / target).is_file():
            return match[0]
        return match[1] + posixpath.relpath(place_in_site(target), here or ".")

    linked = [_LINK.sub(moved, part) for part in parts]
    return "".join(piece for pair in zip(linked, [*blocks, ""], strict=True) for piece in pair)


def text_pages(files: Iterable[str]) -> dict[str, str]:
    """Return the pages that show the text of files, by their places in the site."""
    pages = {}
    for file in sorted(files):
        language = LANGUAGES.get(Path(file).suffix, "text")
        text = (ROOT / file).read_text(encoding="utf-8")
        pages[place_in_site(file)] = f"# {file}\n\n````{language}\n{text.rstrip()}\n````\n"
    return pages


def _target(link: str, file: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), link))
