"""What a measurement ran on: cores, memory, GPUs, versions, and how busy it was before and after."""

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "keras", "ray", "numpy", "joblib", "ictonyx", "keras-tuner", "hydra-core")


def facts() -> dict[str, Any]:
    """Return the machine, the packages, and the load now."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := version_of(name))},
        "began": _now(),
        "load_before": _load(),
    }


def afterwards() -> dict[str, Any]:
    """Return the load now, and when that is."""
    return {"ended": _now(), "load_after": _load()}


def version_of(package: str) -> str | None:
    """Return the version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
