"""What a measurement ran on: cores, memory, GPUs, versions, and how busy it was before and after."""

import importlib.metadata
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.part import ROOT

PACKAGES = ("tensorflow", "keras", "ray", "numpy", "joblib", "ictonyx", "keras-tuner", "hydra-core")


def facts(peers: str | None = None) -> dict[str, Any]:
    """Return the machine, the packages, and the load now.

    Args:
        peers: the Python of another environment, whose packages count as well.
    """
    versions = {name: version_of(name) for name in PACKAGES}
    if peers:
        versions = _versions_elsewhere(peers) | {name: version for name, version in versions.items() if version}
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "packages": {name: versions[name] for name in PACKAGES if versions.get(name)},
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


def _versions_elsewhere(python: str) -> dict[str, str | None]:
    code = "import json; from benchmarks.machine import *; print(json.dumps({n: version_of(n) for n in PACKAGES}))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, check=True)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


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
