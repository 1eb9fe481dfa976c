"""What the script for GPUs does when a section goes wrong, and the table of what it found."""

import runpy
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "gpu.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def record_of(script, folder):
    return script["Record"](folder, {"began": time.time(), "pretend": True, "photos": "made up", "card": {}})


def settings_of(script, folder):
    return script["Settings"]("", str(folder), time.time() + 60, pretend=True)


def test_a_section_that_fails_is_recorded_with_its_error_and_the_next_goes_on(script, tmp_path):
    record = record_of(script, tmp_path)
    script["_run"](["no_such_section", "doctor"], settings_of(script, tmp_path), record, 60)
    found = record.found["sections"]
    assert "No module named 'benchmarks.gpu_parts.no_such_section'" in found["no_such_section"]["error"]
    assert found["doctor"]["done"] is True
    assert record.failed == ["no_such_section"]
    assert "exit code 0" in (tmp_path / "gpu.md").read_text()


def test_a_section_that_takes_too_long_is_ended_and_says_so(script, tmp_path):
    record = record_of(script, tmp_path)
    script["_run"](["seen"], settings_of(script, tmp_path), record, 1)
    assert "ended after 1 s, its limit" in record.found["sections"]["seen"]["error"]


def test_the_table_has_what_was_found_and_what_was_not():
    from benchmarks.gpu_parts.report import table

    trainer = {"ms_a_step": 1.25, "images_a_second": 102400, "busy": 93.5, "epoch_seconds": [0.1]}
    fit = {"ms_a_step": 1.5, "images_a_second": 85333, "busy": None, "epoch_seconds": [0.12], "trainer_takes": 0.833}
    steps = {"VGG-3, float32": {"trainer": trainer, "fit": fit, "fit, MirroredStrategy": {"error": "out of\nmemory"}}}
    shares = {"8": {"error": "no time was left"}}
    bits = {"VGG-3": {"used": "equal", "resumed": 1e-7}, "MixUp": {"error": "UnimplementedError: x"}}
    about = {"began": 0, "seconds": 300, "pretend": False, "photos": "cifar.npz", "card": {"name": "NVIDIA A10G"}}
    sections = {"seen": {}, "steps": {"steps": steps}, "shares": {"at_once": shares}, "bits": {"equal": bits}}
    text = table({"about": about, "sections": sections | {"growth": {"error": "ended after 70 s"}}})
    assert text.startswith("# GPU: NVIDIA A10G\n")
    assert "| VGG-3, float32 | trainer | 1.25 | 102,400 | 93.5 |  |" in text
    assert "| VGG-3, float32 | fit | 1.5 | 85,333 | no NVML | 0.833 |" in text
    assert "| VGG-3, float32 | fit, MirroredStrategy | out of memory | | | |" in text
    assert "| VGG-3 | equal | 1e-07 |" in text
    assert "| MixUp | UnimplementedError: x |  |" in text
    assert "| 8 | no time was left | | | | |" in text
    assert "ended after 70 s" in text
