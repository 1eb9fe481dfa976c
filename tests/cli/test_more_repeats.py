"""A half width, on real Ray, real TensorFlow and real images, for a program that reads while it runs."""

import pytest
from support.commands import typed
from support.documents import checked

import cnnjobs
from cnnjobs.stats import stein_repeats

JOB = """
import os, sys
from cnnjobs import Adam, Augment, Job, Variant, custom

print("printed at import")
os.system("echo printed by a shell")

def small(input_shape, classes):
    import keras, tensorflow as tf
    print("printed by a network")
    tf.print("printed by TensorFlow", output_stream=sys.stdout)
    os.write(1, b"written to descriptor 1\\n")
    layers = [keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.Dropout(0.2), keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])

base = Variant(model=custom(small), optimizer=Adam(0.01), epochs=1, batch_size=32, augment=Augment(shift=0.05))
job = Job(name="small", dataset="digits", repeats=3, variants={"base": base})
"""

ONE_WORKER = ("--limit-train", "600", "--max-concurrent", "1")
"""It imports TensorFlow once, which takes longer than all the training here."""


PRINTED = (
    *("printed at import", "printed by a shell", "printed by a network", "printed by TensorFlow"),
    "written to descriptor 1",
)


def test_a_half_width_runs_as_many_repeats_as_the_pilot_says_and_prints_nothing_but_events(tmp_path):
    (tmp_path / "small.py").write_text(JOB)
    words = (*ONE_WORKER, "--half-width", "4", "--most-repeats", "6", "--verbose", "--format", "json")
    done = typed("submit", "small.py", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [checked(line) for line in done.stdout.splitlines()]
    assert all(text in done.stderr for text in PRINTED)
    trials = cnnjobs.load_results(tmp_path / "results" / "small").trials.sort_values("repeat")
    pilot = trials.test_accuracy[:3].std()
    needed = stein_repeats(pilot, 3, 0.04)
    assert len(trials) == min(needed, 6)
    assert f"base: SD {100 * pilot:.2f}, {needed} runs in all" in done.stderr
    assert [one["trials"] for one in events if one["event"] == "begin"] == [3, len(trials) - 3][: 1 + (needed > 3)]
    told = {one["trial"]["trial_id"]: one["metrics"]["test_accuracy"] for one in events if one["event"] == "finished"}
    assert told == dict(zip(trials.trial_id, trials.test_accuracy, strict=True))
    (row,) = events[-1]["comparison"]["tables"]["half_width"]["rows"]
    assert (row["needed"], row["pilot_sd"]) == (needed, pytest.approx(pilot))
