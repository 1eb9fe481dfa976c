"""A half width and an audit as a person asks for them, on real Ray, real TensorFlow and real images."""

import re
import subprocess
import sys

import pytest

import cnnjobs
from cnnjobs.stats import stein_repeats

JOB = """
from cnnjobs import Adam, Augment, Job, Variant, mlp

small = mlp(dense=(8,), dropout=0.2)
base = Variant(model=small, optimizer=Adam(0.01), epochs=1, batch_size=32, augment=Augment(shift=0.05))
job = Job(name="small", dataset="digits", repeats=3, variants={"base": base})
"""

ONE_WORKER = ("--limit-train", "600", "--max-concurrent", "1")
"""It imports TensorFlow once, which takes longer than all the training here."""


@pytest.fixture
def submit(tmp_path):
    (tmp_path / "small.py").write_text(JOB)

    def run(*words):
        command = [sys.executable, "-m", "cnnjobs", "submit", "small.py", *ONE_WORKER, *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        return done

    return run


def test_a_half_width_runs_as_many_repeats_as_the_pilot_says(submit, tmp_path):
    done = submit("--half-width", "4", "--most-repeats", "6")
    trials = cnnjobs.load_results(tmp_path / "results" / "small").trials.sort_values("repeat")
    pilot = trials.test_accuracy[:3].std()
    needed = stein_repeats(pilot, 3, 0.04)
    assert len(trials) == min(needed, 6)
    assert f"base: SD {100 * pilot:.2f}, {needed} runs in all" in done.stderr
    assert "Runs for a half width of 4 points of test accuracy" in done.stdout
    assert re.search(rf"base +3 +{100 * pilot:.2f} +{needed} +{len(trials)} ", done.stdout)


def test_an_audit_shows_one_sd_a_source_and_that_the_same_seeds_give_the_same_bits(submit, tmp_path):
    done = submit("--audit", "base", "--repeats", "2")
    results = cnnjobs.load_results(tmp_path / "results" / "small-audit-base")
    counts = results.trials.groupby("variant").size()
    sources = ("split", "init", "order", "augment", "dropout")
    assert counts.to_dict() == {"all sources": 2, "same seeds twice": 2} | {f"{one} alone": 2 for one in sources}
    by_variant = results.trials.groupby("variant").test_loss
    assert by_variant.nunique().to_dict() == dict.fromkeys(counts.index, 2) | {"same seeds twice": 1}
    first = results.trials[results.trials.repeat == 0]
    assert first.test_loss.nunique() == 1, "the first repeat has the same seeds whatever varies after it"
    assert re.search(r"same seeds twice +2 +0\.00 +all repeats identical +0\.00", done.stdout)
    assert "note: These are not shares of a whole" in done.stdout
