"""Repeats fused into one graph against single runs, in one process that has the GPU for itself."""

from typing import Any

from benchmarks.gpu_parts.settings import Settings, tell

WAYS = {"grouped x 4": ("grouped", 4), "unrolled x 4": ("unrolled", 4), "grouped x 8": ("grouped", 8)}
TASKS = ("digits64", "vgg3", "small_cnn")


def measure(settings: Settings) -> None:
    """Time each task, and compare its weights with those of single runs."""
    from benchmarks.fused.contenders import measure as compare

    found: dict[str, Any] = {}
    for task in ("toy",) if settings.pretend else TASKS:
        ways = {"grouped x 2": ("grouped", 2)} if settings.pretend else WAYS
        found[task] = compare(task, ways, gpus=settings.gpus, rounds=1 if settings.pretend else 3)
        tell(tasks=found)
