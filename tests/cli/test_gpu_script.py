"""The script for GPUs, as a person types it, at toy size on cores."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"
SECTIONS = {"seen", "doctor", "bits", "growth", "outgrown", "operations", "steps", "shares", "data", "fused"}


def test_the_script_shows_all_of_it_and_says_what_is_pretended(tmp_path):
    command = [sys.executable, str(SCRIPT), "--pretend", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    found = json.loads((tmp_path / "gpu.json").read_text())
    sections = found["sections"]
    assert sections.keys() == SECTIONS
    assert all(section["done"] for section in sections.values())
    assert sections["seen"]["gpus"] == 0 or found["about"]["card"].get("name")
    [compared] = sections["bits"]["equal"].values()
    assert compared == {"used": "equal", "resumed": "equal"}
    assert [one["status"] for one in sections["growth"]["after"]] == ["completed"] * 4
    [race] = sections["steps"]["steps"].values()
    assert race.keys() == {"trainer", "fit"}
    assert race["fit"]["trainer_takes"] > 0
    assert sections["shares"]["at_once"]["2"]["trials"] == 2
    sent = sections["data"]["ways"]["on the device"]
    assert 0 < sent["training_bytes"] < 200 * 32 * 32 * 3  # less than the pictures
    assert sections["fused"]["tasks"]["toy"]["grouped x 2"]["difference"] < 1e-5
    table = (tmp_path / "gpu.md").read_text()
    assert table in done.stdout
    assert "pretended: on cores, at toy size" in table
