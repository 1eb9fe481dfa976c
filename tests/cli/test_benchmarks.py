"""`python -m benchmarks` as a person types it, at toy size, with this project alone: peers need minutes."""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_a_submit_is_timed_from_cold_to_the_prompt(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "small", "--toy", "--contenders", "cnnjobs", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = [one["cnnjobs"] for one in json.loads((tmp_path / "small.json").read_text())["rounds"]]
    assert 0 < found["first"] < found["last"] < found["seconds"]
    assert 0 <= found["table"] <= found["prompt"]
    assert len(found["accuracy"]) == 4
    assert "At toy size: these figures mean nothing." in (tmp_path / "README.md").read_text()
