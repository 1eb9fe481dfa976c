"""A few hundred made-up inputs of every kind: none ends in a traceback, hangs, fills the memory or runs code."""

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz"


def test_made_up_inputs_end_in_messages():
    command = [sys.executable, str(FUZZ), "--cases", "350", "--seed", "2026"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "350 cases in" in done.stdout
    assert "seed 2026: 0 findings" in done.stdout
