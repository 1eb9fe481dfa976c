"""The jobs that come with the package: the one place that knows where they are."""

import ast
from pathlib import Path

import cnnjobs

PACKAGE = Path(cnnjobs.__file__).parent


def examples_folder() -> Path:
    """Return the folder of the bundled jobs: in an installed package, or in a checkout beside the package."""
    installed = PACKAGE / "examples"
    return installed if installed.is_dir() else PACKAGE.parent / "jobs"


def example_files() -> dict[str, Path]:
    """Return name -> file of each bundled job, by name; nothing where they were taken away."""
    return {file.stem: file for file in sorted(examples_folder().glob("*.py")) if not file.name.startswith("_")}


def example_named(name: str) -> str | None:
    """Return the bundled job that a person means by a name or a path; None if there is none.

    Args:
        name: "quickstart", "quickstart.py", "jobs/quickstart.py", also with dashes.
    """
    stem = Path(name).name.removesuffix(".py").replace("-", "_").lower()
    return stem if stem in example_files() else None


def docstring_of(text: str) -> str:
    """Return the docstring of a job file; empty without one.

    Args:
        text: of the file.
    """
    return ast.get_docstring(ast.parse(text)) or ""
