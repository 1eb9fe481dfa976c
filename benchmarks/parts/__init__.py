"""The parts, in the order of the README; each is a module here that defines `PART`."""

import importlib

from benchmarks.part import Part

NAMES = ("small", "large", "scale", "step", "overhead", "pipelines", "device", "fused", "reports")


def load(name: str) -> Part:
    """Return a part by its name."""
    part: Part = importlib.import_module(f"benchmarks.parts.{name}").PART
    return part
