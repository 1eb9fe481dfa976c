"""The version of the layout that a store's files are written in."""

from cnnjobs.errors import StoreError

SCHEMA_VERSION = 2
"""Raised when a column, or a value of `job.json`, changes its name, type or meaning; readers refuse newer stores,
and read columns that an older one lacks as nulls."""


def refuse_newer(version: int, place: str) -> None:
    """Raise a StoreError if a file was written by a newer version than this one."""
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{place} was written by a newer cnnjobs: its layout is version {version}, this one reads up to "
            f"{SCHEMA_VERSION}. Install that version of cnnjobs, or a newer one."
        )
