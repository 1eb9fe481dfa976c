"""Names of the runs of an audit of the sources of chance."""

ALL = "all sources"
"""Name of the runs in which every source varies."""

TWICE = "same seeds twice"
"""Name of the runs in which none does."""


def alone(source: str) -> str:
    """Return the name of the runs in which only that source varies."""
    return f"{source} alone"
