"""Two replicas train what one does; in a process of its own, because TensorFlow takes its devices once."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from cnnjobs import SGD, Augment, Job, Variant, vgg
from cnnjobs.datasets import load_dataset
from cnnjobs.plan import make_plan
from cnnjobs.spec import Named
from cnnjobs.training.trial import TrialWorker

replicas = int(sys.argv[1])
data = load_dataset(Named("digits"), lambda *_: None)
base = Variant(
    model=vgg(blocks=1, filters=4, dense=8, weight_decay=0.001), optimizer=SGD(0.05, momentum=0.9), epochs=2,
    batch_size=383, augment=Augment(shift=0.1),
)
job = Job(name="a", dataset="digits", repeats=1, variants={"v": base})
*_, result = TrialWorker(data, cpus=1, gpus=0, replicas=replicas).run(make_plan(job, data.fingerprint).trials[0])
assert result.final["replicas"] == replicas
assert result.final["train_rows"] == 1150  # the fourth step has a single row: one replica has none
print("LOSS", *result.epochs["loss"], *result.epochs["val_loss"])
"""


def losses(replicas):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(replicas)], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(word) for word in done.stdout.split("LOSS")[1].split()]


def test_two_replicas_equal_one_even_where_one_has_no_row_left():
    assert losses(2) == pytest.approx(losses(1), rel=1e-4)
