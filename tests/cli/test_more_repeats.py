"""A half width as a person asks for it, on real Ray, real TensorFlow and real images."""

import re

from support.commands import typed

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


def test_a_half_width_runs_as_many_repeats_as_the_pilot_says(tmp_path):
    (tmp_path / "small.py").write_text(JOB)
    done = typed("submit", "small.py", *ONE_WORKER, "--half-width", "4", "--most-repeats", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = cnnjobs.load_results(tmp_path / "results" / "small").trials.sort_values("repeat")
    pilot = trials.test_accuracy[:3].std()
    needed = stein_repeats(pilot, 3, 0.04)
    assert len(trials) == min(needed, 6)
    assert f"base: SD {100 * pilot:.2f}, {needed} runs in all" in done.stderr
    assert "Runs for a half width of 4 points of test accuracy" in done.stdout
    assert re.search(rf"base +3 +{100 * pilot:.2f} +{needed} +{len(trials)} ", done.stdout)
