"""Data on the device, in blocks, and as before: bytes sent to the GPU an epoch, and seconds, each in a process."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.device_data import WAYS
from benchmarks.gpu_parts.settings import ROOT, Settings, environment, tell

ROWS, PRETENDED_ROWS = 10_000, 200


def measure(settings: Settings) -> None:
    """Measure each way: TensorFlow decides once per process where data lie."""
    found: dict[str, Any] = {}
    for way in ("on the device",) if settings.pretend else WAYS:
        with tempfile.TemporaryDirectory() as folder:
            rows = PRETENDED_ROWS if settings.pretend else ROWS
            command = [sys.executable, "-m", "benchmarks.device_data", way, str(rows), folder]
            limit = max(settings.until - time.time(), 5)
            options: dict[str, Any] = {"capture_output": True, "text": True, "cwd": ROOT, "env": environment()}
            done = subprocess.run(command, **options, timeout=limit, check=False)
            written = Path(folder, "found.json")
            found[way] = json.loads(written.read_text()) if written.exists() else {"error": done.stderr[-800:]}
        tell(ways=found)
