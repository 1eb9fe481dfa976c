"""`cnnjobs plan --summary`: the layers of each network, once."""

import re

import pytest
from support.commands import called, typed
from support.fakes import write_job

VARIANTS = """
    "one": base,
    "moved": base.but(augment=Augment(shift=0.2)),
    "wide": base.but(model=vgg(blocks=1, filters=5, dense=4)),
    "broken": base.but(model=broken),
"""
BROKEN = """
def broken(input_shape, classes):
    print("printed by a model")
    raise ValueError("no such layer")
"""


@pytest.fixture
def job(tmp_path):
    path = write_job(tmp_path, variants=VARIANTS)
    path.write_text(BROKEN + path.read_text())
    return str(path)


def headings(out):
    """What stands over each summary."""
    return re.findall(r'^(.*)\nModel: "', out, re.M)


def test_variants_of_one_network_share_a_plain_summary(job, tmp_path):
    done = typed("plan", job, "--summary", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert headings(done.stdout) == ["one, moved", "wide"]
    assert done.stdout.count("│ conv2d (Conv2D) ") == 2, "layers are numbered anew in each network"
    assert re.search(r"^ Total params: 240 ", done.stdout, re.M)
    assert "\x1b" not in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "│" in line or "┃" in line) == 100
    said = "note: The network of 'broken' cannot be trained: ValueError: no such layer (job.py, line 4)\n"
    assert said in done.stderr
    assert "printed by a model" not in done.stdout


def test_only_restricts_them_and_a_data_set_that_is_away_does_not_matter(job, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    words = ("--only", "moved", "--no-sizes", "--dataset", "cifar10", "--summary")
    done = called("plan", job, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert headings(done.stdout) == ["moved"]
    assert "(None, 32, 32, 3)" in done.stdout
    assert re.search(r"^one +2 +- +2 +- +\? ", done.stdout, re.M), "without parameters in the table"
