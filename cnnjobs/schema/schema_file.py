"""The JSON Schema of what programs read, a file of this package."""

from importlib.resources import files

SCHEMA = "cnnjobs-output-1.json"
"""Its name; the number grows with that of any `schema` key."""


def schema_text() -> str:
    """Return the JSON Schema (draft 2020-12) of every document of `--format json`."""
    return files("cnnjobs.schema").joinpath(SCHEMA).read_text(encoding="utf-8")
