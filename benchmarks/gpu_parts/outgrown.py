"""A trial that wants more than its share of the GPU fails, says so, and no other does."""

from benchmarks.gpu_parts.settings import Settings
from benchmarks.gpu_parts.shares import outgrow


def measure(settings: Settings) -> None:
    """Submit one that fits and one that does not."""
    outgrow(settings)
